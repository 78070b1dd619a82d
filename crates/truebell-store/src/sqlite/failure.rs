//! What SQLite's errors mean for who can do something about them.

use crate::StoreError;
use crate::open::OpenError;
use rusqlite::{Error, ErrorCode};
use std::io;

impl From<Error> for StoreError {
    /// An error before the commit: nothing was written.
    fn from(error: Error) -> Self {
        tracing::warn!(%error, "SQLite refused a statement");
        let Error::SqliteFailure(failure, _) = &error else {
            return Self::Damaged("a value that does not fit its column");
        };
        match failure.code {
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch => Self::Damaged("the file"),
            ErrorCode::ConstraintViolation => Self::Damaged("a row that does not fit the others"),
            _ => Self::Unavailable,
        }
    }
}

/// What an error of the COMMIT itself means. Only a failed sync leaves open whether the commit reached the disk.
pub(super) fn of_commit(error: Error) -> StoreError {
    const IOERR_FSYNC: i32 = rusqlite::ffi::SQLITE_IOERR_FSYNC;
    const IOERR_DIR_FSYNC: i32 = rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC;
    match error.sqlite_error().map(|failure| failure.extended_code) {
        Some(IOERR_FSYNC | IOERR_DIR_FSYNC) => {
            tracing::error!("SQLite could not sync a commit to the disk");
            StoreError::Unknown
        }
        _ => error.into(),
    }
}

/// What an error while opening means.
pub(super) fn of_open(error: &Error) -> OpenError {
    let Error::SqliteFailure(failure, _) = error else { return OpenError::Damaged };
    match failure.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => OpenError::Damaged,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => OpenError::Locked,
        ErrorCode::DiskFull => OpenError::Io(io::ErrorKind::StorageFull),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => OpenError::Io(io::ErrorKind::PermissionDenied),
        ErrorCode::CannotOpen => OpenError::Io(io::ErrorKind::NotFound),
        _ => OpenError::Io(io::ErrorKind::Other),
    }
}
