//! Drawing one of several, all equally likely.

use crate::chance::{Chance, make_array};

/// A number below `bound`, which is at least 1. What would favour small numbers is drawn again.
pub(super) fn draw_below(chance: &mut dyn Chance, bound: u32) -> u32 {
    let bound = bound.max(1);
    // The largest multiple of `bound` that fits, less one: each remainder is as frequent as the others up to here.
    let highest = u32::MAX - (u32::MAX % bound + 1) % bound;
    loop {
        let drawn = u32::from_be_bytes(make_array(chance));
        if drawn <= highest {
            return drawn % bound;
        }
    }
}

/// One of `choices`; nothing of nothing.
pub(super) fn draw_one<'a, T>(chance: &mut dyn Chance, choices: &'a [T]) -> Option<&'a T> {
    let bound = u32::try_from(choices.len()).ok()?;
    choices.get(usize::try_from(draw_below(chance, bound)).ok()?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing::Seeded;

    /// Asserts that the counts of equally likely results lie within five standard deviations of what chi-square expects, both
    /// ways: too even is as suspicious as too uneven.
    pub(crate) fn assert_uniform(counts: &[u32]) {
        let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        let classes = f64::from(u32::try_from(counts.len()).unwrap());
        let expected = total / classes;
        assert!(expected >= 50.0, "too few draws to tell");
        let statistic: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        let (mean, deviation) = (classes - 1.0, (2.0 * (classes - 1.0)).sqrt());
        assert!((statistic - mean).abs() < 5.0 * deviation, "chi-square {statistic} for {classes} classes");
    }

    fn counts(bound: u32, draws: u32, mut draw: impl FnMut() -> u32) -> Vec<u32> {
        let mut counts = vec![0; usize::try_from(bound).unwrap()];
        (0..draws).for_each(|_| counts[usize::try_from(draw()).unwrap()] += 1);
        counts
    }

    #[test]
    fn each_number_below_a_bound_is_equally_likely() {
        for bound in [2, 10, 26, 63, 100, 1000] {
            let mut chance = Seeded::new(u64::from(bound));
            assert_uniform(&counts(bound, 400_000, || draw_below(&mut chance, bound)));
        }
    }

    /// The check above must be able to fail: this is the mistake it looks for.
    #[test]
    #[should_panic(expected = "chi-square")]
    fn a_remainder_of_a_byte_is_found_to_be_biased() {
        let mut chance = Seeded::new(1);
        assert_uniform(&counts(10, 400_000, || u32::from(make_array::<1>(&mut chance)[0]) % 10));
    }

    /// Gives these words, then zeros.
    struct Fixed(Vec<u32>);

    impl Chance for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.pop().unwrap_or_default().to_be_bytes());
        }
    }

    #[test]
    fn what_would_favour_small_numbers_is_drawn_again() {
        for (words, bound, expected) in [
            // 2^32 = 429,496,729 * 10 + 6: the last six are refused.
            (vec![3, u32::MAX], 10, 3),
            (vec![3, u32::MAX - 5], 10, 3),
            (vec![3, u32::MAX - 6], 10, 9),
            (vec![3, u32::MAX], 2, 1),
            (vec![7, u32::MAX], 1, 0),
            (vec![7, u32::MAX], u32::MAX, 7),
            (vec![7, u32::MAX], 0, 0),
        ] {
            assert_eq!(draw_below(&mut Fixed(words), bound), expected);
        }
        assert_eq!(draw_one::<u8>(&mut Fixed(vec![]), &[]), None);
    }
}
