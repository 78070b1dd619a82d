//! The exact binomial distribution, in logarithms, so that a chance of 10^-300 is a number and not zero.
//!
//! Single terms by the saddle-point expansion (C. Loader, *Fast and Accurate Computation of Binomial Probabilities*, 2000), which cancels
//! nothing; tails as sums from the largest term outwards, until a term no longer counts.

use std::f64::consts::TAU;

/// A term this much smaller (as a logarithm) than the sum so far adds nothing a double can hold.
const LN_NEGLIGIBLE: f64 = -45.0;

/// Counts as doubles: exact up to 2^53, which no list reaches.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53, and a count of accounts stays far below")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

/// `ln(e^a + e^b)`.
pub(super) fn ln_add(a: f64, b: f64) -> f64 {
    let (larger, smaller) = if a >= b { (a, b) } else { (b, a) };
    if smaller == f64::NEG_INFINITY { larger } else { larger + (smaller - larger).exp().ln_1p() }
}

/// The error of Stirling's formula: `ln n! - ln(√(2πn) (n/e)^n)`.
fn stirling_error(n: u64) -> f64 {
    let x = real(n);
    if n < 16 {
        let factorial: f64 = (1..=n).map(real).product();
        return if n == 0 { 0.0 } else { factorial.ln() - (0.5 * (TAU * x).ln() + x * x.ln() - x) };
    }
    let square = x * x;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square) / x
}

