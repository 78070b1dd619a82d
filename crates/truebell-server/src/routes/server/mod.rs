//! Who this server is.

pub(super) mod info;
