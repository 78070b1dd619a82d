//! The way of a mail through the store: claimed before it is sent, recorded after. A crash in between leaves a claim that ends, and the
//! store parks the mail: it may have been sent, so it is never sent again by itself.

use super::{Carrier, Composer, Delivery, MailDetails};
use std::time::Duration;
use truebell_core::time::UnixMillis;
use truebell_store::rows::{Mail, MailOutcome, MailState};
use truebell_store::{Store, StoreError};

/// How long a claim lasts: longer than all timeouts of one try together.
pub const LEASE: Duration = Duration::from_secs(10 * 60);

/// How long to wait after each failed try. After the last one the mail is refused: about three days in all.
const RETRY_AFTER: [Duration; 9] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(4 * 3600),
    Duration::from_secs(8 * 3600),
    Duration::from_secs(12 * 3600),
    Duration::from_secs(24 * 3600),
    Duration::from_secs(24 * 3600),
];

/// How long a correction waits before it is looked at again whether the mail it corrects has left.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What became of the mails of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Taken by the relay, or written to the outbox.
    pub sent: u64,
    /// To be tried again.
    pub postponed: u64,
    /// Refused for good.
    pub refused: u64,
    /// Their fate is unknown.
    pub parked: u64,
}

/// Sends what is due, one after the other, until nothing is or the relay does not take mail just now.
pub async fn send_due(
    store: &dyn Store,
    carrier: &Carrier,
    composer: &Composer,
    now: &(dyn Fn() -> UnixMillis + Sync),
) -> Result<Round, StoreError> {
    let mut round = Round::default();
    while let Some(mail) = store.claim_mail(now(), now() + LEASE).await? {
        let outcome = match may_leave(store, &mail, now()).await? {
            Some(waits_or_falls) => waits_or_falls,
            None => send(carrier, composer, &mail, now).await,
        };
        store.finish_mail(mail.mail.mail, outcome, now()).await?;
        match outcome {
            MailOutcome::Sent => round.sent += 1,
            MailOutcome::Refused => round.refused += 1,
            MailOutcome::Unknown => round.parked += 1,
            MailOutcome::RetryAt(_) => round.postponed += 1,
            MailOutcome::NotYet(_) => {}
        }
    }
    Ok(round)
}

/// What is recorded of a correction that may not leave now: it follows the mail it corrects, and falls with it. `None` for what may.
async fn may_leave(store: &dyn Store, mail: &Mail, now: UnixMillis) -> Result<Option<MailOutcome>, StoreError> {
    let details: Option<MailDetails> = serde_json::from_str(&mail.mail.values).ok();
    let Some(corrects) = details.and_then(|details| details.corrects) else { return Ok(None) };
    Ok(match store.mail_state(corrects).await? {
        Some(MailState::Queued | MailState::Claimed) => Some(MailOutcome::NotYet(now + LOOK_AGAIN)),
        Some(MailState::Refused) => Some(MailOutcome::Refused),
        // One that is not known any more was here when the correction was made.
        Some(MailState::Sent | MailState::Parked) | None => None,
    })
}

async fn send(carrier: &Carrier, composer: &Composer, mail: &Mail, now: &(dyn Fn() -> UnixMillis + Sync)) -> MailOutcome {
    match composer.compose(&mail.mail, now()) {
        Ok(composed) => decide(carrier.carry(&composed).await, mail, now()),
        Err(error) => {
            tracing::error!(mail = %mail.mail.mail, "{error}; it is refused and stays in the outbox table");
            MailOutcome::Refused
        }
    }
}

/// What is recorded of a try. `mail.tries` counts the claims before this one.
fn decide(delivery: Delivery, mail: &Mail, now: UnixMillis) -> MailOutcome {
    match delivery {
        Delivery::Taken => MailOutcome::Sent,
        Delivery::Never => MailOutcome::Refused,
        Delivery::Unknown => MailOutcome::Unknown,
        Delivery::NotNow => match RETRY_AFTER.get(mail.tries as usize) {
            Some(wait) => MailOutcome::RetryAt(now + *wait),
            None => MailOutcome::Refused,
        },
    }
}
