//! Writing a file of pairs from its entries, each bucket filled up to the size of the fullest.

use super::header::PairHeader;
use super::{PAIR_BITS_MAX, PAIR_ENTRIES_MAX, PAIR_ENTRY_BYTES, sum_of};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// A bucket has as many entries on average, or more.
const ENTRIES_MIN: u64 = 512;

/// Why a file of pairs is not written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// Of the place.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// Answers would be longer than clients read.
    #[error("{0} pairs fall into one bucket, and at most 262143 can: one address has too many passwords in these lists")]
    TooFull(u64),
    /// Entries that are not in order of place, or a place that is none.
    #[error("the entries are not in order")]
    Order,
}

/// How many bits of an address's hash name a bucket, for so many entries.
pub fn derive_bits(entries: u64) -> u8 {
    (0..=PAIR_BITS_MAX).rev().find(|bits| entries >> bits >= ENTRIES_MIN).unwrap_or(0)
}

/// Writes a file. `entries` are in order of their places (20 bits); `header` gives all but the bits and the size of buckets, which follow from the entries. `beacon` gives the entry that each bucket
/// ends with, from its number and what is before; `fill` gives random bytes, of which everything else is made.
///
/// # Errors
/// [`NotWritten`].
pub fn write_pairs(
    header: PairHeader,
    entries: &[(u32, [u8; PAIR_ENTRY_BYTES])],
    beacon: &mut dyn FnMut(u32, &[u8]) -> [u8; PAIR_ENTRY_BYTES],
    fill: &mut dyn FnMut(&mut [u8]),
    out: &mut dyn Write,
) -> Result<PairHeader, NotWritten> {
    let is_ordered = entries.is_sorted_by_key(|(place, _)| *place) && entries.last().is_none_or(|(place, _)| *place < 1 << PAIR_BITS_MAX);
    if !is_ordered {
        return Err(NotWritten::Order);
    }
    let bits = derive_bits(entries.len() as u64);
    let bucket_of = |entry: &(u32, [u8; PAIR_ENTRY_BYTES])| entry.0 >> (PAIR_BITS_MAX - bits);
    let fullest = entries.chunk_by(|one, other| bucket_of(one) == bucket_of(other)).map(<[_]>::len).max().unwrap_or(0);
    let size = u32::try_from(fullest + 1).ok().filter(|size| *size <= PAIR_ENTRIES_MAX).ok_or(NotWritten::TooFull(fullest as u64))?;
    let header = PairHeader { bits, entries: size, ..header };
    let mut out = Hashed { hash: Sha256::new(), out };
    out.write(&header.write())?;
    let mut rest = entries;
    let mut bucket = vec![[0; PAIR_ENTRY_BYTES]; fullest];
    for number in 0..header.buckets() {
        let (here, after) = rest.split_at(rest.iter().take_while(|entry| bucket_of(entry) == number).count());
        rest = after;
        fill(bucket.as_flattened_mut());
        bucket.iter_mut().zip(here).for_each(|(to, (_, entry))| *to = *entry);
        // In order, so that their places say nothing about which is what.
        bucket.sort_unstable();
        bucket.push(beacon(number, bucket.as_flattened()));
        out.write(bucket.as_flattened())?;
        out.write(&sum_of(number, bucket.as_flattened()))?;
        bucket.pop();
    }
    let seal = out.hash.clone().finalize();
    out.write(&seal)?;
    out.out.flush()?;
    Ok(header)
}

struct Hashed<'a> {
    hash: Sha256,
    out: &'a mut dyn Write,
}

impl Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
}
