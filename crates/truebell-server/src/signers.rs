//! Accounts' public signing keys, remembered: they never change, and every commit is checked against one.

use crate::error::Refusal;
use crate::state::App;
use parking_lot::Mutex;
use std::collections::HashMap;
use truebell_core::head::Reason;
use truebell_core::ids::AccountId;
use truebell_core::sign::PublicKey;

/// Most keys remembered; about 1 MB. Beyond, all are forgotten and read again.
const KEYS_MAX: usize = 10_000;

/// Keys by account.
#[derive(Default)]
pub(crate) struct Signers(Mutex<HashMap<AccountId, PublicKey>>);

impl App {
    /// The signing key of an account whose session was shown.
    pub(crate) async fn signer(&self, account: AccountId) -> Result<PublicKey, Refusal> {
        let known = self.signers.0.lock().get(&account).copied();
        if let Some(key) = known {
            return Ok(key);
        }
        // The session was there a moment ago: the account was deleted since.
        let key = self.store.account(account).await?.ok_or(Reason::NoSession)?.signing;
        let mut keys = self.signers.0.lock();
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(account, key);
        Ok(key)
    }
}
