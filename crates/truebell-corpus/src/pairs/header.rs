//! The first 256 bytes of a file of pairs.

use super::read::PairsDamaged;
use super::{PAIR_BITS_MAX, PAIR_ENTRIES_MAX, PAIR_ENTRY_BYTES, PAIRS_MAGIC, SEAL_BYTES, SUM_BYTES};
use sha2::{Digest, Sha256};

pub(super) const HEADER_BYTES: usize = 256;
const SUMMED_BYTES: usize = HEADER_BYTES - SEAL_BYTES;
const FIELDS_BYTES: usize = 84;
const VERSION: u16 = 1;
const SUITE: u8 = 1;
const EXACT: u8 = 1;
const NEAR: u8 = 2;

/// What is in a file of pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairHeader {
    /// Bits of an address's hash that name its bucket.
    pub bits: u8,
    /// Whether there are entries for near variants.
    pub has_near: bool,
    /// Names the file.
    pub id: [u8; 16],
    /// The public half of the key it was made with.
    pub public_key: [u8; 32],
    /// How many different pairs.
    pub pairs: u64,
    /// When it was made, Unix milliseconds.
    pub made_at_ms: u64,
    /// Entries of each bucket.
    pub entries: u32,
}

impl PairHeader {
    pub(super) fn write(&self) -> [u8; HEADER_BYTES] {
        let classes = if self.has_near { EXACT | NEAR } else { EXACT };
        let [version_low, version_high] = VERSION.to_le_bytes();
        let fields = [
            PAIRS_MAGIC.as_slice(),
            &[version_low, version_high, SUITE, self.bits, classes, 0, 0, 0],
            &self.id,
            &self.public_key,
            &self.pairs.to_le_bytes(),
            &self.made_at_ms.to_le_bytes(),
            &self.entries.to_le_bytes(),
        ]
        .concat();
        let mut bytes = [0; HEADER_BYTES];
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        let (summed, sum) = bytes.split_at_mut(SUMMED_BYTES);
        sum.iter_mut().zip(Sha256::digest(summed)).for_each(|(to, from)| *to = from);
        bytes
    }

    pub(super) fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, PairsDamaged> {
        let mut rest = bytes.as_slice();
        if take::<8>(&mut rest) != *PAIRS_MAGIC {
            return Err(PairsDamaged::NotPairs);
        }
        let version = u16::from_le_bytes(take(&mut rest));
        let [suite, bits, classes] = take(&mut rest);
        if version != VERSION || suite != SUITE {
            return Err(PairsDamaged::Version(version, suite));
        }
        let (summed, sum) = bytes.split_at(SUMMED_BYTES);
        if Sha256::digest(summed).as_slice() != sum {
            return Err(PairsDamaged::Header);
        }
        let reserved = take::<3>(&mut rest);
        let header = Self {
            bits,
            has_near: classes & NEAR != 0,
            id: take(&mut rest),
            public_key: take(&mut rest),
            pairs: u64::from_le_bytes(take(&mut rest)),
            made_at_ms: u64::from_le_bytes(take(&mut rest)),
            entries: u32::from_le_bytes(take(&mut rest)),
        };
        let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        let fits = bits <= PAIR_BITS_MAX
            && matches!(classes, EXACT | 3)
            && (1..=PAIR_ENTRIES_MAX).contains(&header.entries)
            && is_zero(&reserved)
            && bytes.get(FIELDS_BYTES..SUMMED_BYTES).is_some_and(is_zero);
        if fits { Ok(header) } else { Err(PairsDamaged::Header) }
    }

    /// How many buckets there are.
    pub const fn buckets(&self) -> u32 {
        1 << self.bits
    }

    /// Bytes of a bucket with its sum.
    pub(super) const fn stride(&self) -> u64 {
        self.entries as u64 * PAIR_ENTRY_BYTES as u64 + SUM_BYTES as u64
    }

    /// Bytes of the whole file.
    pub const fn bytes(&self) -> u64 {
        HEADER_BYTES as u64 + self.stride() * self.buckets() as u64 + SEAL_BYTES as u64
    }
}

/// The next bytes of a header, which has more than are asked for.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (first, after) = rest.split_first_chunk().unwrap_or((&[0; N], &[]));
    *rest = after;
    *first
}
