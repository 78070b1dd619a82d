//! A filter before the index: a split-block Bloom filter (Putze, Sanders, Singler 2007; as in Parquet, with words of 64 bits). One cache line a question.

/// Bits an account.
const BITS: usize = 12;
const WORDS: usize = 8;

/// One cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Block([u64; WORDS]);

/// Odd numbers that spread 32 bits differently for each word (those of Parquet's specification).
const SALTS: [u32; WORDS] = [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// The filter.
pub(super) struct Sieve(Vec<Block>);

impl Sieve {
    /// Of keys that look random.
    pub(super) fn of(keys: &[u64]) -> Self {
        let count = (keys.len() * BITS).div_ceil(WORDS * 64).max(1);
        let mut sieve = Self(vec![Block::default(); count]);
        for key in keys {
            let at = sieve.block(*key);
            let Some(Block(words)) = sieve.0.get_mut(at) else { continue };
            for (word, bit) in words.iter_mut().zip(bits(*key)) {
                *word |= bit;
            }
        }
        sieve
    }

    pub(super) fn may_have(&self, key: u64) -> bool {
        let Some(Block(words)) = self.0.get(self.block(key)) else { return false };
        // Without an early end, so that all words are looked at together.
        words.iter().zip(bits(key)).fold(0, |missing, (word, bit)| missing | (!word & bit)) == 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Block>()
    }

    /// By the upper half.
    fn block(&self, key: u64) -> usize {
        let place = (u128::from(key >> 32) * self.0.len() as u128) >> 32;
        usize::try_from(place).unwrap_or_default()
    }
}

/// One bit of each word, by the lower half.
fn bits(key: u64) -> [u64; WORDS] {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
    let low = key as u32;
    SALTS.map(|salt| 1 << (low.wrapping_mul(salt) >> 26))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64.
    fn numbers(seed: u64) -> impl Iterator<Item = u64> {
        (1_u64..).map(move |step| {
            let mut mixed = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        })
    }

    #[test]
    fn what_is_in_it_always_passes_and_of_the_rest_one_in_some_two_hundred() {
        let keys: Vec<u64> = numbers(1).take(100_000).collect();
        let sieve = Sieve::of(&keys);
        assert!(keys.iter().all(|key| sieve.may_have(*key)));
        let passed = numbers(u64::MAX / 2).take(100_000).filter(|key| sieve.may_have(*key)).count();
        assert!((100..1_000).contains(&passed), "{passed} of 100,000 strangers passed");
        assert!(!Sieve::of(&[]).may_have(7), "an empty one lets nobody through");
        assert!(sieve.bytes() * 8 <= keys.len() * BITS + 512);
    }
}
