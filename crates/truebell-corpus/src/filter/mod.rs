//! A filter for phones and browsers: *no*, or *perhaps*, in nine bits an entry, as `docs/formats/filter.md` has it. Never here: anything that calls a password exposed.

mod build;
mod read;

pub use build::{NoFilter, write_filter};
pub use read::{Filter, NotAFilter};

/// The first bytes of every filter.
pub const FILTER_MAGIC: &[u8; 8] = b"TRBLFILT";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 64;
/// Bytes of the header before its sum.
const SUMMED_BYTES: usize = 60;
const SHARD_BYTES: usize = 24;
const SHARD_BITS_MAX: u8 = 20;
const SEGMENT_MAX: u32 = 1 << 18;

/// What the directory says about a shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shard {
    seed: u64,
    segment: u32,
    span: u32,
    length: u32,
    sum: u32,
}

impl Shard {
    fn write(self) -> [u8; SHARD_BYTES] {
        let mut bytes = [0; SHARD_BYTES];
        let fields = [self.segment, self.span, self.length, self.sum];
        for (to, from) in bytes.iter_mut().zip(self.seed.to_le_bytes().into_iter().chain(fields.into_iter().flat_map(u32::to_le_bytes))) {
            *to = from;
        }
        bytes
    }

    fn read(bytes: &[u8; SHARD_BYTES]) -> Self {
        let number = |at: usize| bytes.get(at..at + 4).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let seed = u64::from(number(4)) << 32 | u64::from(number(0));
        Self { seed, segment: number(8), span: number(12), length: number(16), sum: number(20) }
    }

    /// Whether its places are all within its fingerprints.
    fn adds_up(&self) -> bool {
        if self.length == 0 {
            return *self == Self::default();
        }
        let length = u64::from(self.span) + 2 * u64::from(self.segment);
        self.segment.is_power_of_two()
            && self.segment <= SEGMENT_MAX
            && self.span > 0
            && self.span.is_multiple_of(self.segment)
            && u64::from(self.length) == length
    }

    /// Whether the key may be among those it was made of.
    fn may_have(&self, key: u64, fingerprints: &[u8]) -> bool {
        let hash = mix(key.wrapping_add(self.seed));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the upper half of a product of 96 bits; then bits that a mask keeps; then a byte on purpose"
        )]
        let (first, second, third, print) = (
            ((u128::from(hash) * u128::from(self.span)) >> 64) as u32,
            (hash >> 18) as u32 & self.segment.wrapping_sub(1),
            hash as u32 & self.segment.wrapping_sub(1),
            (hash ^ (hash >> 32)) as u8,
        );
        let places = [first, (first + self.segment) ^ second, (first + 2 * self.segment) ^ third];
        let at = |place: u32| usize::try_from(place).ok().and_then(|place| fingerprints.get(place)).copied();
        match places.map(at) {
            [Some(first), Some(second), Some(third)] => first ^ second ^ third == print,
            // Only a shard without keys has no place for one.
            _ => false,
        }
    }
}

/// The finaliser of MurmurHash3 (Appleby, public domain).
const fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The shard of a key.
const fn shard_of(key: u64, bits: u8) -> u64 {
    if bits == 0 { 0 } else { key >> (64 - bits as u32) }
}

fn sum_of(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests;
