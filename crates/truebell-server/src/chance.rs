//! Where randomness comes from. Each request asks for a source of its own, so that none waits for another's.

use truebell_core::chance::Chance;

/// Gives out sources of random bytes.
pub trait ChanceSource: Send + Sync + 'static {
    /// A source for one request.
    fn chance(&self) -> Box<dyn Chance + Send>;
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineChance;

impl ChanceSource for MachineChance {
    fn chance(&self) -> Box<dyn Chance + Send> {
        Box::new(Self)
    }
}

impl Chance for MachineChance {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter the ban points to")]
    #[expect(clippy::expect_used, reason = "without randomness no key, token or nonce may be made: stopping this request is right")]
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the machine gives randomness");
    }
}
