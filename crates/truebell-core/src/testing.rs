//! Seeded chance for tests and for vectors. Compiled for tests and behind the feature `testing` only; never in a release.

use crate::chance::Chance;
use sha2::{Digest, Sha256};

/// SHA-256 in counter mode over a seed: the same bytes on every machine, for ever (vectors depend on it).
#[derive(Debug, Clone)]
pub struct Seeded {
    seed: u64,
    counter: u64,
    left: Vec<u8>,
}

impl Seeded {
    /// Chance from a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0, left: Vec::new() }
    }
}

impl Chance for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left.is_empty() {
                let mut hash = Sha256::new();
                hash.update(self.seed.to_be_bytes());
                hash.update(self.counter.to_be_bytes());
                self.left = hash.finalize().to_vec();
                self.counter += 1;
            }
            *byte = self.left.pop().unwrap_or_default();
        }
    }
}
