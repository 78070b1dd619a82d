//! What a plan is made of. Every field is in the bytes that are approved.

use super::super::{Bounds, Grade, Recipient};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use truebell_core::hash::Hash32;
use truebell_core::time::UnixMillis;

/// Whether real people are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Nobody is.
    #[n(0)]
    Drill,
    /// They are.
    #[n(1)]
    Live,
}

/// What is known of a list's origin, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Trust(#[n(0)] pub u32);

impl Trust {
    /// The source is known.
    pub const SOURCE_KNOWN: Self = Self(1);
    /// Others confirmed it.
    pub const CONFIRMED: Self = Self(2);
    /// It passed the quarantine.
    pub const QUARANTINED: Self = Self(4);
    /// A person looked at samples of it.
    pub const LOOKED_AT: Self = Self(8);

    /// These flags and those.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of those are set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A breach list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct List {
    /// SHA-256 of its bytes as they were read.
    #[n(0)]
    pub digest: Hash32,
    /// Its name, as people are told it.
    #[n(1)]
    pub name: String,
    /// Its date: `2026-09`.
    #[n(2)]
    pub date: String,
    /// Where it came from.
    #[n(3)]
    pub origin: String,
    /// How far it is trusted.
    #[n(4)]
    pub trust: Trust,
    /// The parser's version.
    #[n(5)]
    pub parser: u32,
    /// The dialect it was read in.
    #[n(6)]
    pub dialect: String,
    /// How many lines it has.
    #[n(7)]
    pub lines: u64,
}

/// The accounts of the site, as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Snapshot {
    /// The source in words, without credentials.
    #[n(0)]
    pub source: String,
    /// When it was taken.
    #[n(1)]
    pub taken_at: UnixMillis,
    /// Digest over all recipients.
    #[n(2)]
    pub recipients: Hash32,
    /// Digest over all of their generations.
    #[n(3)]
    pub generations: Hash32,
    /// How many accounts.
    #[n(4)]
    pub accounts: u64,
    /// How many of them have a password.
    #[n(5)]
    pub with_password: u64,
}

/// The two implementations of a password format.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Checker {
    /// The format.
    #[n(0)]
    pub format: String,
    /// What matched, with its version.
    #[n(1)]
    pub first: String,
    /// What verifies again, with its version.
    #[n(2)]
    pub second: String,
}

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// An earlier notice is taken back.
    #[n(0)]
    Retraction,
    /// The alarm of E1.
    #[n(1)]
    AlarmE1,
    /// The alarm of E2.
    #[n(2)]
    AlarmE2,
    /// The alarm of E3.
    #[n(3)]
    AlarmE3,
    /// The alarm of E4.
    #[n(4)]
    AlarmE4,
}

impl Subject {
    /// The alarm of a grade.
    pub fn alarm(grade: Grade) -> Self {
        match grade {
            Grade::E1 => Self::AlarmE1,
            Grade::E2 => Self::AlarmE2,
            Grade::E3 => Self::AlarmE3,
            Grade::E4 => Self::AlarmE4,
        }
    }

    /// The grade whose alarm it is.
    pub fn grade(self) -> Option<Grade> {
        Grade::ALL.into_iter().find(|grade| Self::alarm(*grade) == self)
    }
}

/// Which text says something in a language.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Wording {
    /// BCP 47.
    #[n(0)]
    pub language: String,
    /// What it says.
    #[n(1)]
    pub subject: Subject,
    /// Digest of its text.
    #[n(2)]
    pub text: Hash32,
}

/// How many sends at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Caps {
    /// In any 60 minutes.
    #[n(0)]
    pub per_hour: u64,
    /// In all.
    #[n(1)]
    pub per_campaign: u64,
}

/// A part of what is looked at, with its own rate: one list's bcrypt accounts, say.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Stratum {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Where its match rate has to lie.
    #[n(1)]
    pub bounds: Bounds,
}

/// What may go wrong once mails are out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Mails that came back.
    #[n(0)]
    Bounces,
    /// Mails reported as junk.
    #[n(1)]
    Complaints,
    /// People who say it is not about them.
    #[n(2)]
    NotMe,
    /// People who look whether it is genuine.
    #[n(3)]
    VerifyLookups,
    /// Sign-ins that fail, of those who were reached.
    #[n(4)]
    SignInFailures,
}

/// A signal with its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Watch {
    /// Which.
    #[n(0)]
    pub signal: Signal,
    /// Of all who were mailed, how many.
    #[n(1)]
    pub bounds: Bounds,
}

/// How busy sign-in may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Load {
    /// Above this share of its capacity (in thousandths) nothing is sent.
    #[n(0)]
    pub permille_max: u32,
    /// Nor with a reading older than this, in ms.
    #[n(1)]
    pub age_ms_max: u64,
}

/// Planted accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Tracers {
    /// Those that are found if all is well.
    #[n(0)]
    pub must_match: Vec<Recipient>,
    /// Those that are not.
    #[n(1)]
    pub must_not_match: Vec<Recipient>,
}
