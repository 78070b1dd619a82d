//! Digests in any order, put in order within a given amount of memory: full buffers are sorted and written out as runs.

use super::{Input, Seen};
use crate::digest::{Digest, Kind};
use crate::flags::Flags;
use std::io::{self, Read, Write};

/// Bytes of one digest in memory.
const ENTRY_BYTES: usize = size_of::<Seen>();
/// Fewer than this at once is not worth a file.
const ENTRIES_MIN: usize = 1024;
/// Bytes of a record behind its digest: the count and the flags.
const RECORD_EXTRA_BYTES: usize = 9;

/// Sorts.
#[derive(Debug)]
pub struct Sorter {
    buffer: Vec<Seen>,
    room: usize,
}

impl Sorter {
    /// With so many bytes of memory.
    pub fn new(memory_bytes: usize) -> Self {
        Self { buffer: Vec::new(), room: (memory_bytes / ENTRY_BYTES).max(ENTRIES_MIN) }
    }

    /// Takes one. `true`: the buffer is full, and [`Self::write_run`] has to be called.
    #[must_use]
    pub fn push(&mut self, seen: Seen) -> bool {
        if self.buffer.capacity() == 0 {
            // At once, so that growing never needs twice the memory that was allowed.
            self.buffer.reserve_exact(self.room);
        }
        self.buffer.push(seen);
        self.buffer.len() >= self.room
    }

    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Writes what it has in order, each digest once, and begins anew. How many digests were written.
    ///
    /// # Errors
    /// Of the medium.
    pub fn write_run(&mut self, kind: Kind, mut out: impl Write) -> io::Result<u64> {
        self.buffer.sort_unstable_by_key(|seen| seen.digest);
        let mut written = 0;
        let mut seen = self.buffer.iter().copied();
        let mut last = seen.next();
        while let Some(mut whole) = last.take() {
            for next in seen.by_ref() {
                if next.digest != whole.digest {
                    last = Some(next);
                    break;
                }
                whole.add(&next);
            }
            write_record(kind, &whole, &mut out)?;
            written += 1;
        }
        self.buffer.clear();
        out.flush()?;
        Ok(written)
    }
}

fn write_record(kind: Kind, seen: &Seen, out: &mut impl Write) -> io::Result<()> {
    out.write_all(seen.digest.bytes(kind))?;
    out.write_all(&seen.count.to_le_bytes())?;
    out.write_all(&[seen.flags.bits()])
}

/// A run that was written, read again.
#[derive(Debug)]
pub struct Run<R> {
    kind: Kind,
    from: R,
    left: u64,
}

impl<R: Read> Run<R> {
    /// Bytes of a record, to find the `n`th.
    pub const fn record_bytes(kind: Kind) -> u64 {
        (kind.bytes() + RECORD_EXTRA_BYTES) as u64
    }

    /// A run of `left` digests from where the reader stands; it should be buffered.
    pub const fn new(kind: Kind, from: R, left: u64) -> Self {
        Self { kind, from, left }
    }

    /// Writes a digest as a run has it.
    ///
    /// # Errors
    /// Of the medium.
    pub fn write(kind: Kind, seen: &Seen, out: &mut impl Write) -> io::Result<()> {
        write_record(kind, seen, out)
    }
}

impl<R: Read> Input for Run<R> {
    type Error = io::Error;

    fn next_seen(&mut self) -> io::Result<Option<Seen>> {
        if self.left == 0 {
            return Ok(None);
        }
        let (mut digest, mut count, mut flags) = ([0; 20], [0; 8], [0; 1]);
        self.from.read_exact(digest.get_mut(..self.kind.bytes()).unwrap_or_default())?;
        self.from.read_exact(&mut count)?;
        self.from.read_exact(&mut flags)?;
        self.left -= 1;
        let flags = Flags::of_bits(flags[0]).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Some(Seen { digest: Digest::of_bytes(&digest), count: u64::from_le_bytes(count), flags }))
    }
}
