//! When the next try is due: the server's pacing, and exponential backoff with jitter, within a budget of retries.

use super::Budget;
use std::time::Duration;
use truebell_core::chance::{Chance, make_array};
use truebell_core::time::UnixMillis;

/// First wait after a failure.
const BACKOFF_MS_MIN: u64 = 2_000;
/// Longest wait after failures.
const BACKOFF_MS_MAX: u64 = 15 * 60_000;
/// How often to look when nothing wakes us.
pub(super) const POLL_MS: u64 = 60_000;
/// A server's word "not before" counts for at most this long: a wrong clock there must not keep a device away for ever.
const UNTIL_MS_MAX: u64 = 60 * 60_000;

/// Jitter and backoff. Its randomness comes once, from the caller.
#[derive(Debug)]
pub(super) struct Pace {
    state: u64,
    failures: u32,
    budget: Budget,
}

impl Pace {
    pub(super) fn new(chance: &mut dyn Chance) -> Self {
        Self { state: u64::from_be_bytes(make_array(chance)), failures: 0, budget: Budget::default() }
    }

    /// A server's pace, kept for an hour at most: one that asked for weeks would withhold what happens meanwhile (MS-23).
    pub(super) fn bounded(pace_ms: u32) -> u64 {
        u64::from(pace_ms).min(UNTIL_MS_MAX)
    }

    /// After a success: not before `pace_ms`, and at the next poll at the latest.
    pub(super) fn after_success(&mut self, now: UnixMillis, pace_ms: u32) -> UnixMillis {
        self.failures = 0;
        self.budget.earn();
        let wait = POLL_MS.max(Self::bounded(pace_ms));
        now + Duration::from_millis(wait + self.below(wait / 4))
    }

    /// After a failure: twice as long as the time before, half of it random, and not before the server said. A device that has used up
    /// its retries looks no more often than it would if nothing were wrong.
    pub(super) fn after_failure(&mut self, now: UnixMillis, until: Option<UnixMillis>) -> UnixMillis {
        let least = if self.budget.spend(now) { BACKOFF_MS_MIN } else { 2 * POLL_MS };
        let wait = BACKOFF_MS_MIN.saturating_mul(1 << self.failures.min(20)).clamp(least, BACKOFF_MS_MAX);
        self.failures = self.failures.saturating_add(1);
        let backoff = now + Duration::from_millis(wait / 2 + self.below(wait / 2));
        let until = until.map(|until| until.min(now + Duration::from_millis(UNTIL_MS_MAX)));
        // Spread out those who were told the same moment.
        until.map_or(backoff, |until| backoff.max(until + Duration::from_millis(self.below(BACKOFF_MS_MIN))))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014), reduced to below `bound`; spreads load, protects nothing.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use truebell_core::testing::Seeded;

    proptest! {
        #[test]
        fn waits_grow_to_a_ceiling_and_never_pass_it(seed: u64, failures in 1_usize..40) {
            let mut pace = Pace::new(&mut Seeded::new(seed));
            let waits: Vec<u64> = (0..failures).map(|_| pace.after_failure(UnixMillis(0), None).0).collect();
            for (n, wait) in waits.iter().enumerate() {
                let least = if n < 10 { BACKOFF_MS_MIN } else { 2 * POLL_MS };
                let full = (BACKOFF_MS_MIN << n.min(20)).clamp(least, BACKOFF_MS_MAX);
                prop_assert!((full / 2..=full).contains(wait), "failure {n} waits {wait}");
            }
        }

        #[test]
        fn ms_23_a_servers_pace_is_kept_for_an_hour_at_most(seed: u64, pace_ms: u32) {
            let next = Pace::new(&mut Seeded::new(seed)).after_success(UnixMillis(0), pace_ms).0;
            prop_assert!(next >= u64::from(pace_ms).min(UNTIL_MS_MAX) && next <= UNTIL_MS_MAX / 4 * 5);
        }

        #[test]
        fn a_device_whose_luck_turns_all_the_time_does_not_hammer(seed: u64) {
            // Every other try fails: backoff alone would try again within two seconds each time, for ever.
            let (mut pace, mut now) = (Pace::new(&mut Seeded::new(seed)), UnixMillis(1_000_000));
            let mut retries_soon = 0;
            for _ in 0..200 {
                let next = pace.after_failure(now, None);
                retries_soon += u32::from(next - now < Duration::from_millis(POLL_MS));
                now = next;
                pace.after_success(now, 0);
            }
            // The stock, a tenth of the answers, and one for each minute that passed meanwhile.
            let minutes = (now.0 - 1_000_000) / 60_000;
            prop_assert!(u64::from(retries_soon) <= 10 + 20 + minutes, "{} soon, in {} minutes", retries_soon, minutes);
        }

        #[test]
        fn a_servers_not_before_is_kept_for_an_hour_at_most(seed: u64, until in 0_u64..u64::MAX / 2) {
            let next = Pace::new(&mut Seeded::new(seed)).after_failure(UnixMillis(0), Some(UnixMillis(until))).0;
            prop_assert!(next >= until.min(UNTIL_MS_MAX) && next <= UNTIL_MS_MAX + BACKOFF_MS_MIN);
        }
    }
}
