//! A file of pairs and its key on the disk.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use truebell_core::pair::{NotAKey, PairKey};
use truebell_corpus::pairs::{PairBytes, Pairs, PairsDamaged};
use zeroize::Zeroizing;

/// A longer file is no key.
const KEY_BYTES_MAX: u64 = 256;

/// An open file. It may be replaced under its name meanwhile; this stays what it was.
#[derive(Debug)]
pub struct FileBytes(File);

impl PairBytes for FileBytes {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, at)
    }
}

/// Opens a file of pairs.
///
/// # Errors
/// [`PairsDamaged`].
pub fn open_pairs(path: &Path) -> Result<Pairs<FileBytes>, PairsDamaged> {
    Pairs::open(FileBytes(File::open(path)?))
}

/// Why a key is not read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Somebody else than its owner may read or write it.
    #[error("others than its owner may read or write it; give it mode 0600, and think about who has read it")]
    Open,
    /// Not what a key looks like.
    #[error(transparent)]
    NotAKey(#[from] NotAKey),
    /// The bytes could not be had.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// Reads a key that nobody but its owner can.
///
/// # Errors
/// [`KeyFileError`].
pub fn read_key(path: &Path) -> Result<PairKey, KeyFileError> {
    let file = File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        return Err(KeyFileError::Open);
    }
    let mut text = Zeroizing::new(String::new());
    file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => KeyFileError::NotAKey(NotAKey::Shape),
        _ => KeyFileError::Unreadable(error),
    })?;
    Ok(PairKey::parse(&text)?)
}
