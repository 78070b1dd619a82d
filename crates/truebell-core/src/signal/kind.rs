//! The types of signals, and which act becomes which. Never here: what a signal says.

use super::subject::Subjects;
use crate::event::{What, jws};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";
const SSF: &str = "https://schemas.openid.net/secevent/ssf/event-type/";
const OURS: &str = "urn:truebell:event:";

/// A type of signal. Numbers are for ever: they are stored, and ids are made from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Kind {
    /// CAEP `credential-change`.
    CredentialChange = 1,
    /// CAEP `session-revoked`.
    SessionRevoked = 2,
    /// RISC `identifier-changed`.
    IdentifierChanged = 4,
    /// RISC `account-purged`.
    AccountPurged = 8,
    /// An account was made here.
    AccountCreated = 16,
    /// Its address changed, told without the addresses.
    AddressChanged = 32,
    /// It will be deleted.
    DeletionScheduled = 64,
    /// It will not.
    DeletionCancelled = 128,
    /// The account holder says of an earlier event: that was me.
    Retraction = 256,
    /// SSF `verification`, asked for by the receiver.
    Verification = 1 << 16,
    /// SSF `stream-updated`: signals were dropped.
    StreamUpdated = 1 << 17,
}

/// A text or number that names no type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no type of signal that this server sends")]
pub struct UnknownKind;

impl Kind {
    /// The types a receiver can ask for, in the order in which they are listed.
    pub const EVENTS: [Self; 9] = [
        Self::CredentialChange,
        Self::SessionRevoked,
        Self::IdentifierChanged,
        Self::AccountPurged,
        Self::AccountCreated,
        Self::AddressChanged,
        Self::DeletionScheduled,
        Self::DeletionCancelled,
        Self::Retraction,
    ];
    const NOTES: [Self; 2] = [Self::Verification, Self::StreamUpdated];

    /// The last part of its URI, as operators type it.
    pub fn word(self) -> &'static str {
        match self {
            Self::CredentialChange => "credential-change",
            Self::SessionRevoked => "session-revoked",
            Self::IdentifierChanged => "identifier-changed",
            Self::AccountPurged => "account-purged",
            Self::AccountCreated => "account-created",
            Self::AddressChanged => "address-changed",
            Self::DeletionScheduled => "deletion-scheduled",
            Self::DeletionCancelled => "deletion-cancelled",
            Self::Retraction => "retraction",
            Self::Verification => "verification",
            Self::StreamUpdated => "stream-updated",
        }
    }

    /// The event type.
    pub fn uri(self) -> String {
        let space = match self {
            Self::CredentialChange | Self::SessionRevoked => CAEP,
            Self::IdentifierChanged | Self::AccountPurged => RISC,
            Self::AccountCreated | Self::AddressChanged | Self::DeletionScheduled | Self::DeletionCancelled | Self::Retraction => OURS,
            Self::Verification | Self::StreamUpdated => SSF,
        };
        format!("{space}{}", self.word())
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// Whether it is about the stream and no account.
    pub fn is_note(self) -> bool {
        Self::NOTES.contains(&self)
    }

    fn all() -> impl Iterator<Item = Self> {
        Self::EVENTS.into_iter().chain(Self::NOTES)
    }
}

impl TryFrom<u64> for Kind {
    type Error = UnknownKind;
    fn try_from(number: u64) -> Result<Self, UnknownKind> {
        Self::all().find(|kind| u64::from(kind.number()) == number).ok_or(UnknownKind)
    }
}

/// By its URI or, for an operator, by its last part.
impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::EVENTS.into_iter().find(|kind| text == kind.word() || text == kind.uri()).ok_or(UnknownKind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A set of types.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds(pub u32);

impl Kinds {
    /// All that a receiver with these subjects can get.
    pub fn supported(subjects: Subjects) -> Self {
        let without = if subjects == Subjects::Email { Kind::AddressChanged } else { Kind::IdentifierChanged };
        Kind::EVENTS.into_iter().filter(|kind| *kind != without).collect()
    }

    /// What both have.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it is in the set.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind.number() != 0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in it, of the types a receiver can ask for.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::EVENTS.into_iter().filter(move |kind| self.has(*kind))
    }

    /// Their URIs.
    pub fn uris(self) -> Vec<String> {
        self.iter().map(Kind::uri).collect()
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | kind.number()))
    }
}

/// What an act is told as: each stream gets the one it can have.
pub fn kinds(what: &What) -> Kinds {
    let kinds: &[Kind] = match what {
        What::AccountCreated { .. } => &[Kind::AccountCreated],
        What::PasswordChanged {}
        | What::SecretKeyRotated {}
        | What::DeviceEnrolled { .. }
        | What::MachineEnrolled { .. }
        | What::SecondFactorAdded { .. }
        | What::SecondFactorRemoved { .. } => &[Kind::CredentialChange],
        What::DeviceRevoked { .. } | What::SessionRevoked { .. } => &[Kind::SessionRevoked],
        What::AddressChanged { .. } => &[Kind::IdentifierChanged, Kind::AddressChanged],
        What::DeletionScheduled { .. } => &[Kind::DeletionScheduled],
        What::DeletionCancelled {} => &[Kind::DeletionCancelled],
        What::Acknowledged { .. } => &[Kind::Retraction],
    };
    kinds.iter().copied().collect()
}

/// Whether a stored SET looks like the wish to delete the account. Proves nothing: it finds what is to be proven later.
pub fn schedules_deletion(set: &str) -> bool {
    #[derive(Deserialize)]
    struct Peek {
        events: BTreeMap<String, IgnoredAny>,
    }
    jws::claims_unverified::<Peek>(set).is_some_and(|peek| peek.events.contains_key(&Kind::DeletionScheduled.uri()))
}
