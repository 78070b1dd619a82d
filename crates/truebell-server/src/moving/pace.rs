//! How fast a move goes: as much as fits beside the requests. It watches how long the live store's answers take, against calm times.

use std::time::Duration;
use truebell_store::moving::Take;

/// A step should take about so long: long enough to be worth its transaction, short enough to be between requests.
const STEP: Duration = Duration::from_millis(80);
/// The longest rest between two steps.
const REST_MAX: Duration = Duration::from_secs(2);
/// Answers that take so much longer than in calm times are slow; below a floor nobody notices.
const SLOWER: u32 = 2;
const FLOOR: Duration = Duration::from_millis(4);

/// The pace of one move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    pub take: Take,
    pub rest: Duration,
}

impl Pace {
    pub(super) fn new(take: Take) -> Self {
        Self { take, rest: Duration::ZERO }
    }

    /// After a step of this length, with answers as they are lately and in calm times.
    pub(super) fn after(self, step: Duration, (lately, calm): (Duration, Duration)) -> Self {
        let is_slow = lately > (calm * SLOWER).max(FLOOR);
        let Take { accounts, rows } = self.take;
        let smaller = Take { accounts: (accounts / 2).max(1), rows: (rows / 2).max(16) };
        let larger = Take { accounts: (accounts + accounts / 4 + 1).min(1_024), rows: (rows + rows / 4 + 1).min(4_096) };
        let take = match step {
            _ if is_slow => smaller,
            step if step > STEP * 2 => smaller,
            step if step < STEP => larger,
            _ => self.take,
        };
        // A quarter of the time is left to others even where nobody is slow.
        let rest = if is_slow { (self.rest * 2).max(step).max(Duration::from_millis(20)) } else { (self.rest / 2).max(step / 3) };
        Self { take, rest: rest.min(REST_MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn it_slows_down_while_requests_are_slow_and_recovers() {
        let mut pace = Pace::new(Take { accounts: 256, rows: 1_024 });
        for _ in 0..10 {
            pace = pace.after(STEP, (20 * MS, 3 * MS));
        }
        assert_eq!((pace.take.accounts, pace.rest), (1, REST_MAX));
        for _ in 0..30 {
            pace = pace.after(10 * MS, (3 * MS, 3 * MS));
        }
        assert!(pace.take.accounts > 500 && pace.rest < 5 * MS, "{pace:?}");
    }

    #[test]
    fn a_store_that_is_fast_enough_for_anybody_is_not_slow() {
        let pace = Pace::new(Take { accounts: 256, rows: 1_024 });
        assert!(pace.after(STEP, (3 * MS, MS / 10)).rest < STEP, "30 times as long, and still nobody notices");
        assert!(pace.after(STEP * 3, (MS, MS)).take.accounts < 256, "a long step gets shorter");
    }
}
