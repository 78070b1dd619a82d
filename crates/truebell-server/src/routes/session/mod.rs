//! Sessions of a device: opened with its own key, listed, ended.

pub(super) mod challenge;
pub(super) mod list;
pub(super) mod open;
pub(super) mod revoke;
pub(super) mod sign_out;
