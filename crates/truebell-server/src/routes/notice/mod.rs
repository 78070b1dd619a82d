//! Whether a notice is genuine.

pub(super) mod check;
