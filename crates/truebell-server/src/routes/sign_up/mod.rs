//! New accounts.

pub(super) mod finish;
pub(super) mod start;
