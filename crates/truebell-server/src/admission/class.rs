//! What a request is worth when not all can be served. Never here: how many there is room for (`gradient.rs`).

/// Classes in order: the first is shed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Somebody is at the door with the key in hand; and acts that protect an account.
    FinishSignIn,
    /// A small read or write of somebody already in.
    Delta,
    /// The first sync of a device, the first message of a sign-in.
    Full,
    /// Imports, attachments, new accounts.
    Bulk,
}

impl Class {
    /// How many there are.
    pub(crate) const COUNT: usize = 4;
    /// All of them, in order.
    pub(crate) const ALL: [Self; Self::COUNT] = [Self::FinishSignIn, Self::Delta, Self::Full, Self::Bulk];

    /// Its place in the order.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Its word in metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::FinishSignIn => "finish-sign-in",
            Self::Delta => "delta",
            Self::Full => "full",
            Self::Bulk => "bulk",
        }
    }

    /// The share of the limit, in eighths, that may be at work before this class waits: what is left is kept for those above it.
    pub(super) fn eighths(self) -> usize {
        match self {
            Self::FinishSignIn => 8,
            Self::Delta => 7,
            Self::Full => 5,
            Self::Bulk => 4,
        }
    }
}
