//! The first page: what is in the file and where. A header that does not add up is refused before anything else is read.

use crate::digest::Kind;
use crate::flags::Flags;
use crate::page::{PAYLOAD_BITS, PAYLOAD_BYTES, Page};

const MAGIC: &[u8; 8] = b"TRBLCORP";
const VERSION: u16 = 1;
/// The most bits of a key that choose its bucket: the five hex digits of a range request.
pub(crate) const BUCKET_BITS_MAX: u8 = 20;
/// Entries are numbered in five bytes.
pub(crate) const ENTRIES_MAX: u64 = 1 << 40;
/// Bytes of an entry's number.
pub(crate) const NUMBER_BYTES: usize = 5;
/// Bytes of a value of *large*: an entry's number and its count.
pub(crate) const LARGE_BYTES: usize = NUMBER_BYTES + 8;
/// Bucket values on a page; the last of them is the next page's first, so that a bucket's two ends are always on one.
pub(crate) const BUCKETS_A_PAGE: u64 = (PAYLOAD_BYTES / NUMBER_BYTES) as u64;
/// More text than this about the sources is not written.
pub(crate) const SOURCES_BYTES_MAX: u64 = 16 << 20;

/// A column of the file, in the file's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// What is in the file.
    Header,
    /// Where each bucket begins.
    Buckets,
    /// Keys without their bucket.
    Heads,
    /// Digests beyond their key.
    Tails,
    /// How often each was seen.
    Counts,
    /// Counts that need more than a byte.
    Large,
    /// What kind of list each was in.
    Flags,
    /// What it was built from.
    Sources,
    /// The digest over all.
    Seal,
}

impl Column {
    /// Those after the header, in order.
    pub(crate) const AFTER_HEADER: [Self; 8] =
        [Self::Buckets, Self::Heads, Self::Tails, Self::Counts, Self::Large, Self::Flags, Self::Sources, Self::Seal];

    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// Its name, as errors have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Buckets => "buckets",
            Self::Heads => "heads",
            Self::Tails => "tails",
            Self::Counts => "counts",
            Self::Large => "large counts",
            Self::Flags => "flags",
            Self::Sources => "sources",
            Self::Seal => "seal",
        }
    }
}

/// What is in a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Which digest.
    pub kind: Kind,
    /// How many of a key's top bits choose its bucket.
    pub(crate) bucket_bits: u8,
    /// The flags that occur.
    pub flags: Flags,
    /// How many entries.
    pub entries: u64,
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// Bytes of the text about sources.
    pub(crate) sources_bytes: u64,
    /// Bytes of the longest range: all lines `SUFFIX:COUNT` with their ends of digests that begin with the same five hex digits.
    pub range_bytes_max: u64,
    /// Whether digests are whole, with counts; otherwise it is for checking only.
    pub full: bool,
    /// How many counts need more than a byte.
    pub(crate) large_pages: u64,
}

/// Why a first page begins no corpus that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAHeader {
    Magic,
    Version(u16),
    Sum,
    Value,
}

impl Header {
    pub(crate) const fn head_bits(&self) -> usize {
        64 - self.bucket_bits as usize
    }

    /// Values of a column that one page takes.
    pub(crate) fn a_page(&self, column: Column) -> u64 {
        let values = match column {
            Column::Buckets => return BUCKETS_A_PAGE - 1,
            Column::Heads => PAYLOAD_BITS / self.head_bits(),
            Column::Tails => PAYLOAD_BYTES / self.kind.tail_bytes(),
            Column::Large => PAYLOAD_BYTES / LARGE_BYTES,
            Column::Flags => PAYLOAD_BITS / self.flags.len().max(1),
            Column::Counts | Column::Sources => PAYLOAD_BYTES,
            Column::Header | Column::Seal => 1,
        };
        values as u64
    }