/// The deviance term `x ln(x/m) + m - x`, without cancelling where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let v = (x - mean) / (x + mean);
    let (mut sum, mut term) = ((x - mean) * v, 2.0 * x * v);
    for j in 1..1_000_u32 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln P(X = hits)` for `X` binomial over `trials` with this rate. Minus infinity where it cannot be.
pub fn ln_probability(hits: u64, trials: u64, rate: f64) -> f64 {
    if hits > trials || !(0.0..=1.0).contains(&rate) {
        return f64::NEG_INFINITY;
    }
    let misses = trials - hits;
    let (x, y, n) = (real(hits), real(misses), real(trials));
    match (hits, misses) {
        (0, 0) => 0.0,
        (0, _) => y * (-rate).ln_1p(),
        (_, 0) => x * rate.ln(),
        _ if rate <= 0.0 || rate >= 1.0 => f64::NEG_INFINITY,
        _ => {
            let stirling = stirling_error(trials) - stirling_error(hits) - stirling_error(misses);
            let deviances = deviance(x, n * rate) + deviance(y, n * (1.0 - rate));
            0.5 * (n / (TAU * x * y)).ln() + stirling - deviances
        }
    }
}

/// Adds up terms from `start` in one direction, each made from the one before by its ratio.
fn ln_sum(trials: u64, start: u64, rate: f64, upwards: bool) -> f64 {
    let odds = rate / (1.0 - rate);
    let mut term = ln_probability(start, trials, rate);
    let (mut sum, mut at) = (term, start);
    loop {
        let ratio = if upwards {
            if at >= trials {
                return sum;
            }
            at += 1;
            real(trials - at + 1) / real(at) * odds
        } else {
            if at == 0 {
                return sum;
            }
            at -= 1;
            real(at + 1) / (real(trials - at) * odds)
        };
        term += ratio.ln();
        sum = ln_add(sum, term);
        // Beyond the middle ratios only fall, so what is left is below this term over one minus its ratio.
        if ratio < 1.0 && term - (1.0 - ratio).ln() < sum + LN_NEGLIGIBLE {
            return sum;
        }
    }
}

/// `ln(1 - e^x)` for `x ≤ 0` (Mächler 2012).
fn ln_complement(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// `ln P(X ≥ hits)`.
pub fn ln_upper_tail(hits: u64, trials: u64, rate: f64) -> f64 {
    if hits == 0 || (rate >= 1.0 && hits <= trials) {
        return 0.0;
    }
    if hits > trials || rate <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if real(hits) >= real(trials) * rate {
        ln_sum(trials, hits, rate, true).min(0.0)
    } else {
        ln_complement(ln_sum(trials, hits - 1, rate, false).min(0.0))
    }
}

/// `ln P(X ≤ hits)`.
pub fn ln_lower_tail(hits: u64, trials: u64, rate: f64) -> f64 {
    ln_upper_tail(trials.saturating_sub(hits), trials, 1.0 - rate)
}

/// The most hits of `trials` that do not yet stop: the smallest `c` with `P(X > c) ≤ e^ln_alpha`.
pub fn stop_above(trials: u64, rate: f64, ln_alpha: f64) -> u64 {
    // Bisection over a function that only falls: `stops` is known to stop (more than all of them is impossible).
    let (mut low, mut stops) = (0, trials);
    while low < stops {
        let middle = low + (stops - low) / 2;
        if ln_upper_tail(middle + 1, trials, rate) <= ln_alpha { stops = middle } else { low = middle + 1 }
    }
    stops
}

/// The fewest hits of `trials` that do not yet stop: the largest `c` with `P(X < c) ≤ e^ln_alpha`.
pub fn stop_below(trials: u64, rate: f64, ln_alpha: f64) -> u64 {
    trials - stop_above(trials, 1.0 - rate, ln_alpha)
}

/// The highest rate that none among `trials` leaves possible with this confidence: `1 - (1 - confidence)^(1/n)`. 1 for no trials.
pub fn rate_below_when_none(trials: u64, confidence: f64) -> f64 {
    if trials == 0 { 1.0 } else { -((-confidence).ln_1p() / real(trials)).exp_m1() }
}

/// The highest rate that these hits leave possible with this confidence (Clopper and Pearson 1934, upper bound), found by bisection.
pub fn rate_below(hits: u64, trials: u64, confidence: f64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    let ln_left = (-confidence).ln_1p();
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if ln_lower_tail(hits, trials, middle) > ln_left { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LN_ONE_IN_A_MILLION: f64 = -6.0 * std::f64::consts::LN_10;

    #[test]
    fn the_numbers_of_the_scenarios_are_these() {
        for (trials, most) in [(500, 23), (5_000, 119), (50_000, 883)] {
            assert_eq!(stop_above(trials, 0.015, LN_ONE_IN_A_MILLION), most, "of {trials}");
            assert!(ln_upper_tail(most + 1, trials, 0.015) <= LN_ONE_IN_A_MILLION);
            assert!(ln_upper_tail(most, trials, 0.015) > LN_ONE_IN_A_MILLION);
        }
        let none_in_a_thousand = rate_below_when_none(1_000, 0.99);
        assert!((0.004_59..0.004_60).contains(&none_in_a_thousand), "{none_in_a_thousand}");
        assert!((rate_below(0, 1_000, 0.99) - none_in_a_thousand).abs() < 1e-12, "and the general bound agrees");
    }

    #[test]
    fn what_cannot_be_has_no_probability_and_what_must_be_has_all() {
        assert_eq!(ln_upper_tail(0, 10, 0.3), 0.0);
        assert_eq!(ln_upper_tail(11, 10, 0.3), f64::NEG_INFINITY);
        assert_eq!((ln_upper_tail(1, 10, 0.0), ln_upper_tail(10, 10, 1.0)), (f64::NEG_INFINITY, 0.0));
        assert_eq!((ln_lower_tail(10, 10, 0.5), ln_lower_tail(9, 10, 1.0)), (0.0, f64::NEG_INFINITY));
        assert_eq!((stop_above(0, 0.015, -1.0), rate_below_when_none(0, 0.99), rate_below(3, 3, 0.99)), (0, 1.0, 1.0));
    }

    #[test]
    fn far_tails_stay_numbers() {
        let all = ln_upper_tail(100_000, 100_000, 0.015);
        assert!((all - 100_000.0 * 0.015_f64.ln()).abs() < 1e-6, "{all}");
        let none = ln_lower_tail(0, 10_000_000, 0.015);
        assert!((none - 10_000_000.0 * (-0.015_f64).ln_1p()).abs() < 1e-6, "{none}");
    }

    #[test]
    fn a_tail_of_ten_million_is_what_the_normal_law_says_it_is() {
        // Five standard deviations above: 2.87e-7 by the normal law; the skew of a rare event makes it a little more.
        let (n, p) = (10_000_000_u64, 0.015);
        let hits = 150_000 + 5 * 384 + 2;
        let tail = ln_upper_tail(hits, n, p).exp();
        assert!((2.7e-7..3.3e-7).contains(&tail), "{tail}");
    }

    /// Every term by its definition, in integers over a common denominator: right, and slow.
    fn brute_upper_tail(hits: u64, trials: u64, thousandths: u64) -> f64 {
        let choose = |k: u64| (1..=k).fold(1_f64, |value, i| value * real(trials - k + i) / real(i));
        let p = real(thousandths) / 1000.0;
        let power = |base: f64, times: u64| (0..times).fold(1.0, |value: f64, _| value * base);
        (hits..=trials).map(|k| choose(k) * power(p, k) * power(1.0 - p, trials - k)).sum()
    }

    proptest! {
        #[test]
        fn tails_agree_with_brute_force(trials in 0_u64..120, hits in 0_u64..125, thousandths in 1_u64..1000) {
            let (fast, slow) = (ln_upper_tail(hits, trials, real(thousandths) / 1000.0).exp(), brute_upper_tail(hits, trials, thousandths));
            prop_assert!((fast - slow).abs() <= 1e-10 * slow.max(1e-280), "{fast} and {slow}");
        }

        #[test]
        fn both_tails_and_what_lies_between_are_everything(trials in 1_u64..100_000, part in 0_u64..=1000, thousandths in 1_u64..1000) {
            let (hits, rate) = (trials * part / 1000, real(thousandths) / 1000.0);
            let above = if hits == trials { 0.0 } else { ln_upper_tail(hits + 1, trials, rate).exp() };
            prop_assert!((above + ln_lower_tail(hits, trials, rate).exp() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn the_bound_is_the_first_that_stops(trials in 1_u64..3_000, thousandths in 1_u64..999, exponent in 1_u32..9) {
            let (rate, ln_alpha) = (real(thousandths) / 1000.0, -f64::from(exponent) * std::f64::consts::LN_10);
            let most = stop_above(trials, rate, ln_alpha);
            prop_assert!(ln_upper_tail(most + 1, trials, rate) <= ln_alpha);
            prop_assert!(most == 0 || ln_upper_tail(most, trials, rate) > ln_alpha);
            let least = stop_below(trials, rate, ln_alpha);
            prop_assert!(least == 0 || ln_lower_tail(least - 1, trials, rate) <= ln_alpha);
            prop_assert!(ln_lower_tail(least, trials, rate) > ln_alpha);
        }
    }
}
