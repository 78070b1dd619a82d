//! Tests that may look after every sample. [`Sprt`] is Wald's, for one fault of a known size: it says how many samples that takes. The
//! evidence of [`ln_evidence_above`] and [`ln_evidence_below`] needs no size: it is what one would have won by betting against the bound
//! (a mixture of likelihood ratios, which is a supermartingale while the bound holds). By Ville's inequality it exceeds 1/α with a chance
//! of α at most, *however often and whenever one looks*. Both depend on the counts alone, so nothing but counts need be kept.

use super::binomial::{ln_add, real};
use super::bounds::Tally;

/// Wald's sequential probability ratio test (1945) of a rate `sound` against a rate `broken`.
#[derive(Debug, Clone, Copy)]
pub struct Sprt {
    hit: f64,
    miss: f64,
    broken_at: f64,
    sound_at: f64,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Look at more.
    Undecided,
    /// It is not broken in this way.
    Sound,
    /// It is.
    Broken,
}

/// `count · step`, where none of an impossible thing counts nothing.
fn times(count: u64, step: f64) -> f64 {
    if count == 0 { 0.0 } else { real(count) * step }
}

impl Sprt {
    /// Between two rates: calls a sound one broken with a chance of at most about `alpha`, a broken one sound with `beta`.
    pub fn new(sound: f64, broken: f64, alpha: f64, beta: f64) -> Self {
        Self {
            hit: (broken / sound).ln(),
            miss: ((1.0 - broken) / (1.0 - sound)).ln(),
            broken_at: ((1.0 - beta) / alpha).ln(),
            sound_at: (beta / (1.0 - alpha)).ln(),
        }
    }

    /// The logarithm of the likelihood ratio.
    pub fn ln_ratio(&self, tally: Tally) -> f64 {
        times(tally.matched, self.hit) + times(tally.looked.saturating_sub(tally.matched), self.miss)
    }

    /// What it says after these.
    pub fn decide(&self, tally: Tally) -> Decision {
        let ratio = self.ln_ratio(tally);
        if ratio >= self.broken_at {
            Decision::Broken
        } else if ratio <= self.sound_at {
            Decision::Sound
        } else {
            Decision::Undecided
        }
    }

    /// Wald's estimate of the samples it takes to see that something is broken whose real rate is this: the way to go over the mean step.
    /// It counts no overshoot, so the real number is up to one step more. Infinite where it is not expected to get there.
    pub fn samples_until_broken(&self, rate: f64) -> f64 {
        let misses = if rate >= 1.0 { 0.0 } else { (1.0 - rate) * self.miss };
        let step = rate * self.hit + misses;
        if step > 0.0 { self.broken_at / step } else { f64::INFINITY }
    }
}

/// By how much the odds of the alternatives differ from the bound's: from a little more to nearly everything. A sixteenth of the stake is on
/// each, and the last sixteenth on *all of them* (or *none*).
const ODDS: [f64; 15] = [1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 20.0, 50.0, 200.0, 2000.0];
/// `ln 16`.
const LN_STAKES: f64 = 4.0 * std::f64::consts::LN_2;

/// How much (as a logarithm) these counts speak for a rate above `bound`. Nothing speaks for a rate above 1.
pub fn ln_evidence_above(tally: Tally, bound: f64) -> f64 {
    let (hits, misses) = (tally.matched, tally.looked.saturating_sub(tally.matched));
    if bound >= 1.0 {
        return 0.0;
    }
    if bound <= 0.0 {
        return if hits > 0 { f64::INFINITY } else { 0.0 };
    }
    let all = if misses == 0 { times(hits, -bound.ln()) } else { f64::NEG_INFINITY };
    let sum = ODDS.iter().fold(all, |sum, odds| {
        // The alternative's odds are the bound's times these; so a miss is rarer by `1 / (1 - bound + odds·bound)`, a hit likelier.
        let ln_miss = -(bound * (odds - 1.0)).ln_1p();
        ln_add(sum, times(hits, ln_miss + odds.ln()) + times(misses, ln_miss))
    });
    sum - LN_STAKES
}

