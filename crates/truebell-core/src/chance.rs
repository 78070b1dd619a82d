//! Randomness is asked for, never taken: everything random in this crate comes through [`Chance`].
//!
//! This is the seam that lets the simulation replay a run, and that keeps two generations of `rand_core` out of our signatures.

/// A source of random bytes fit for keys. A caller that owns a test or a simulation gives a seeded one.
pub trait Chance {
    /// Fills `bytes` with random bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Array of random bytes.
pub fn make_array<const N: usize>(chance: &mut dyn Chance) -> [u8; N] {
    let mut bytes = [0; N];
    chance.fill(&mut bytes);
    bytes
}

/// Chance that is none: for tests and simulations, which must replay.
pub mod danger {
    use super::Chance;
    use sha2::{Digest, Sha256};

    /// The same seed gives the same bytes, for ever. Never make a real key with it.
    #[derive(Debug, Clone)]
    pub struct SeededChance {
        seed: u64,
        block: u64,
        left: Vec<u8>,
    }

    impl SeededChance {
        /// The sequence of this seed, from its start.
        pub fn new(seed: u64) -> Self {
            Self { seed, block: 0, left: Vec::new() }
        }
    }

    impl Chance for SeededChance {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                if self.left.is_empty() {
                    let block = Sha256::new_with_prefix(self.seed.to_be_bytes()).chain_update(self.block.to_be_bytes());
                    self.left = block.finalize().to_vec();
                    self.block += 1;
                }
                *byte = self.left.pop().unwrap_or_default();
            }
        }
    }
}
