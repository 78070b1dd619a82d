//! The bytes of a file of pairs: a header, buckets that are all of one size, a seal (`docs/formats/pairs.md`). Never here: an address, a password, or the key by which entries were made.

mod header;
mod read;
mod write;

pub use header::PairHeader;
pub use read::{PairBytes, Pairs, PairsDamaged};
pub use write::{NotWritten, derive_bits, write_pairs};

/// The first bytes of every file of pairs.
pub const PAIRS_MAGIC: &[u8; 8] = b"TRBLPAIR";
/// Bytes of an entry.
pub const PAIR_ENTRY_BYTES: usize = 16;
/// Most entries of a bucket.
pub const PAIR_ENTRIES_MAX: u32 = 1 << 18;
/// Most bits of an address's hash that name a bucket.
pub const PAIR_BITS_MAX: u8 = 20;
const SUM_BYTES: usize = 4;
const SEAL_BYTES: usize = 32;

/// The sum of a bucket says that it is whole and in its place.
fn sum_of(bucket: u32, entries: &[u8]) -> [u8; SUM_BYTES] {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&bucket.to_le_bytes());
    hash.update(entries);
    hash.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests;
