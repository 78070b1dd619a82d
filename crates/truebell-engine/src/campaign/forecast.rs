//! What is to be expected, and on what grounds, as numbers: what the review page shows beside what was found, and what the plan holds the
//! manifest against.

use super::binomial::{real, stop_above, stop_below};
use super::{Grade, Ppm};
use serde::{Deserialize, Serialize};

/// With which chance a sound number lies outside of a forecast, either way: one in a thousand.
const LN_ALPHA: f64 = -3.0 * std::f64::consts::LN_10;

/// A rate others measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseRate {
    /// 7 to 25 % of leaked pairs still verified at the site studied (Thomas et al. 2017).
    PairStillVerifies,
    /// 1.5 % of sign-ins used exposed credentials (Thomas et al. 2019).
    SignInsExposed,
    /// 26 % of warnings led to a new password (Thomas et al. 2019).
    WarningHeeded,
    /// 46 % reset after a mail, after 26 days on average (Huh et al. 2017).
    MailHeeded,
}

impl BaseRate {
    /// The lowest and the highest of what was measured.
    pub fn range(self) -> [Ppm; 2] {
        match self {
            Self::PairStillVerifies => [Ppm(70_000), Ppm(250_000)],
            Self::SignInsExposed => [Ppm(0), Ppm(15_000)],
            Self::WarningHeeded => [Ppm(260_000); 2],
            Self::MailHeeded => [Ppm(460_000); 2],
        }
    }
}

/// What is known before anything is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stocktaking {
    /// The stratum.
    pub stratum: String,
    /// Accounts whose own address stands in the list with a password.
    pub pairs: u64,
    /// Accounts with a linked address there.
    pub linked: u64,
    /// Accounts whose address stands there without one.
    pub addresses: u64,
    /// All accounts of the stratum.
    pub accounts: u64,
}

/// Why a number is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Grounds {
    /// So many, at a rate others measured.
    Rate {
        /// Of so many.
        of: u64,
        /// At this rate.
        rate: BaseRate,
    },
    /// It was counted.
    Counted,
}

/// How many of a grade are expected in a stratum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The stratum.
    pub stratum: String,
    /// The grade.
    pub grade: Grade,
    /// At least.
    pub low: u64,
    /// At most.
    pub high: u64,
    /// Why.
    pub grounds: Grounds,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// By stratum and grade.
    pub expected: Vec<Expected>,
    /// So many accounts will be reached at least, and at most: what goes into the plan.
    pub reached: [u64; 2],
    /// How many of all accounts that is at most.
    pub share: Ppm,
    /// Whether even the least of it is a larger share than anybody has measured of a whole site.
    pub unusual: bool,
    /// How many of those who are mailed choose a new password by themselves within a month.
    pub heeding: u64,
}

/// Works it out for the grades something is done on.
pub fn forecast(taken: &[Stocktaking], acting: &[Grade]) -> Forecast {
    let expected: Vec<_> = taken.iter().flat_map(of_stratum).filter(|expected| acting.contains(&expected.grade)).collect();
    let sum = |part: fn(&Expected) -> u64| expected.iter().map(part).fold(0, u64::saturating_add);
    let reached = [sum(|expected| expected.low), sum(|expected| expected.high)];
    let accounts = taken.iter().map(|stratum| stratum.accounts).fold(0, u64::saturating_add);
    let [least, share] = reached.map(|count| share_of_all(count, accounts));
    let [_, usual] = BaseRate::SignInsExposed.range();
    let [heeding, _] = BaseRate::MailHeeded.range();
    let heeding = u128::from(reached[1]) * u128::from(heeding.0) / 1_000_000;
    Forecast { expected, reached, share, unusual: least > usual, heeding: u64::try_from(heeding).unwrap_or(u64::MAX) }
}

fn share_of_all(count: u64, all: u64) -> Ppm {
    let ppm = (u128::from(count) * 1_000_000).div_ceil(u128::from(all.max(1)));
    Ppm(u32::try_from(ppm).unwrap_or(Ppm::ALL.0).min(Ppm::ALL.0))
}

fn of_stratum(taken: &Stocktaking) -> Vec<Expected> {
    let rate = |grade, of| {
        let [low, high] = BaseRate::PairStillVerifies.range();
        // The rate lies somewhere between, and the count around the rate.
        let (low, high) = (stop_below(of, low.rate(), LN_ALPHA), stop_above(of, high.rate(), LN_ALPHA));
        Expected { stratum: taken.stratum.clone(), grade, low, high, grounds: Grounds::Rate { of, rate: BaseRate::PairStillVerifies } }
    };
    let counted = |grade, count| Expected { stratum: taken.stratum.clone(), grade, low: count, high: count, grounds: Grounds::Counted };
    vec![rate(Grade::E1, taken.pairs), rate(Grade::E2, taken.linked), counted(Grade::E4, taken.addresses)]
}

impl Expected {
    /// Half way between.
    pub fn middle(&self) -> f64 {
        0.5 * (real(self.low) + real(self.high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> Stocktaking {
        Stocktaking { stratum: "ExampleForum, bcrypt".into(), pairs: 400, linked: 20, addresses: 900, accounts: 5_000 }
    }

    #[test]
    fn a_forecast_says_how_many_and_why() {
        let found = forecast(&[taken()], &[Grade::E1, Grade::E2]);
        insta::assert_snapshot!(serde_json::to_string_pretty(&found).unwrap(), @r#"
        {
          "expected": [
            {
              "stratum": "ExampleForum, bcrypt",
              "grade": "E1",
              "low": 14,
              "high": 127,
              "grounds": {
                "is": "rate",
                "of": 400,
                "rate": "pair-still-verifies"
              }
            },
            {
              "stratum": "ExampleForum, bcrypt",
              "grade": "E2",
              "low": 0,
              "high": 11,
              "grounds": {
                "is": "rate",
                "of": 20,
                "rate": "pair-still-verifies"
              }
            }
          ],
          "reached": [
            14,
            138
          ],
          "share": 27600,
          "unusual": false,
          "heeding": 63
        }
        "#);
    }

    #[test]
    fn what_was_found_of_a_sound_list_lies_between_and_a_dropped_predicate_does_not() {
        let [low, high] = forecast(&[taken()], &[Grade::E1]).reached;
        assert!((low..=high).contains(&60), "60 of 400 pairs: {low} to {high}");
        assert!(high < 400, "everybody is never expected");
        assert!(low > 5, "nor nobody");
    }

    #[test]
    fn nothing_is_expected_of_nothing() {
        let nothing = forecast(&[], &[Grade::E1]);
        assert_eq!((nothing.reached, nothing.heeding, nothing.unusual), ([0, 0], 0, false));
    }
}
