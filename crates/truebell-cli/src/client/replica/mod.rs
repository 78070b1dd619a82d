//! The local copy: sealed data only, in SQLite.

/// Why the local copy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// A sealed record does not verify.
    #[error(
        "the local copy is damaged at {at}; nothing was changed; `truebell sync --rebuild` fetches it again; {kept} unsynced edits could be read and are kept"
    )]
    Damaged {
        /// Table and row.
        at: String,
        /// Unsynced edits that open.
        kept: usize,
    },
    /// No room.
    #[error("the disk is full: nothing was changed; make room and try again")]
    Full,
    /// Written by a newer version.
    #[error("the local copy was written by a newer version of Truebell: update this one")]
    Newer,
    /// Anything else SQLite says.
    #[error("the local copy cannot be used: {0}")]
    Sqlite(rusqlite::Error),
}

/// The local copy.
pub(super) struct Replica {}
