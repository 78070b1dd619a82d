//! How things stand with the server, as a value: what status lines, banners and `--json` are made from.

use crate::sync::Unproven;
use serde::Serialize;
use truebell_core::head::Reason;
use truebell_core::outcome::{Failure, Outcome};
use truebell_core::time::UnixMillis;

/// What a person may be told about synchronisation. No variant speaks of the account's security: only a notice does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum View {
    /// Never synced on this device.
    Never,
    /// Everything the server has is here, and everything here is there.
    UpToDate {
        /// When that was last known.
        as_of: UnixMillis,
    },
    /// The last exchange brought nothing. What is here stays usable.
    Stale {
        /// When this device was last up to date; `None` if never.
        since: Option<UnixMillis>,
        /// What the last exchange showed.
        why: Why,
    },
}

/// Why a sync brought nothing. Each has one sentence in `sentences.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Why {
    /// The server is busy.
    Busy {
        /// Until then.
        until: UnixMillis,
    },
    /// The server is being worked on.
    Maintenance {
        /// Until then.
        until: UnixMillis,
        /// In the operator's words.
        note: String,
    },
    /// Nobody answered.
    Unreachable {
        /// How far it came.
        failure: Failure,
    },
    /// Somebody else answered.
    Intercepted {
        /// Who, in untrusted words made harmless.
        by: String,
    },
    /// This program is too old for the server.
    Outdated {
        /// The lowest version that is not.
        needs: String,
    },
    /// The clocks are too far apart.
    ClockSkew {
        /// By how many seconds.
        by_seconds: u64,
        /// Whether this device's clock is behind.
        behind: bool,
    },
    /// Another server, or another database, answers at this address.
    WrongServer,
    /// The request was refused.
    Refused {
        /// Why.
        reason: Reason,
        /// Waiting helps until then; zero where it does not.
        retry_at: UnixMillis,
    },
    /// The server sent something it cannot prove; it was kept out.
    Unproven {
        /// What.
        what: Unproven,
    },
}

impl Why {
    /// Why an outcome brought nothing; `None` for those that did bring something.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Fresh { .. } | Outcome::Unchanged | Outcome::Restored { .. } | Outcome::Proven(_) => None,
            Outcome::Busy { until } => Some(Self::Busy { until: *until }),
            Outcome::Maintenance { until, note } => Some(Self::Maintenance { until: *until, note: note.clone() }),
            Outcome::Unreachable(failure) => Some(Self::Unreachable { failure: *failure }),
            Outcome::Intercepted { by } => Some(Self::Intercepted { by: by.clone() }),
            Outcome::Outdated { needs } => Some(Self::Outdated { needs: needs.clone() }),
            Outcome::ClockSkew { by, behind } => Some(Self::ClockSkew { by_seconds: by.as_secs(), behind: *behind }),
            Outcome::WrongServer => Some(Self::WrongServer),
            Outcome::Refused { reason, retry_at } => Some(Self::Refused { reason: *reason, retry_at: *retry_at }),
        }
    }

    /// Not before this moment is another try of any use; `None` where the machine's own pacing decides.
    pub fn until(&self) -> Option<UnixMillis> {
        match self {
            Self::Busy { until } | Self::Maintenance { until, .. } => Some(*until),
            Self::Refused { retry_at, .. } if retry_at.0 > 0 => Some(*retry_at),
            _ => None,
        }
    }
}
