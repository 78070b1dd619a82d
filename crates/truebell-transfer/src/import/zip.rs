//! Zip archives from strangers: read from memory by their table of contents, every size bounded, never onto a disk.
//!
//! Written here because the archives we meet need little of the format (stored and deflated files) and the usual crate brings the
//! machine's randomness and system calls with it, which this crate does without. Format: PKWARE APPNOTE 6.3.10.

use super::{ImportError, Source};
use crate::limits;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use std::collections::BTreeMap;
use std::io::Read;

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// The end record without its comment, and the longest comment.
const END_BYTES: usize = 22;
const COMMENT_BYTES: usize = 65_535;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// An opened archive that counts what it has unpacked.
pub(super) struct Unzip<'a> {
    bytes: &'a [u8],
    entries: BTreeMap<String, Entry>,
    source: Source,
    unpacked: u64,
}

/// One file of an archive, as the table of contents has it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    is_locked: bool,
    method: u16,
    crc: u32,
    packed: u64,
    offset: u64,
}

/// The names in an archive; nothing if it is not one.
pub(super) fn names(bytes: &[u8]) -> Option<Vec<String>> {
    Some(contents(bytes)?.into_keys().collect())
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
        let damaged = || ImportError::damaged(source, "its table of contents", "it is not a whole zip archive");
        let entries = contents(bytes).ok_or_else(damaged)?;
        if entries.len() > limits::ZIP_ENTRIES {
            return Err(ImportError::TooBig { what: "the number of files in this archive".to_owned(), limit: "100,000" });
        }
        Ok(Self { bytes, entries, source, unpacked: 0 })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// One part, at most `limit` bytes of it.
    pub(super) fn part(&mut self, name: &str, limit: u64) -> Result<Part, ImportError> {
        let Some(entry) = self.entries.get(name).copied() else { return Ok(Part::Absent) };
        let damaged = || ImportError::damaged(self.source, format!("\"{name}\""), "the zip archive is broken there");
        if entry.is_locked {
            let reason = format!("\"{name}\" in it is locked with a password of the zip; unpack it and pack it again without one");
            return Err(ImportError::Foreign(self.source, reason));
        }
        let packed = packed_bytes(self.bytes, entry).ok_or_else(damaged)?;
        let mut bytes = Vec::new();
        let bounded = limit.saturating_add(1);
        match entry.method {
            STORED => packed.take(bounded).read_to_end(&mut bytes),
            DEFLATED => DeflateDecoder::new(packed).take(bounded).read_to_end(&mut bytes),
            _ => return Err(damaged()),
        }
        .map_err(|_| damaged())?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > limit {
            return Ok(Part::TooBig);
        }
        let mut crc = Crc::new();
        crc.update(&bytes);
        if crc.sum() != entry.crc {
            return Err(damaged());
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

/// Reads little-endian numbers at a place; outside of the bytes there is nothing.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The table of contents; nothing if it is broken. Of two files with one name the later one counts, as everywhere.
fn contents(bytes: &[u8]) -> Option<BTreeMap<String, Entry>> {
    let end = find_end(bytes)?;
    let mut at = usize::try_from(directory_offset(bytes, end)?).ok()?;
    let mut entries = BTreeMap::new();
    while at < end && bytes.get(at..)?.starts_with(ENTRY) {
        let (name, extra, comment) = (u16_at(bytes, at + 28)?, u16_at(bytes, at + 30)?, u16_at(bytes, at + 32)?);
        let name_end = at + 46 + usize::from(name);
        let extra_end = name_end + usize::from(extra);
        let raw = bytes.get(at + 46..name_end)?;
        let mut entry = Entry {
            is_locked: u16_at(bytes, at + 8)? & 1 == 1,
            method: u16_at(bytes, at + 10)?,
            crc: u32_at(bytes, at + 16)?,
            packed: u64::from(u32_at(bytes, at + 20)?),
            offset: u64::from(u32_at(bytes, at + 42)?),
        };
        widen(&mut entry, u32_at(bytes, at + 24)?, bytes.get(name_end..extra_end)?);
        // A name that is not UTF-8 is none of those we ask for.
        if let Ok(name) = std::str::from_utf8(raw) {
            entries.insert(name.to_owned(), entry);
        }
        at = extra_end + usize::from(comment);
    }
    (!entries.is_empty() || at == end).then_some(entries)
}

/// Where the end record begins: the last place that has its mark.
fn find_end(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(END_BYTES + COMMENT_BYTES);
    let tail = bytes.get(from..)?;
    let last = tail.windows(END.len()).rposition(|window| window == END)?;
    (tail.len() - last >= END_BYTES).then_some(from + last)
}

/// Where the table of contents begins, from the end record or, if that is too small for it, from the record of Zip64.
fn directory_offset(bytes: &[u8], end: usize) -> Option<u64> {
    let offset = u32_at(bytes, end + 16)?;
    if offset != u32::MAX {
        return Some(u64::from(offset));
    }
    let locator = end.checked_sub(20)?;
    let record = usize::try_from(u64_at(bytes, locator + 8)?).ok()?;
    bytes.get(record..)?.starts_with(b"PK\x06\x06").then(|| u64_at(bytes, record + 48))?
}

/// Zip64 keeps sizes and offsets that need more than 32 bits in the extra field, in this order, each only if it is needed.
fn widen(entry: &mut Entry, size: u32, extra: &[u8]) {
    let mut rest = extra;
    while let (Some(id), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let (Some(field), Some(after)) = (rest.get(4..4 + usize::from(length)), rest.get(4 + usize::from(length)..)) else { return };
        if id == 1 {
            let mut at = if size == u32::MAX { 8 } else { 0 };
            for number in [&mut entry.packed, &mut entry.offset] {
                if *number == u64::from(u32::MAX) {
                    *number = u64_at(field, at).unwrap_or(*number);
                    at += 8;
                }
            }
        }
        rest = after;
    }
}

/// The packed bytes of a file: behind its own header, whose name and extra field have lengths of their own.
fn packed_bytes(bytes: &[u8], entry: Entry) -> Option<&[u8]> {
    let local = bytes.get(usize::try_from(entry.offset).ok()?..)?;
    if !local.starts_with(LOCAL) {
        return None;
    }
    let begin = 30 + usize::from(u16_at(local, 26)?) + usize::from(u16_at(local, 28)?);
    local.get(begin..)?.get(..usize::try_from(entry.packed).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::{Cursor, Write};

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

    #[test]
    fn a_part_that_is_not_what_was_packed_is_noticed() {
        let mut bytes = zeros(100);
        let at = bytes.windows(4).position(|window| window == ENTRY).unwrap();
        bytes[at + 16] ^= 1;
        let mut zip = Unzip::open(Source::OnePassword, &bytes).unwrap();
        let error = zip.part("zeros", 1000).map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "this 1Password 1PUX file is damaged at \"zeros\": the zip archive is broken there; nothing was imported, please export it again"
        );
        bytes[at + 8] |= 1;
        let mut zip = Unzip::open(Source::OnePassword, &bytes).unwrap();
        assert!(matches!(zip.part("zeros", 1000), Err(ImportError::Foreign(_, reason)) if reason.contains("password of the zip")));
    }

    /// Name, bytes, and whether they are deflated.
    type File = (String, Vec<u8>, bool);

    fn pack(files: &[File], is_large: bool) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes, is_deflated) in files {
            let method = if *is_deflated { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
            let options = zip::write::SimpleFileOptions::default().compression_method(method).large_file(is_large);
            zip.start_file(name.as_str(), options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.set_comment("a comment").unwrap();
        zip.finish().unwrap().into_inner()
    }

    proptest! {
        #[test]
        fn what_another_program_packed_is_unpacked(
            files in prop::collection::btree_map("[a-zä/]{1,9}[a-z]", (prop::collection::vec(any::<u8>(), 0..300), any::<bool>()), 0..6),
            is_large in any::<bool>(),
        ) {
            let files: Vec<File> = files.into_iter().map(|(name, (bytes, is_deflated))| (name, bytes, is_deflated)).collect();
            let packed = pack(&files, is_large);
            let mut zip = Unzip::open(Source::OnePassword, &packed).unwrap();
            prop_assert_eq!(zip.names(), files.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>());
            for (name, bytes, _) in &files {
                prop_assert!(matches!(zip.part(name, 1000), Ok(Part::Bytes(found)) if found == *bytes));
            }
        }

        #[test]
        fn noise_is_no_archive_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), flip in 1u8..) {
            for mark in [END, ENTRY, LOCAL] {
                let _ = names(&[&bytes, mark, &bytes].concat());
            }
            let mut packed = pack(&[("a".to_owned(), bytes, true)], false);
            let at = at.index(packed.len());
            packed[at] ^= flip;
            if let Ok(mut zip) = Unzip::open(Source::OnePassword, &packed) {
                let _ = zip.part("a", 1000);
            }
        }
    }
}
