//! How things stand: for `truebell status`, and `--why`.

use super::{Client, Error};
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::sign::Fingerprint;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::View;

/// The state of this device.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Status {
    /// The server's address.
    pub server: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The account.
    pub account: AccountId,
    /// Its mail address.
    pub email: String,
    /// This device.
    pub device: DeviceId,
    /// Its name.
    pub device_name: String,
    /// Credential epoch.
    pub epoch: u64,
    /// Items here.
    pub items: usize,
    /// Edits the server does not have yet.
    pub pending: usize,
    /// Notices not seen yet.
    pub unseen: usize,
    /// Second factors in force.
    pub second_factors: Vec<String>,
    /// When the account will be deleted, if that was asked for.
    pub deletion_due: Option<UnixMillis>,
    /// Whether the keyset the server has opens with newer details than those used to unlock here.
    pub newer_credentials: bool,
    /// Synchronisation.
    pub sync: View,
    /// The same in words.
    pub sentence: String,
}

/// One exchange, as it was judged. Holds no secret, no body and no address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trace {
    /// When.
    pub at: UnixMillis,
    /// `POST /v1/sync`.
    pub request: String,
    /// HTTP status, 0 where nobody answered.
    pub status: u16,
    /// The outcome's word.
    pub outcome: String,
    /// What led to it: what the reply's head said, or why it was not believed.
    pub because: String,
}

impl Client {
    /// How things stand.
    pub fn status(&self) -> Result<Status, Error> {
        todo!()
    }

    /// The last exchanges (50 at most), newest first.
    pub fn trace(&self) -> Result<Vec<Trace>, Error> {
        todo!()
    }
}