/// How much these counts speak for a rate below `bound`.
pub fn ln_evidence_below(tally: Tally, bound: f64) -> f64 {
    ln_evidence_above(Tally { looked: tally.looked, matched: tally.looked.saturating_sub(tally.matched) }, 1.0 - bound)
}

#[cfg(test)]
mod tests {
    use super::super::binomial::ln_probability;
    use super::*;
    use proptest::prelude::*;

    /// SplitMix64 (Steele, Lea, Flood 2014) as coins.
    struct Coins(u64);

    impl Coins {
        fn hit(&mut self, rate: f64) -> bool {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            real(mixed >> 11) < rate * real(1 << 53)
        }
    }

    /// In how many of `runs` the evidence passes 1/α at any of `samples` looks.
    fn stops(runs: u64, samples: u64, rate: f64, alpha: f64, evidence: impl Fn(Tally) -> f64) -> u64 {
        let mut stopped = 0;
        for run in 0..runs {
            let (mut coins, mut tally) = (Coins(run.wrapping_mul(0x5851_f42d_4c95_7f2d)), Tally::default());
            for _ in 0..samples {
                tally = tally.plus(1, u64::from(coins.hit(rate)));
                if evidence(tally) >= -alpha.ln() {
                    stopped += 1;
                    break;
                }
            }
        }
        stopped
    }

    fn all(count: u64) -> Tally {
        Tally { looked: count, matched: count }
    }

    #[test]
    fn the_numbers_of_the_scenarios_are_walds() {
        // "all match after 3 samples, 20 % after about 39": Wald's estimates at 1.5 %, alpha 1e-6 and beta 1e-3, rounded.
        let everything = Sprt::new(0.015, 1.0, 1e-6, 1e-3).samples_until_broken(1.0);
        let fifth = Sprt::new(0.015, 0.2, 1e-6, 1e-3).samples_until_broken(0.2);
        assert!((3.28..3.30).contains(&everything), "{everything}");
        assert!((39.0..39.5).contains(&fifth), "{fifth}");
    }

    #[test]
    fn everything_matching_stops_with_the_first_sample_at_which_any_test_of_one_in_a_million_can() {
        // Three of three happen by chance three times in a million (0.015³), so a test at 1e-6 that stopped there would break its word.
        let everything = Sprt::new(0.015, 1.0, 1e-6, 1e-3);
        let said: Vec<_> = (1..=4).map(|count| everything.decide(all(count))).collect();
        assert_eq!(said, [Decision::Undecided, Decision::Undecided, Decision::Undecided, Decision::Broken]);
        assert!(ln_probability(3, 3, 0.015) > 1e-6_f64.ln() && ln_probability(4, 4, 0.015) < 1e-6_f64.ln());
        // Against 1 % it is three, to the last digit.
        assert_eq!(Sprt::new(0.01, 1.0, 1e-6, 1e-3).decide(all(3)), Decision::Broken);
        // And the test that needs no size is no slower.
        assert!(ln_evidence_above(all(3), 0.015) < -(1e-6_f64.ln()) && ln_evidence_above(all(4), 0.015) >= -(1e-6_f64.ln()));
    }

    #[test]
    fn one_miss_clears_the_suspicion_that_everything_matches() {
        let everything = Sprt::new(0.015, 1.0, 1e-6, 1e-3);
        assert_eq!(everything.decide(Tally { looked: 3, matched: 2 }), Decision::Sound);
        assert_eq!(everything.decide(Tally::default()), Decision::Undecided, "and no data clears nothing");
    }

