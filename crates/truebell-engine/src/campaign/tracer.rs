//! Tracers: accounts planted in the site's table of which it is known whether they match.

use super::Tracers;
use serde::{Deserialize, Serialize};

/// What was found of the tracers, by the way findings are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracerReport {
    /// Of those that must match: how many were looked at.
    pub must_looked: u64,
    /// How many of them matched.
    pub must_matched: u64,
    /// Of those that must not: how many were looked at.
    pub must_not_looked: u64,
    /// How many of them matched.
    pub must_not_matched: u64,
}

/// What that says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TracerVerdict {
    /// All of them are as they should be.
    Sound,
    /// Not all were looked at: nothing is known.
    Incomplete,
    /// One matched that must not: real people do as well.
    Struck,
    /// One did not match that must: something is not found.
    Missed,
}

impl TracerReport {
    /// Judges it. Tracers are planted, so one that is wrong is a fault and not chance.
    pub fn judge(&self, tracers: &Tracers) -> TracerVerdict {
        if self.must_not_matched > 0 {
            TracerVerdict::Struck
        } else if self.must_matched < self.must_looked {
            TracerVerdict::Missed
        } else if self.must_looked < tracers.must_match.len() as u64 || self.must_not_looked < tracers.must_not_match.len() as u64 {
            TracerVerdict::Incomplete
        } else {
            TracerVerdict::Sound
        }
    }
}

/// With which chance so many tracers all miss a fault that hits this share of accounts.
pub fn chance_of_missing(tracers: u64, fault: f64) -> f64 {
    (super::binomial::real(tracers) * (-fault).ln_1p()).exp()
}

#[cfg(test)]
mod tests {
    use super::super::testing::finding;
    use super::*;

    #[test]
    fn so_many_tracers_miss_so_little() {
        let (tenth, hundredth) = (chance_of_missing(256, 0.1), chance_of_missing(1_024, 0.01));
        assert!((1.9e-12..2.0e-12).contains(&tenth), "{tenth}");
        assert!((3.3e-5..3.5e-5).contains(&hundredth), "{hundredth}");
        assert_eq!(chance_of_missing(0, 0.5), 1.0);
    }

    #[test]
    fn one_wrong_tracer_is_a_fault_and_one_not_looked_at_is_no_answer() {
        let some = |from: u64, to: u64| (from..to).map(|number| finding(number).account).collect();
        let tracers = Tracers { must_match: some(0, 8), must_not_match: some(8, 264) };
        let good = TracerReport { must_looked: 8, must_matched: 8, must_not_looked: 256, must_not_matched: 0 };
        let cases = [
            (good, TracerVerdict::Sound),
            (TracerReport { must_not_matched: 1, ..good }, TracerVerdict::Struck),
            (TracerReport { must_matched: 7, ..good }, TracerVerdict::Missed),
            (TracerReport { must_not_looked: 255, ..good }, TracerVerdict::Incomplete),
            (TracerReport { must_looked: 7, must_matched: 7, ..good }, TracerVerdict::Incomplete),
            (TracerReport::default(), TracerVerdict::Incomplete),
        ];
        for (report, expected) in cases {
            assert_eq!(report.judge(&tracers), expected, "{report:?}");
        }
    }
}
