//! What people read about the log. No sentence here says that anything happened to an account.

use super::checkpoint::Compared;
use super::proof::Included;
use super::witness::Cosigned;
use serde::{Deserialize, Serialize};

/// How one event stands in the log, as far as a device knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody asked yet.
    NotChecked,
    /// Asked, and it is not there yet.
    NotYet,
    /// Proven.
    Included {
        /// Its place, from 0.
        index: u64,
        /// Leaves of the log that was proven.
        size: u64,
        /// Witnesses of this device's policy that signed that state.
        witnesses: Vec<String>,
    },
}

impl Standing {
    /// Of an event whose proof was checked.
    pub fn of(included: &Included, witnesses: Vec<String>) -> Self {
        Self::Included { index: included.index, size: included.checkpoint.size, witnesses }
    }
}

/// How an event stands, in one sentence.
pub fn describe(standing: &Standing) -> String {
    match standing {
        Standing::NotChecked => "Not checked against the server's public log yet.".into(),
        Standing::NotYet => "Not in the server's public log yet.".into(),
        Standing::Included { index, size, witnesses } => {
            let place = index.saturating_add(1);
            let seen = match witnesses.as_slice() {
                [] => String::new(),
                names => format!(", seen by {}", names.join(", ")),
            };
            format!("In the server's public log, as entry {place} of {size}{seen}.")
        }
    }
}

/// How two states that a server signed do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Contradiction {
    /// One size, two roots. The two notes prove it by themselves.
    #[n(0)]
    Forked,
    /// The server gave no proof that the later continues the earlier. Proven only once nobody can give one.
    #[n(1)]
    NotContinued,
}

impl Contradiction {
    /// What a comparison proves by itself.
    pub fn of(compared: Compared) -> Option<Self> {
        (compared == Compared::Forked).then_some(Self::Forked)
    }
}

/// How a server's log stands, as far as a device knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum LogStanding {
    /// No checkpoint was seen yet.
    NotSeen,
    /// All that was seen goes together.
    Consistent {
        /// Which log.
        origin: String,
        /// Leaves.
        size: u64,
        /// Events of the account that are not proven to be in it yet.
        waiting: usize,
        /// Which of this device's witnesses signed it.
        witnesses: Cosigned,
    },
    /// The server showed fewer leaves than before.
    Behind {
        /// Leaves it had.
        had: u64,
        /// Leaves it showed.
        shown: u64,
    },
    /// It does not go together.
    Contradicted {
        /// How.
        how: Contradiction,
        /// Leaves of the state that was remembered.
        remembered: u64,
        /// Leaves of the state that does not go with it.
        shown: u64,
    },
}

/// How the log stands, in words.
pub fn describe_log(standing: &LogStanding) -> String {
    const NOT_AN_ALARM: &str = "This is about the server, not about your account. Both states are kept on this device, signed by the server: show them to its operator with `truebell log evidence`.";
    match standing {
        LogStanding::NotSeen => "The server's public log was not seen by this device yet.".into(),
        LogStanding::Consistent { size, waiting, witnesses, .. } => {
            let waiting = match waiting {
                0 => "all events of this account are in it".to_owned(),
                1 => "1 event of this account is not in it yet".to_owned(),
                waiting => format!("{waiting} events of this account are not in it yet"),
            };
            let witnessed = match (witnesses.by.as_slice(), witnesses.enough) {
                ([], true) => String::new(),
                (by, true) => format!(" Your witnesses saw the same: {}.", by.join(", ")),
                (by, false) => format!(" Only {} of your witnesses signed this state, fewer than you ask for.", by.len()),
            };
            let entries = if *size == 1 { "entry" } else { "entries" };
            format!("The server's public log has {size} {entries} and only grew; {waiting}.{witnessed}")
        }
        LogStanding::Behind { had, shown } => format!(
            "The server showed its public log with {shown} entries, and this device has seen {had}: it is behind, and will be asked again."
        ),
        LogStanding::Contradicted { how: Contradiction::Forked, remembered, .. } => {
            format!("The server's public log contradicts itself: it signed two different histories of {remembered} entries. {NOT_AN_ALARM}")
        }
        LogStanding::Contradicted { how: Contradiction::NotContinued, remembered, shown } => format!(
            "The server does not show that its public log of {shown} entries continues the one of {remembered} this device has seen. {NOT_AN_ALARM}"
        ),
    }
}
