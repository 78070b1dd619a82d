//! Why a transaction did not happen, by who can do something about it.

/// A failure. It says nothing about what is or is not stored, but for one promise: nothing of the transaction was.
///
/// The exception proves the rule: [`Unknown`](Self::Unknown) is a commit whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer; try again later.
    #[error("the database does not answer")]
    Unavailable,
    /// No room on its disk; reading goes on.
    #[error("the database has no room left")]
    Full,
    /// It cannot be written to; reading goes on.
    #[error("the database is read-only")]
    ReadOnly,
    /// What is stored contradicts itself. An operator must look.
    #[error("the database holds data that contradicts itself ({0})")]
    Damaged(&'static str),
    /// The commit was sent and its answer was lost: it may have happened. Every write can be repeated.
    #[error("the database broke off while answering; whether the change was made is not known")]
    Unknown,
    /// Another process moved it to another place. Nothing was written.
    #[error("the database was moved to another place")]
    Moved,
}
