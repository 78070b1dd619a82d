//! Mails about security events: what they say, how they are built, and how they leave. A mail without an event cannot be queued (law 4),
//! says nothing its event does not prove (law 1), and leaves at most once.

mod carrier;
mod compose;
mod dkim;
pub(crate) mod letter;
pub(crate) mod notice_page;
mod relay;
pub mod sender;
#[cfg(test)]
pub(crate) mod sink;
mod templates;

pub(crate) use carrier::read as read_secret;
pub use carrier::{Carrier, CarrierError, Carry, Delivery};
pub use compose::{ComposeError, Composed, Composer};
pub use letter::Letter;
pub(crate) use letter::escape;
pub use templates::letter;

use serde::{Deserialize, Serialize};
use truebell_core::chance::Chance;
use truebell_core::event::{CheckCode, Countersigned, What};
use truebell_core::ids::MailId;
use truebell_core::time::UnixMillis;
use truebell_store::rows::NewMail;

/// What a template gets to know: parts of the event, and nothing beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailValues {
    /// When the server recorded the event.
    pub at: UnixMillis,
    /// The check code.
    pub code: CheckCode,
    /// Name of the device that acted, as it was then.
    pub device: String,
    /// What happened.
    pub what: What,
}

impl MailValues {
    /// The values of an event recorded at a time.
    pub fn of(event: &Countersigned, at: UnixMillis) -> Self {
        Self { at, code: event.code.clone(), device: event.act.device_name.clone(), what: event.act.what.clone() }
    }
}

/// The mails an event makes, one to each address: the account's own; for a changed address the old and the new one.
pub fn mails_about(event: &Countersigned, at: UnixMillis, to: &[&str], chance: &mut dyn Chance) -> Vec<NewMail> {
    let values = serde_json::json!(MailValues::of(event, at)).to_string();
    let mail_to = |address: &&str| NewMail {
        mail: MailId::make_random(chance),
        event: event.id,
        to: (*address).to_owned(),
        template: event.act.what.word().to_owned(),
        values: values.clone(),
        queued: at,
    };
    to.iter().map(mail_to).collect()
}

#[cfg(test)]
mod tests;
