//! The health of a vault: which passwords are exposed, shared, weak, alike or old, which sites have no second factor or are not encrypted, what expires. Each finding has its
//! evidence and what to do.
//!
//! Everything is computed from opened items; what is known about a password's exposure comes from whoever asks ([`Known`]). What is not known is never *exposed* and never
//! *clean*. Never here: a corpus, a network, a clock.

mod alike;
mod dates;
mod examine;
mod record;
mod sites;
#[cfg(test)]
mod tests;

pub use examine::{Inputs, Pairs, examine, marks_of, pair_questions, questions};
pub use record::{Aside, Record, Unreadable, mark_of};
pub use sites::{SecondFactors, host_of, is_insecure};

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is known about a password's exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is in lists of exposed passwords.
    Exposed {
        /// How often it was seen, where that is known.
        count: Option<u64>,
    },
    /// It is not in these.
    Clean,
    /// Nobody was asked, or nobody could say.
    Unknown,
}

/// What is known about an address with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairKnown {
    /// They were seen together in lists.
    Exposed,
    /// The address was seen with a password that is nearly this one.
    Similar,
    /// Neither.
    Clean,
    /// Nobody was asked, or nobody could say.
    Unknown,
}

/// What is wrong with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its password is in lists of exposed passwords.
    Exposed,
    /// Its password is nearly one that is.
    SimilarToExposed,
    /// Other items have the same password.
    Reused,
    /// Its password is easy to guess.
    Weak,
    /// It has expired.
    Expired,
    /// It expires soon.
    Expiring,
    /// Its site is reached without encryption.
    InsecureSite,
    /// Its site offers a second factor, and the item has none.
    NoSecondFactor,
    /// Its password was not changed for a long time.
    Old,
}

impl Kind {
    /// All, the most pressing first.
    pub const ALL: [Self; 9] = [
        Self::Exposed,
        Self::SimilarToExposed,
        Self::Reused,
        Self::Weak,
        Self::Expired,
        Self::Expiring,
        Self::InsecureSite,
        Self::NoSecondFactor,
        Self::Old,
    ];

    /// As it is written: `no-second-factor`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::SimilarToExposed => "similar-to-exposed",
            Self::Reused => "reused",
            Self::Weak => "weak",
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::InsecureSite => "insecure-site",
            Self::NoSecondFactor => "no-second-factor",
            Self::Old => "old",
        }
    }

    /// What a person can do about it, in a sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Exposed => "Change it at the site today, to a generated one, and wherever else it is used.",
            Self::SimilarToExposed => "Change it to a generated one: variants of exposed passwords are tried first.",
            Self::Reused => "Give each of them a password of its own.",
            Self::Weak => "Change it to a generated one.",
            Self::Expired => "Replace it, or archive the item.",
            Self::Expiring => "Renew it in time.",
            Self::InsecureSite => "Try the site's address with https://, and keep that one if it works.",
            Self::NoSecondFactor => "Switch the second factor on at the site, and keep it in this item.",
            Self::Old => "Change it when you next use it.",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A word that names no kind of finding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is no kind of finding; these are: exposed, similar-to-exposed, reused, weak, expired, expiring, insecure-site, no-second-factor, old"
)]
pub struct NotAKind(String);

impl std::str::FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| NotAKind(text.to_owned()))
    }
}

/// Something that should be changed. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<K> {
    /// Which item.
    pub item: K,
    /// Which of its fields, or site.
    pub field: String,
    /// What is wrong.
    pub kind: Kind,
    /// How that is known, in a sentence.
    pub evidence: String,
    /// How often the password was seen in lists, where that is the finding and known.
    pub count: Option<u64>,
    /// The other items that share the password.
    pub shared_with: Vec<K>,
    /// Stands for what was found, in the item's own record: a changed password is another.
    pub mark: String,
    /// Whether a person has set it aside, and why.
    pub aside: Option<Aside>,
    /// An exposure that was not told before.
    pub is_new: bool,
}
