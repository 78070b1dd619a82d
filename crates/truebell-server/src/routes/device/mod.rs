//! Devices of an account.

pub(super) mod enrol;
pub(super) mod list;
pub(super) mod revoke;
