//! Mails about security events: what they say, how they are built, and how they leave. A mail without an event cannot be queued (law 4),
//! says nothing its event does not prove (law 1), and leaves at most once.

mod carrier;
mod compose;
mod dkim;
pub(crate) mod notice_page;
mod relay;
pub mod sender;
#[cfg(test)]
pub(crate) mod sink;

pub(crate) use carrier::read as read_secret;
pub use carrier::{Carrier, CarrierError, Carry, Delivery};
pub use compose::{ComposeError, Composed, Composer, Signer};

use serde::{Deserialize, Serialize};
use truebell_core::chance::Chance;
use truebell_core::event::Countersigned;
use truebell_core::ids::{EventId, MailId};
use truebell_core::letter::Enclosed;
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;
use truebell_store::rows::{Correcting, MailFate, MailState, NewMail};

/// What a queued mail is made from: the signed texts themselves, which are verified again when it is written (law 1 holds at the last
/// hop too), and nothing beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDetails {
    /// What it is about.
    #[serde(flatten)]
    pub enclosed: Enclosed,
    /// The mail it corrects, if it does: it leaves after that one, and only if that one may have reached somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<MailId>,
}

/// The mails an event makes, one to each address: the account's own; for a changed address the old and the new one.
pub fn mails_about(event: &Countersigned, account_key: &PublicKey, at: UnixMillis, to: &[&str], chance: &mut dyn Chance) -> Vec<NewMail> {
    let enclosed = Enclosed { set: event.set.clone(), of_set: None, account_key: *account_key };
    let details = serde_json::json!(MailDetails { enclosed, corrects: None }).to_string();
    let mail_to = |address: &&str| NewMail {
        mail: MailId::make_random(chance),
        event: event.id,
        to: (*address).to_owned(),
        template: event.act.what.word().to_owned(),
        values: details.clone(),
        queued: at,
    };
    to.iter().map(mail_to).collect()
}

/// The mails of a correction, one for each mail about what it corrects that reached somebody or still may, to the same address.
/// `by` is what corrects: its id and its word.
pub fn corrections(
    by: (EventId, &str),
    enclosed: &Enclosed,
    told: &[MailFate],
    at: UnixMillis,
    chance: &mut dyn Chance,
) -> Vec<Correcting> {
    let reached = told.iter().filter(|mail| mail.state != MailState::Refused);
    let mut mail_to = |mail: &MailFate| NewMail {
        mail: MailId::make_random(chance),
        event: by.0,
        to: mail.to.clone(),
        template: by.1.to_owned(),
        values: serde_json::json!(MailDetails { enclosed: enclosed.clone(), corrects: Some(mail.mail) }).to_string(),
        queued: at,
    };
    reached.map(|mail| Correcting { of: mail.mail, mail: mail_to(mail) }).collect()
}

#[cfg(test)]
mod tests;
