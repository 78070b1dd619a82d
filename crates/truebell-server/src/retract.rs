//! An operator takes a notice back: what the server said wrongly, and nothing a device signed. The server signs that its operator says so,
//! as a link of the account's chain, and the same addresses are told. See `docs/adr/0013-how-a-notice-is-taken-back.md`.

use crate::mail::{Signer, corrections};
use crate::notices::{About, find_in};
use serde::{Deserialize, Serialize};
use truebell_core::chance::Chance;
use truebell_core::event::{CheckCode, NewRetraction, Of, Reason, What, sign_retraction};
use truebell_core::ids::{AccountId, EventId};
use truebell_core::letter::{Enclosed, RETRACTED};
use truebell_core::notice::By;
use truebell_core::time::UnixMillis;
use truebell_store::rows::{Reach, Retracted, Retracting};
use truebell_store::{Store, StoreError};

/// How often the account may act in between before the operator is asked to come again.
const TRIES: u32 = 5;

/// A notice that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// The notice.
    pub of: CheckCode,
    /// The code of what takes it back.
    pub code: CheckCode,
    /// Addresses that a mail about it reached or may have reached: they get the correction.
    pub told: u64,
    /// Addresses that none has reached: theirs was still queued and never leaves.
    pub withheld: u64,
}

/// Why a notice was not taken back. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTakenBack {
    /// No notice has this code.
    #[error("this server never sent a notice with the code {0}, so there is nothing to take back")]
    NeverSent(CheckCode),
    /// It is of a correction.
    #[error("{0} takes a notice back itself: name the notice it is about")]
    Correction(CheckCode),
    /// The operator did so before.
    #[error("the notice {0} was taken back already: there is nothing to do")]
    Already(CheckCode),
    /// Its account is no more.
    #[error("the account that {0} is about is no more, and nobody is left to be told")]
    NoAccount(CheckCode),
    /// The account went on acting.
    #[error("the account is busy just now: try again")]
    Busy,
    /// It cannot be written down.
    #[error("the retraction cannot be signed")]
    Unsayable,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a notice back in the operator's name. Gives whose it was, for those who listen.
pub async fn take_back(
    store: &dyn Store,
    signer: &Signer,
    (code, reason): (&CheckCode, Reason),
    now: UnixMillis,
    chance: &mut (dyn Chance + Send),
) -> Result<(AccountId, TakenBack), NotTakenBack> {
    let Signer { server, key } = signer;
    let found = find_in(store, (*server, &key.public()), code).await?.ok_or_else(|| NotTakenBack::NeverSent(code.clone()))?;
    let event = match &found.about {
        About::Event(event) if !matches!(event.act.what, What::Acknowledged { .. }) => event,
        _ => return Err(NotTakenBack::Correction(code.clone())),
    };
    if found.corrections.iter().any(|(correction, _)| correction.by == By::Operator) {
        return Err(NotTakenBack::Already(code.clone()));
    }
    let of_set = Some(found.set.clone());
    for _ in 0..TRIES {
        let account = store.account(found.account).await?.ok_or_else(|| NotTakenBack::NoAccount(code.clone()))?;
        let mails = store.mails_of(found.account, event.id).await?;
        let id = EventId::make_random(chance);
        let new = NewRetraction { id, account: found.account, chain: account.chain, of: Of::event(event), reason, at: now };
        let retraction = sign_retraction(new, *server, key).map_err(|_| NotTakenBack::Unsayable)?;
        let enclosed = Enclosed { set: retraction.set.clone(), of_set: of_set.clone(), account_key: found.account_key };
        let by = retraction.code.clone();
        let corrections = corrections((id, RETRACTED), &enclosed, &mails, now, chance);
        match store.retract(Retracting { retraction, corrections }).await? {
            Retracted::Done(Reach { told, withheld }) => {
                return Ok((found.account, TakenBack { of: code.clone(), code: by, told, withheld }));
            }
            Retracted::Already => return Err(NotTakenBack::Already(code.clone())),
            Retracted::NotApplicable => return Err(NotTakenBack::NoAccount(code.clone())),
            Retracted::ChainMoved => {}
        }
    }
    Err(NotTakenBack::Busy)
}
