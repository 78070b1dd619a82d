//! Truebell's own sealed archive, whole items with their files (`docs/formats/archive.md`).

mod frames;
mod manifest;

use crate::import::{ImportError, Imported, Source};
use truebell_core::secret::Secret;

pub(crate) use manifest::{Parcel, write};

/// The first bytes of each archive.
pub(crate) const MAGIC: &[u8] = b"TRUEBELL-ARCHIVE\n";
const SOURCE: Source = Source::Archive;

/// Reads an archive back.
pub(crate) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Imported, ImportError> {
    let password = password.ok_or(ImportError::NeedsPassword(SOURCE))?;
    let plain = frames::open(bytes, password)?;
    manifest::read(&plain)
}
