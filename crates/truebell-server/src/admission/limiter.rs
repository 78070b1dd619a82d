//! Token buckets by key, as one instant each (GCRA): bounded memory, and a clock that jumps back locks nobody out.

use super::Rate;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use truebell_core::time::UnixMillis;

/// Most buckets kept; about 6 MB. Beyond, idle ones go first, then those nearest to idle.
const BUCKETS_MAX: usize = 100_000;

/// When each key's bucket will be full again, in Unix milliseconds.
pub(crate) struct Limiter<K> {
    full_at: Mutex<HashMap<K, u64>>,
    most: usize,
}

impl<K: Eq + Hash + Copy> Limiter<K> {
    pub(crate) fn new() -> Self {
        Self { full_at: Mutex::new(HashMap::new()), most: BUCKETS_MAX }
    }

    /// Takes one token, or says when there will be one.
    pub(crate) fn take(&self, key: K, rate: Rate, now: UnixMillis) -> Result<(), UnixMillis> {
        let refill = refill_ms(rate);
        let whole = refill.saturating_mul(u64::from(rate.burst));
        let mut buckets = self.full_at.lock();
        // No bucket takes longer than `whole` to fill: one that says so was written before the clock jumped back, and says nothing.
        let full_at = buckets.get(&key).copied().filter(|full_at| *full_at <= now.0.saturating_add(whole)).unwrap_or(0).max(now.0);
        let next = full_at.saturating_add(refill);
        if next > now.0.saturating_add(whole) {
            return Err(UnixMillis(next.saturating_sub(whole)));
        }
        if buckets.len() >= self.most && !buckets.contains_key(&key) {
            make_room(&mut buckets, now);
        }
        buckets.insert(key, next);
        Ok(())
    }

    /// Puts one token back.
    pub(crate) fn give_back(&self, key: K, rate: Rate) {
        if let Some(full_at) = self.full_at.lock().get_mut(&key) {
            *full_at = full_at.saturating_sub(refill_ms(rate));
        }
    }
}

fn refill_ms(rate: Rate) -> u64 {
    u64::try_from(rate.refill.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Drops idle buckets; if that is not enough, the quarter that would be idle soonest. What is lost is leniency towards keys that
/// tried least.
fn make_room<K: Eq + Hash + Copy>(buckets: &mut HashMap<K, u64>, now: UnixMillis) {
    let before = buckets.len();
    buckets.retain(|_, full_at| *full_at > now.0);
    if buckets.len() * 4 > before * 3 {
        let mut instants: Vec<u64> = buckets.values().copied().collect();
        let quarter = instants.len() / 4;
        let (_, bound, _) = instants.select_nth_unstable(quarter);
        let bound = *bound;
        buckets.retain(|_, full_at| *full_at > bound);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RATE: Rate = Rate { burst: 3, refill: Duration::from_secs(10) };
    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn after(seconds: u64) -> UnixMillis {
        UnixMillis(NOW.0 + seconds * 1000)
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_try_each_refill() {
        let limiter = Limiter::new();
        for _ in 0..3 {
            assert_eq!(limiter.take(1, RATE, NOW), Ok(()));
        }
        assert_eq!(limiter.take(1, RATE, NOW), Err(after(10)));
        assert_eq!(limiter.take(2, RATE, NOW), Ok(()), "another key has its own tries");
        assert_eq!(limiter.take(1, RATE, after(9)), Err(after(10)));
        assert_eq!(limiter.take(1, RATE, after(10)), Ok(()));
        assert_eq!(limiter.take(1, RATE, after(10)), Err(after(20)));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_never_more_than_the_burst() {
        let limiter = Limiter::new();
        for _ in 0..100 {
            assert_eq!(limiter.take(1, RATE, NOW), Ok(()));
            limiter.give_back(1, RATE);
            limiter.give_back(1, RATE);
        }
        let taken = (0..100).filter(|_| limiter.take(1, RATE, NOW).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn a_clock_that_jumps_back_locks_nobody_out() {
        let limiter = Limiter::new();
        for _ in 0..3 {
            limiter.take(1, RATE, after(86_400)).unwrap();
        }
        for _ in 0..3 {
            assert_eq!(limiter.take(1, RATE, NOW), Ok(()));
        }
        assert_eq!(limiter.take(1, RATE, NOW), Err(after(10)));
    }

    #[test]
    fn memory_is_bounded_and_the_most_persistent_keys_are_remembered() {
        let limiter = Limiter { full_at: Mutex::default(), most: 1000 };
        for _ in 0..3 {
            limiter.take(u64::MAX, RATE, NOW).unwrap();
        }
        for key in 0..50_000 {
            limiter.take(key, RATE, NOW).unwrap();
            assert!(limiter.full_at.lock().len() <= 1000);
        }
        assert_eq!(limiter.take(u64::MAX, RATE, NOW), Err(after(10)));
    }
}
