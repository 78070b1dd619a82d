//! Why a backup was not made or not restored: one sentence each. Whatever it says, nothing that was there before was changed.

use crate::identity::KeyFileError;
use std::io;
use std::path::{Path, PathBuf};
use truebell_store::StoreError;

/// A backup that was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("{path} cannot be {doing} ({why}): nothing was changed", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// The system's word for it.
        why: io::ErrorKind,
    },
    /// It is there already.
    #[error("{} exists already: choose another name", .0.display())]
    Exists(PathBuf),
    /// Something else.
    #[error("{} is not a Truebell backup: nothing was changed", .0.display())]
    Foreign(PathBuf),
    /// Of a newer version.
    #[error("{} was made by a newer Truebell: update this one; nothing was changed", .0.display())]
    Newer(PathBuf),
    /// The passphrase does not open it.
    #[error("the passphrase does not open {} (or its first bytes are damaged): nothing was changed", .0.display())]
    WrongPassphrase(PathBuf),
    /// It ends too early.
    #[error("{path} is cut short after {bytes} bytes: use another copy; nothing was changed", path = .path.display())]
    CutShort {
        /// The file.
        path: PathBuf,
        /// What is left of it.
        bytes: u64,
    },
    /// It is not what was written.
    #[error("{path} is damaged at byte {at}: use another copy; nothing was changed", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damaged part begins.
        at: u64,
    },
    /// The database to restore into holds data.
    #[error("the database holds data already: restore into an empty one, or use --force, which moves the old one aside")]
    NotEmpty,
    /// The same, where moving aside is not ours to do.
    #[error(
        "the database holds data already, and --force moves only SQLite files aside: make an empty PostgreSQL database and name it in `store`"
    )]
    NotOursToMove,
    /// The data folder is another server's.
    #[error("the data folder holds the key of another server: use another folder, or --force, which moves that key aside")]
    OtherKey,
    /// The backup is of another server than the database.
    #[error("the backup is of another server than this database: nothing was changed")]
    OtherServer,
    /// Restored into a scratch database, it was not what was dumped.
    #[error(
        "the backup was written and did not pass its check (restored, it differs from the database): it was removed; try again, and look at the disk"
    )]
    NotVerified,
    /// The database does not answer.
    #[error("{0}: nothing was changed")]
    Store(#[from] StoreError),
    /// The scratch database cannot be made.
    #[error("the backup cannot be checked, because no scratch database can be made in {}: make room there", .0.display())]
    Scratch(PathBuf),
    /// The key file does not read or write.
    #[error(transparent)]
    Key(#[from] KeyFileError),
}

impl BackupError {
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        Self::File { path: path.to_owned(), doing: "read", why: error.kind() }
    }

    pub(super) fn written(path: &Path, error: &io::Error) -> Self {
        Self::File { path: path.to_owned(), doing: "written", why: error.kind() }
    }
}
