//! Whether the database is still where it was opened, and whole as far as anybody knows. SQLite goes on writing to a file that was deleted; nobody would find it again.

use crate::StoreError;
use crate::store::Result;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The file that was opened.
pub(super) struct Place {
    path: PathBuf,
    file: Option<FileId>,
    gone: AtomicBool,
    damaged: AtomicBool,
}

/// What tells one file from another at the same path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    number: u64,
}

impl Place {
    /// Remembers the file that is there now.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: file_id(path), gone: AtomicBool::new(false), damaged: AtomicBool::new(false) }
    }

    /// Looks whether it is there still. Once it was gone, it stays gone: what was written since is in no file.
    pub(super) fn check(&self) -> Result<()> {
        if !self.gone.load(Ordering::Relaxed) && file_id(&self.path) != self.file {
            tracing::error!(path = %self.path.display(), "the database file was deleted or replaced under the running server: restart it");
            self.gone.store(true, Ordering::Relaxed);
        }
        self.check_quickly()
    }

    /// Pages of it contradict each other.
    pub(super) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Whether nobody has found damage. What can be read is read all the same.
    pub(super) fn check_whole(&self) -> Result<()> {
        if self.damaged.load(Ordering::Relaxed) { Err(StoreError::Damaged("pages that contradict each other")) } else { Ok(()) }
    }

    /// What the last look said.
    pub(super) fn check_quickly(&self) -> Result<()> {
        if self.gone.load(Ordering::Relaxed) { Err(StoreError::Unavailable) } else { Ok(()) }
    }
}

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    let Ok(found) = std::fs::metadata(path) else { return None };
    Some(FileId { device: found.dev(), number: found.ino() })
}

/// Where an open file cannot be deleted, there is nothing to compare.
#[cfg(not(unix))]
fn file_id(_path: &Path) -> Option<FileId> {
    None
}
