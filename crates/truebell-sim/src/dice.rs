//! Chance that a seed replays: SplitMix64 (Steele, Lea, Flood 2014). Good enough to spread faults and to make the keys of people who do
//! not exist. Never here: randomness of the machine.

use std::sync::atomic::{AtomicU64, Ordering};
use truebell_core::chance::Chance;
use truebell_server::chance::ChanceSource;

/// Dice thrown in an order that the seed decides.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice from a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x7472_7565_6265_6c6c))
    }

    /// Dice that depend on a seed and on what they are for.
    pub fn about(seed: u64, what: u64) -> Self {
        Self::new(mix(seed).wrapping_add(what.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The next 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound` (0 if `bound` is 0). The bias of the remainder does not matter here.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.throw() % bound.max(1)
    }

    /// A place in a list of `len`.
    pub fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True `permille` times in a thousand.
    pub fn hits(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of them; the list is not empty.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.place(from.len())).copied()
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Chance for Dice {
    fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            let thrown = self.throw().to_be_bytes();
            part.iter_mut().zip(thrown).for_each(|(to, from)| *to = from);
        }
    }
}

/// Where a simulated server gets its chance from: other dice for each request, in order.
#[derive(Debug)]
pub(crate) struct Spring {
    seed: u64,
    given: AtomicU64,
}

impl Spring {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, given: AtomicU64::new(0) }
    }
}

impl ChanceSource for Spring {
    fn chance(&self) -> Box<dyn Chance + Send> {
        Box::new(Dice::about(self.seed, self.given.fetch_add(1, Ordering::Relaxed)))
    }
}
