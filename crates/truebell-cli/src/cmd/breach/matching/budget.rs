//! How much may be spent on trying candidates.

use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;

/// Cores and time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Budget {
    cores: Option<usize>,
    time: Option<Duration>,
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a budget as `4 cores`, `8h` or `4 cores, 8h`".to_owned();
        let mut budget = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let cores = part.strip_suffix("cores").or_else(|| part.strip_suffix("core"));
            let is_twice = match cores {
                Some(number) => {
                    let number = number.trim().parse().ok().filter(|number| (1..=1024).contains(number)).ok_or_else(wrong)?;
                    budget.cores.replace(number).is_some()
                }
                None => budget.time.replace(humantime::parse_duration(part).map_err(|_| wrong())?).is_some(),
            };
            if is_twice {
                return Err(wrong());
            }
        }
        Ok(budget)
    }
}

impl Budget {
    /// How many candidates are tried at once.
    pub(super) fn cores(&self) -> usize {
        self.cores.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }

    /// Whether the time is spent.
    pub(super) fn is_over(&self, begun: Instant) -> bool {
        self.time.is_some_and(|time| begun.elapsed() >= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_cores_or_a_time_or_both() {
        let hours = |hours| Some(Duration::from_hours(hours));
        for (text, cores, time) in [
            ("", None, None),
            ("4 cores", Some(4), None),
            ("1core", Some(1), None),
            ("8h", None, hours(8)),
            ("4 cores, 8h", Some(4), hours(8)),
            ("2h,2 cores", Some(2), hours(2)),
        ] {
            assert_eq!(text.parse(), Ok(Budget { cores, time }), "{text}");
        }
        for text in ["0 cores", "cores", "much", "4 cores, 3 cores", "1h, 2h", "99999 cores"] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
        let spent: Budget = "0s".parse().unwrap();
        assert!(spent.is_over(Instant::now()) && !Budget::default().is_over(Instant::now()));
    }
}
