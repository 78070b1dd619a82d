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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn zeros(count: usize) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("zeros", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&vec![0; count]).unwrap();
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_part_that_unpacks_to_more_than_asked_for_is_not_unpacked() {
        let bytes = zeros(1 << 20);
        assert!(bytes.len() < 4096);
        let mut zip = Unzip::open(Source::OnePassword, &bytes).unwrap();
        assert!(matches!(zip.part("zeros", (1 << 20) - 1), Ok(Part::TooBig)));
        assert!(matches!(zip.part("zeros", 1 << 20), Ok(Part::Bytes(bytes)) if bytes.len() == 1 << 20));
        assert!(matches!(zip.part("ones", 1 << 20), Ok(Part::Absent)));
    }

    #[test]
    fn parts_that_are_too_much_together_end_the_import() {
        let bytes = zeros(1 << 20);
        let mut zip = Unzip::open(Source::OnePassword, &bytes).unwrap();
        zip.unpacked = limits::UNPACKED_BYTES - 10;
        let error = zip.part("zeros", 1 << 20).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "this archive, unpacked, is bigger than 2 GiB; nothing was imported");
    }
}
