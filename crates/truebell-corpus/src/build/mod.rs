//! Making a corpus: sources give digests, a merge puts them in one order, and columns are written as they come. Memory does not grow with the corpus.
//!
//! ```text
//! hashes in order ───────────────────────┐
//! hashes, passwords ─ Sorter ─ runs ─────┴─ Merge ─ Writer ─ column files ─ assemble ─ one file
//! ```

mod assemble;
mod lines;
mod merge;
mod parse;
mod sort;
mod writer;

pub use assemble::assemble;
pub use lines::{LineError, Lines};
pub use merge::{Input, Merge};
pub use parse::{Form, Parsed, Problem, RangeFile, sniff};
pub use sort::{Run, Sorter};
pub use writer::{State, Writer, Written};

use crate::digest::Digest;
use crate::flags::Flags;

/// The highest count: what every JSON reader can hold. Sums stop there.
pub const COUNT_MAX: u64 = (1 << 53) - 1;

/// One digest on its way into a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The digest.
    pub digest: Digest,
    /// How often.
    pub count: u64,
    /// In what kind of list.
    pub flags: Flags,
}

impl Seen {
    /// The same digest, seen there too.
    pub(crate) fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count).min(COUNT_MAX);
        self.flags = self.flags.and(other.flags);
    }
}

/// How many of a key's bits choose its bucket, for about so many entries.
pub fn derive_bucket_bits(entries: u64) -> u8 {
    const ENTRIES_A_BUCKET: u64 = 48;
    let bits = (entries / ENTRIES_A_BUCKET).checked_ilog2().unwrap_or(0);
    u8::try_from(bits).unwrap_or(crate::header::BUCKET_BITS_MAX).min(crate::header::BUCKET_BITS_MAX)
}
