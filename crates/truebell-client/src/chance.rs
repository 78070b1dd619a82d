//! The machine's randomness: the one place of the client that asks for it.

use truebell_core::chance::Chance;

/// The operating system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    #[expect(clippy::disallowed_methods, clippy::expect_used, reason = "the adapter that owns real chance; without it no key may be made")]
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
