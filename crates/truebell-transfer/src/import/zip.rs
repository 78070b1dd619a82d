//! Zip archives from strangers: read with every size bounded, by names we ask for, never onto a disk.

use super::{ImportError, Source};
use crate::limits;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// An opened archive that counts what it has unpacked.
pub(super) struct Unzip<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    source: Source,
    unpacked: u64,
}

/// The names in an archive; nothing if it is not one.
pub(super) fn names(bytes: &[u8]) -> Option<Vec<String>> {
    let archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    (archive.len() <= limits::ZIP_ENTRIES).then(|| readable_names(&archive))
}

/// Names that are text; a file whose name is not cannot be one of those we ask for.
fn readable_names(archive: &ZipArchive<Cursor<&[u8]>>) -> Vec<String> {
    archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned).collect()
}

/// What came of a part.
pub(super) enum Part {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// There is none of that name.
    Absent,
    /// It is bigger than allowed.
    TooBig,
}

impl<'a> Unzip<'a> {
    pub(super) fn open(source: Source, bytes: &'a [u8]) -> Result<Self, ImportError> {
        let damaged = |_| ImportError::damaged(source, "its table of contents", "it is not a whole zip archive");
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        if archive.len() > limits::ZIP_ENTRIES {
            return Err(ImportError::TooBig { what: "the number of files in this archive".to_owned(), limit: "100,000" });
        }
        Ok(Self { archive, source, unpacked: 0 })
    }

    pub(super) fn names(&self) -> Vec<String> {
        readable_names(&self.archive)
    }

    /// One part, at most `limit` bytes of it.
    pub(super) fn part(&mut self, name: &str, limit: u64) -> Result<Part, ImportError> {
        let damaged = |place: &str| ImportError::damaged(self.source, format!("\"{place}\""), "the zip archive is broken there");
        let file = match self.archive.by_name(name) {
            Ok(file) => file,
            Err(zip::result::ZipError::FileNotFound) => return Ok(Part::Absent),
            Err(_) => return Err(damaged(name)),
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| damaged(name))?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > limit {
            return Ok(Part::TooBig);
        }
        self.unpacked = self.unpacked.saturating_add(size);
        if self.unpacked > limits::UNPACKED_BYTES {
            return Err(ImportError::TooBig { what: "this archive, unpacked,".to_owned(), limit: "2 GiB" });
        }
        Ok(Part::Bytes(bytes))
    }

    /// The document the archive is about.
    pub(super) fn document(&mut self, name: &str) -> Result<Vec<u8>, ImportError> {
        match self.part(name, limits::TEXT_BYTES)? {
            Part::Bytes(bytes) => Ok(bytes),
            Part::Absent => Err(ImportError::Foreign(self.source, format!("the archive has no \"{name}\""))),
            Part::TooBig => Err(ImportError::TooBig { what: format!("\"{name}\" in this archive"), limit: "512 MiB" }),
        }
    }
}
