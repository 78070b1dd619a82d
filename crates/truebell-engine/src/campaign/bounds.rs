//! Rates as whole numbers, the bounds a plan sets them, and what a count says about its bounds.

use super::binomial::{ln_lower_tail, ln_upper_tail, stop_above};
use super::sequential::{ln_evidence_above, ln_evidence_below};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A rate in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Ppm(#[n(0)] pub u32);

impl Ppm {
    /// Everything.
    pub const ALL: Self = Self(1_000_000);

    /// As a number from 0 to 1.
    pub fn rate(self) -> f64 {
        f64::from(self.0.min(Self::ALL.0)) / 1e6
    }
}

/// Where a rate has to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Bounds {
    /// Below this something is broken (a parser, a reader, a verifier); 0 where there is no such bound.
    #[n(0)]
    pub low: Ppm,
    /// Above this something is broken the other way; [`Ppm::ALL`] where there is no such bound.
    #[n(1)]
    pub high: Ppm,
    /// With fewer looked at than this nothing is concluded.
    #[n(2)]
    pub samples_min: u64,
}

/// How often a test may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Errors {
    /// `a`: something sound stops the campaign with a chance of 10^-a.
    #[n(0)]
    pub alpha_exponent: u8,
    /// `b`: something broken passes with a chance of 10^-b, once as many were looked at as that takes.
    #[n(1)]
    pub beta_exponent: u8,
}

impl Errors {
    /// What `docs/formats/plan.md` recommends: one in a million, one in a thousand.
    pub const USUAL: Self = Self { alpha_exponent: 6, beta_exponent: 3 };

    /// The natural logarithm of the chance of stopping something sound.
    pub fn ln_alpha(self) -> f64 {
        -f64::from(self.alpha_exponent) * std::f64::consts::LN_10
    }

    /// The chance of stopping something sound.
    pub fn alpha(self) -> f64 {
        self.ln_alpha().exp()
    }

    /// The chance of passing something broken.
    pub fn beta(self) -> f64 {
        (-f64::from(self.beta_exponent) * std::f64::consts::LN_10).exp()
    }
}

/// How many were looked at, and how many of them are it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub looked: u64,
    /// How many of them.
    pub matched: u64,
}

impl Tally {
    /// With another count.
    pub fn plus(self, looked: u64, matched: u64) -> Self {
        let looked = self.looked.saturating_add(looked);
        Self { looked, matched: self.matched.saturating_add(matched).min(looked) }
    }
}

/// What a count says about its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Too few were looked at. Never success.
    TooLittleData,
    /// Enough were, and nothing speaks against it.
    Within,
    /// More than the bound allows.
    TooMany,
    /// Fewer than the bound allows.
    TooFew,
}

impl Bounds {
    /// A test that may be asked after every single look without being wrong more often for it.
    pub fn judge(&self, tally: Tally, errors: Errors) -> Verdict {
        let ln_needed = -errors.ln_alpha();
        if ln_evidence_above(tally, self.high.rate()) >= ln_needed {
            return Verdict::TooMany;
        }
        if ln_evidence_below(tally, self.low.rate()) >= ln_needed {
            return Verdict::TooFew;
        }
        if tally.looked < self.samples_min || tally.looked == 0 { Verdict::TooLittleData } else { Verdict::Within }
    }

    /// The same at a stage's end, where one look of the exact binomial test, which sees a little more, is added.
    pub fn judge_finally(&self, tally: Tally, errors: Errors) -> Verdict {
        let Tally { looked, matched } = tally;
        if self.high < Ppm::ALL && ln_upper_tail(matched, looked, self.high.rate()) <= errors.ln_alpha() {
            return Verdict::TooMany;
        }
        if self.low > Ppm(0) && ln_lower_tail(matched, looked, self.low.rate()) <= errors.ln_alpha() {
            return Verdict::TooFew;
        }
        self.judge(tally, errors)
    }

    /// Whether `samples_min` is enough to see something that is broken: a fifth matching, or half way from the bound to everything where that
    /// is more, passes the last look with no more than the chance it may.
    pub(super) fn see_faults(&self, errors: Errors) -> bool {
        let fault = if self.high.rate() <= 0.05 { 0.2 } else { 0.5 * (1.0 + self.high.rate()) };
        let passes = stop_above(self.samples_min, self.high.rate(), errors.ln_alpha());
        self.high == Ppm::ALL || ln_lower_tail(passes, self.samples_min, fault) <= errors.beta().ln()
    }

    /// Whether they are bounds at all.
    pub(super) fn are_sound(&self) -> bool {
        self.low <= self.high && self.high <= Ppm::ALL && self.samples_min > 0 && (self.low > Ppm(0) || self.high < Ppm::ALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { low: Ppm(1_000), high: Ppm(15_000), samples_min: 200 };

    #[test]
    fn each_tail_is_a_fault_and_no_data_is_never_success() {
        let cases = [
            ((0, 0), Verdict::TooLittleData),
            ((199, 1), Verdict::TooLittleData),
            ((200, 1), Verdict::Within),
            ((500, 12), Verdict::Within),
            ((4, 4), Verdict::TooMany),
            ((5_000, 200), Verdict::TooMany),
            ((50_000, 700), Verdict::Within),
            ((10_000, 0), Verdict::Within),
            ((20_000, 0), Verdict::TooFew),
        ];
        for ((looked, matched), expected) in cases {
            assert_eq!(BOUNDS.judge(Tally { looked, matched }, Errors::USUAL), expected, "{matched} of {looked}");
        }
    }

    #[test]
    fn the_last_look_stops_exactly_above_the_numbers_of_the_scenarios() {
        for (looked, most) in [(500, 23), (5_000, 119), (50_000, 883)] {
            let judge = |matched| BOUNDS.judge_finally(Tally { looked, matched }, Errors::USUAL);
            assert_eq!((judge(most), judge(most + 1)), (Verdict::Within, Verdict::TooMany), "{looked}");
        }
    }

    #[test]
    fn bounds_ask_for_as_many_samples_as_it_takes_to_see_a_fifth() {
        let with = |samples_min| Bounds { samples_min, ..BOUNDS }.see_faults(Errors::USUAL);
        let least = (1..1_000).find(|samples_min| with(*samples_min)).unwrap();
        assert_eq!(least, 121, "three times what a test that stops at the first chance needs on average");
        assert!(Bounds { high: Ppm::ALL, samples_min: 1, ..BOUNDS }.see_faults(Errors::USUAL), "without a bound there is nothing to see");
    }

    #[test]
    fn a_bound_that_is_none_stops_nothing() {
        let open = Bounds { low: Ppm(0), high: Ppm::ALL, samples_min: 1 };
        assert!(!open.are_sound());
        for matched in [0, 500, 1_000] {
            assert_eq!(open.judge_finally(Tally { looked: 1_000, matched }, Errors::USUAL), Verdict::Within);
        }
    }
}
