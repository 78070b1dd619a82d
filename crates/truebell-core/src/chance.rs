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
