//! How often a device may ask again what was not answered: a bucket of tokens, filled by answers and slowly by time.
//!
//! Without it every client in trouble multiplies the load that caused the trouble. With it, all retries together stay about a tenth of
//! what is asked anyway, plus a small stock for a bad moment (the idea of gRPC's retry throttling, gRFC A6).

use truebell_core::time::UnixMillis;

/// One try again costs this much.
const COST: u64 = 1_000;
/// An answer earns this much: ten answers, one retry.
const EARNED: u64 = 100;
/// The stock of a device that has had no trouble: ten retries.
const STOCK_MAX: u64 = 10 * COST;
/// Time earns one retry in so long, so that a device that was alone for an hour may try again.
const REFILL_MS: u64 = 60_000;

/// A device's retries. Starts full.
#[derive(Debug, Clone)]
pub struct Budget {
    stock: u64,
    /// When time last earned something; `None` before the first retry.
    filled: Option<UnixMillis>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { stock: STOCK_MAX, filled: None }
    }
}

impl Budget {
    /// Something was answered.
    pub fn earn(&mut self) {
        self.stock = (self.stock + EARNED).min(STOCK_MAX);
    }

    /// Pays for one retry. False if there is nothing to pay it with: then the next regular exchange has to do.
    pub fn spend(&mut self, now: UnixMillis) -> bool {
        // A clock that jumped back earns nothing.
        let passed = self.filled.map_or(0, |filled| now.0.saturating_sub(filled.0));
        self.stock = (self.stock + passed.saturating_mul(COST) / REFILL_MS).min(STOCK_MAX);
        self.filled = Some(now);
        if self.stock < COST {
            return false;
        }
        self.stock -= COST;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stock_of_ten_then_one_for_each_ten_answers_or_each_minute() {
        let (mut budget, now) = (Budget::default(), UnixMillis(1_000_000));
        assert_eq!((0..50).filter(|_| budget.spend(now)).count(), 10);
        (0..10).for_each(|_| budget.earn());
        assert!(budget.spend(now) && !budget.spend(now));
        assert!(budget.spend(UnixMillis(now.0 + 60_000)) && !budget.spend(UnixMillis(now.0 + 60_000)));
        assert!(!budget.spend(now), "a clock set back earns nothing");
        let later = UnixMillis(now.0 + 86_400_000);
        assert_eq!((0..50).filter(|_| budget.spend(later)).count(), 10, "and no time earns more than the stock");
    }

    proptest! {
        #[test]
        fn retries_never_pass_the_stock_and_a_tenth_of_the_answers(answers in proptest::collection::vec(any::<bool>(), 0..2_000)) {
            let (mut budget, mut retries, mut answered) = (Budget::default(), 0, 0);
            for is_answered in answers {
                if is_answered {
                    budget.earn();
                    answered += 1;
                } else if budget.spend(UnixMillis(5)) {
                    retries += 1;
                }
            }
            prop_assert!(retries * 10 <= 100 + answered, "{} retries after {} answers", retries, answered);
        }
    }
}
