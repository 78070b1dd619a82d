//! How long an unlocked account is remembered. Pure: the time comes from the caller, and counts on while the machine sleeps.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "ms")]
pub enum Stay {
    /// So many milliseconds after the last question.
    Idle(u64),
    /// So many milliseconds from now, whatever is asked.
    For(u64),
}

impl Default for Stay {
    /// A quarter of an hour after the last question.
    fn default() -> Self {
        Self::Idle(15 * 60 * 1000)
    }
}

/// A running time. Times are since an arbitrary moment, from a clock that never stops.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    stay: Stay,
    since: Duration,
}

impl Lease {
    /// From `now` on.
    pub fn new(stay: Stay, now: Duration) -> Self {
        Self { stay, since: now }
    }

    /// Somebody asked something.
    pub fn touch(&mut self, now: Duration) {
        if matches!(self.stay, Stay::Idle(_)) {
            self.since = now;
        }
    }

    /// How much is left; zero when it is over.
    pub fn left(&self, now: Duration) -> Duration {
        let (Stay::Idle(ms) | Stay::For(ms)) = self.stay;
        (self.since + Duration::from_millis(ms)).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn idle_time_starts_anew_with_each_question() {
        let mut lease = Lease::new(Stay::default(), MINUTE);
        assert_eq!(lease.left(11 * MINUTE), 5 * MINUTE);
        lease.touch(11 * MINUTE);
        assert_eq!(lease.left(11 * MINUTE), 15 * MINUTE);
        assert_eq!(lease.left(26 * MINUTE), Duration::ZERO);
        assert_eq!(lease.left(500 * MINUTE), Duration::ZERO);
    }

    #[test]
    fn a_fixed_time_does_not_grow() {
        let mut lease = Lease::new(Stay::For(60_000), MINUTE);
        lease.touch(MINUTE + MINUTE / 2);
        assert_eq!(lease.left(2 * MINUTE), Duration::ZERO);
    }
}
