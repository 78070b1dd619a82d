//! What a letter is made from: texts as they are kept and carried ([`Enclosed`]), and what they prove ([`Evidence`]).

use crate::event::{CheckCode, Event, Genuine, NotProven, Plea, Retraction, What, is_retraction, read_public, read_retraction};
use crate::ids::{AccountId, EventId, ServerId};
use crate::sign::PublicKey;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};

/// Signed texts a letter is about. Proves nothing before [`Enclosed::open`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosed {
    /// The SET it is about.
    pub set: String,
    /// The SET that one takes back, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_set: Option<String>,
    /// The account's signing key, to check the acts inside.
    pub account_key: PublicKey,
}

impl Enclosed {
    /// Checks every signature, and that what is taken back is what is enclosed.
    pub fn open(&self, server: ServerId, server_key: &PublicKey) -> Result<Evidence, NotProven> {
        let read = |set: &str| read_public(set, server, server_key, &self.account_key);
        let Some(of_set) = &self.of_set else {
            let event = read(&self.set)?;
            return match &event.act.what {
                What::Acknowledged { .. } => Err(NotProven::Mismatch),
                _ => Ok(Evidence::Event(event)),
            };
        };
        let of = read(of_set)?;
        let (named, account, evidence) = if is_retraction(&self.set) {
            let by = read_retraction(&self.set, server, server_key)?;
            (by.of.clone(), by.account, Evidence::Retracted { of: of.clone(), by })
        } else {
            let by = read(&self.set)?;
            let What::Acknowledged { of: named, plea } = &by.act.what else { return Err(NotProven::Mismatch) };
            (named.clone(), by.act.account, Evidence::Acknowledged { of: of.clone(), plea: *plea, by: by.clone() })
        };
        if named.names(&of) && account == of.act.account { Ok(evidence) } else { Err(NotProven::Mismatch) }
    }
}

/// What a letter may speak of. Only [`Enclosed::open`] and receipts make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Something the account did.
    Event(Genuine<Event>),
    /// A device of the account says of an earlier notice: that was me.
    Acknowledged {
        /// The notice's event.
        of: Genuine<Event>,
        /// What says so.
        by: Genuine<Event>,
        /// In which words.
        plea: Plea,
    },
    /// The operator takes a notice back.
    Retracted {
        /// The notice's event.
        of: Genuine<Event>,
        /// What says so.
        by: Genuine<Retraction>,
    },
}

impl Evidence {
    /// The check code of the letter.
    pub fn code(&self) -> CheckCode {
        match self {
            Self::Event(event) => event.code(),
            Self::Acknowledged { by, .. } => by.code(),
            Self::Retracted { by, .. } => by.code(),
        }
    }

    /// Whose account.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Event(event) => event.account(),
            Self::Acknowledged { by, .. } => by.account(),
            Self::Retracted { by, .. } => by.account,
        }
    }

    /// When the server recorded it.
    pub fn at(&self) -> UnixMillis {
        match self {
            Self::Event(event) => event.at,
            Self::Acknowledged { by, .. } => by.at,
            Self::Retracted { by, .. } => by.at,
        }
    }

    /// The event's or retraction's id.
    pub fn id(&self) -> EventId {
        match self {
            Self::Event(event) => event.id,
            Self::Acknowledged { by, .. } => by.id,
            Self::Retracted { by, .. } => by.id,
        }
    }

    /// Its word: `password-changed`, …, `acknowledged`, `retracted`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Event(event) => event.act.what.word(),
            Self::Acknowledged { by, .. } => by.act.what.word(),
            Self::Retracted { .. } => RETRACTED,
        }
    }
}

/// The word of an operator's retraction.
pub const RETRACTED: &str = "retracted";

/// The word of an account's.
const ACKNOWLEDGED: &str = "acknowledged";

/// Whether a letter of this word corrects an earlier one.
pub fn is_correction(word: &str) -> bool {
    [RETRACTED, ACKNOWLEDGED].contains(&word)
}
