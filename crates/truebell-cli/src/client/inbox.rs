//! The inbox: notices made from proven events, each shown once.

use super::{Client, Error};
use truebell_core::event::CheckCode;
use truebell_core::notice::Notice;
use truebell_core::time::UnixMillis;

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The notice.
    pub notice: Notice,
    /// Whether this device did it itself: a record, not an alarm.
    pub own: bool,
    /// Whether it was marked as seen. Own acts, and what happened before this device was enrolled, come seen.
    pub seen: bool,
}

/// What is known of a check code.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum NoticeAnswer {
    /// This account's own event: proven here.
    Genuine {
        /// The notice.
        notice: Notice,
    },
    /// The server says it made this notice, for an account that is not on this device.
    GenuineElsewhere {
        /// What kind of event.
        kind: String,
        /// When.
        at: UnixMillis,
    },
    /// The server never made a notice with this code.
    NeverSent,
}

impl Client {
    /// All notices, newest first.
    pub fn inbox(&self) -> Result<Vec<Entry>, Error> {
        todo!()
    }

    /// Those not seen yet, oldest first.
    pub fn unseen(&self) -> Result<Vec<Entry>, Error> {
        todo!()
    }

    /// Marks notices as seen, by their place in the chain.
    pub fn mark_seen(&mut self, seqs: &[u64]) -> Result<(), Error> {
        todo!()
    }

    /// Checks a notice's code: from this device's own events, else by asking the server.
    pub fn verify_notice(&mut self, code: &CheckCode) -> Result<NoticeAnswer, Error> {
        todo!()
    }
}
