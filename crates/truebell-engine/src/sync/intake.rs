//! What of a sync stream may be believed. Everything is checked before anything is stored.

use serde::Serialize;

/// What a server sent and cannot prove. Kept out; never an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Unproven {
    /// An event that does not verify or does not follow.
    #[error("an event does not verify")]
    Event,
    /// A state older than one this device has seen (MS-19).
    #[error("the state is older than one seen before")]
    Older,
    /// Another history than the one this device has seen (MS-20).
    #[error("the history is another than before")]
    Forked,
    /// Revisions or a head that do not fit each other (MS-07, MS-11).
    #[error("the vault's proof does not add up")]
    Vault,
    /// A stream that was cut, or that holds less than its head says.
    #[error("the stream was cut short")]
    Incomplete,
    /// A vault key this account did not wrap (MS-12, MS-15).
    #[error("a key was not made by this account")]
    Keys,
    /// Not a stream this version reads.
    #[error("the stream cannot be read")]
    Malformed,
}

impl Unproven {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Event, Self::Older, Self::Forked, Self::Vault, Self::Incomplete, Self::Keys, Self::Malformed];
}
