//! Signing in with the password, on a device that is not enrolled.

pub(super) mod finish;
pub(super) mod look_up;
pub(super) mod start;
