//! When to exchange what.

/// The state machine.
#[derive(Debug)]
pub struct Machine {}
