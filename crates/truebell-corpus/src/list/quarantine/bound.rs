//! The Chernoff-Hoeffding bound of a binomial's tails: never below the tail itself, and without a sum over millions of terms.

/// How seldom a genuine list may be stopped by one test.
pub(super) const ALPHA: f64 = 1e-6;

/// Kullback-Leibler divergence of two coins, in nats.
fn divergence(share: f64, expected: f64) -> f64 {
    let term = |part: f64, of: f64| if part <= 0.0 { 0.0 } else { part * (part / of).ln() };
    term(share, expected) + term(1.0 - share, 1.0 - expected)
}

#[expect(clippy::cast_precision_loss, reason = "counts of records stay far below 2^53")]
pub(super) fn share(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// At most this likely: `count` of `of` or fewer, where each is one with probability `expected`.
pub(super) fn low_tail(count: u64, of: u64, expected: f64) -> f64 {
    let share_of = share(count, of);
    if share_of >= expected { 1.0 } else { chernoff(share_of, of, expected) }
}

/// At most this likely: `count` of `of` or more.
pub(super) fn high_tail(count: u64, of: u64, expected: f64) -> f64 {
    let share_of = share(count, of);
    if share_of <= expected { 1.0 } else { chernoff(share_of, of, expected) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of records stay far below 2^53")]
fn chernoff(share: f64, of: u64, expected: f64) -> f64 {
    (-(of as f64) * divergence(share, expected)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tail itself, summed.
    fn exact_low(count: u64, of: u64, expected: f64) -> f64 {
        let mut term = (1.0 - expected).powi(i32::try_from(of).unwrap());
        let mut sum = term;
        for at in 0..count {
            term *= share(of - at, at + 1) * expected / (1.0 - expected);
            sum += term;
        }
        sum
    }

    #[test]
    fn the_bound_is_never_below_the_tail_and_meets_it_at_its_end() {
        for (of, expected) in [(20, 0.5), (100, 0.03), (400, 0.25), (1000, 0.01)] {
            for count in 0..of {
                let (low, exact) = (low_tail(count, of, expected), exact_low(count, of, expected));
                assert!(low >= exact * 0.999_999, "{count} of {of}: {low} below {exact}");
                let high = high_tail(of - count, of, 1.0 - expected);
                assert!((high - low).abs() <= 1e-9 * low.max(1e-300), "{count} of {of}: {high}, {low}");
            }
            assert!((low_tail(0, of, expected) / exact_low(0, of, expected) - 1.0).abs() < 1e-9);
        }
        assert!((low_tail(0, 0, 0.5) - 1.0).abs() < f64::EPSILON);
    }
}