    #[test]
    fn a_fifth_matching_is_stopped_after_about_39() {
        let test = Sprt::new(0.015, 0.2, 1e-6, 1e-3);
        let mut total = 0;
        for run in 0..2_000_u64 {
            let (mut coins, mut tally) = (Coins(run * 7 + 1), Tally::default());
            while test.decide(tally) == Decision::Undecided {
                tally = tally.plus(1, u64::from(coins.hit(0.2)));
            }
            total += tally.looked;
        }
        let mean = real(total) / 2_000.0;
        assert!((38.0..46.0).contains(&mean), "{mean}: Wald's 39 and its overshoot");
    }

    #[test]
    fn walds_errors_are_kept() {
        let test = Sprt::new(0.015, 0.2, 0.01, 0.01);
        let wrong = |rate: f64, wrong: Decision| {
            let runs = (0..4_000_u64).filter(|run| {
                let (mut coins, mut tally) = (Coins(run * 11 + 3), Tally::default());
                while test.decide(tally) == Decision::Undecided {
                    tally = tally.plus(1, u64::from(coins.hit(rate)));
                }
                test.decide(tally) == wrong
            });
            runs.count()
        };
        let (false_stops, misses) = (wrong(0.015, Decision::Broken), wrong(0.2, Decision::Sound));
        assert!(false_stops <= 60 && misses <= 60, "{false_stops} false stops and {misses} misses in 4,000, of 40 allowed on average");
    }

    #[test]
    fn looking_after_every_sample_stops_the_sound_no_more_often_than_promised() {
        // 2,000 runs at 5 %: 100 on average at most; 140 is four standard deviations more.
        let above = stops(2_000, 1_500, 0.015, 0.05, |tally| ln_evidence_above(tally, 0.015));
        let below = stops(2_000, 1_500, 0.15, 0.05, |tally| ln_evidence_below(tally, 0.15));
        let better = stops(2_000, 1_500, 0.008, 0.05, |tally| ln_evidence_above(tally, 0.015));
        assert!(above <= 140 && below <= 140, "{above} above, {below} below");
        assert!(better <= above && above > 0, "{better}, {above}");
    }

    #[test]
    fn what_is_broken_is_stopped_either_way() {
        let needed = 1e-6;
        assert_eq!(stops(200, 400, 0.2, needed, |tally| ln_evidence_above(tally, 0.015)), 200, "a fifth");
        assert_eq!(stops(200, 2_000, 0.06, needed, |tally| ln_evidence_above(tally, 0.015)), 200, "four times the bound");
        assert_eq!(stops(200, 600, 0.0, needed, |tally| ln_evidence_below(tally, 0.05)), 200, "nothing, where a twentieth should");
    }

    proptest! {
        #[test]
        fn the_evidence_is_expected_to_win_nothing_while_the_bound_holds(n in 1_u64..60, thousandths in 1_u64..999, part in 0_u64..=1000) {
            // The mean over every possible count, exactly: what makes it a supermartingale.
            let bound = real(thousandths) / 1000.0;
            let rate = bound * real(part) / 1000.0;
            let mean = |rate: f64, evidence: &dyn Fn(Tally) -> f64| -> f64 {
                (0..=n).map(|k| (ln_probability(k, n, rate) + evidence(Tally { looked: n, matched: k })).exp()).sum()
            };
            let above = mean(rate, &|tally| ln_evidence_above(tally, bound));
            let below = mean(1.0 - rate, &|tally| ln_evidence_below(tally, 1.0 - bound));
            prop_assert!(above <= 1.0 + 1e-9 && below <= 1.0 + 1e-9, "{above} and {below}");
        }

        #[test]
        fn a_mean_at_the_bound_is_one(n in 1_u64..60, thousandths in 1_u64..999) {
            let bound = real(thousandths) / 1000.0;
            let mean: f64 = (0..=n).map(|k| (ln_probability(k, n, bound) + ln_evidence_above(Tally { looked: n, matched: k }, bound)).exp()).sum();
            prop_assert!((mean - 1.0).abs() < 1e-9, "{mean}");
        }
    }
}