    /// Pages of a column.
    pub(crate) fn pages(&self, column: Column) -> u64 {
        let values = match column {
            Column::Buckets => 1 << self.bucket_bits,
            Column::Heads => self.entries,
            Column::Tails | Column::Counts if self.full => self.entries,
            Column::Large if self.full => return self.large_pages,
            Column::Flags if self.flags.len() > 1 => self.entries,
            Column::Sources => self.sources_bytes,
            Column::Header | Column::Seal => 1,
            Column::Tails | Column::Counts | Column::Large | Column::Flags => 0,
        };
        values.div_ceil(self.a_page(column))
    }

    /// The page in the file at which a column begins.
    pub(crate) fn first_page(&self, column: Column) -> u64 {
        let before = Column::AFTER_HEADER.into_iter().take_while(|other| *other != column);
        if column == Column::Header { 0 } else { 1 + before.map(|other| self.pages(other)).sum::<u64>() }
    }

    /// Pages of the whole file.
    pub fn pages_in_all(&self) -> u64 {
        1 + self.first_page(Column::Seal)
    }

    /// The bucket of a key.
    pub(crate) const fn bucket(&self, key: u64) -> u64 {
        // A shift by all 64 bits is no shift: with no bucket bits there is one bucket.
        if self.bucket_bits == 0 { 0 } else { key >> self.head_bits() }
    }

    /// A key without its bucket.
    pub(crate) const fn head(&self, key: u64) -> u64 {
        key & (u64::MAX >> self.bucket_bits)
    }

    /// A key from its bucket and the rest.
    pub(crate) const fn key(&self, bucket: u64, head: u64) -> u64 {
        if self.bucket_bits == 0 { head } else { bucket << self.head_bits() | head }
    }

    /// As the first page.
    pub(crate) fn write(&self) -> Page {
        let mut page = Page::default();
        let mut bytes = Vec::with_capacity(112);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[self.kind.code(), self.bucket_bits, self.flags.bits(), 0, 0, 0]);
        bytes.extend_from_slice(&self.entries.to_le_bytes());
        bytes.extend_from_slice(&self.made_at_ms.to_le_bytes());
        bytes.extend_from_slice(&self.sources_bytes.to_le_bytes());
        for column in Column::AFTER_HEADER {
            bytes.extend_from_slice(&self.pages(column).to_le_bytes());
        }
        bytes.extend_from_slice(&self.range_bytes_max.to_le_bytes());
        page.put_slice(0, &bytes);
        page.close(Column::Header, 0);
        page
    }

    /// Reads a first page.
    pub(crate) fn read(page: &Page) -> Result<Self, NotAHeader> {
        let number = |at: usize| page.bytes(at / 8, 8);
        let byte = |at: usize| page.payload().get(at).copied().unwrap_or_default();
        if page.slice(0, 8) != MAGIC {
            return Err(NotAHeader::Magic);
        }
        let version = u16::from_le_bytes([byte(8), byte(9)]);
        if version != VERSION {
            return Err(NotAHeader::Version(version));
        }
        if !page.is_whole(Column::Header, 0) {
            return Err(NotAHeader::Sum);
        }
        let header = Self {
            kind: Kind::of_code(byte(10)).ok_or(NotAHeader::Value)?,
            bucket_bits: byte(11),
            flags: Flags::of_bits(byte(12)).ok_or(NotAHeader::Value)?,
            entries: number(16),
            made_at_ms: number(24),
            sources_bytes: number(32),
            range_bytes_max: number(104),
            full: number(40 + 8 * 3) > 0 || number(16) == 0,
            large_pages: number(40 + 8 * 4),
        };
        // What is written again from what was read is the same page, or something in it says what a header cannot.
        let large_max = header.entries.div_ceil(header.a_page(Column::Large));
        let sane = header.bucket_bits <= BUCKET_BITS_MAX
            && header.entries < ENTRIES_MAX
            && header.sources_bytes <= SOURCES_BYTES_MAX
            && header.large_pages <= large_max;
        if sane && header.write() == *page { Ok(header) } else { Err(NotAHeader::Value) }
    }
}
