//! What is new.

pub(super) mod read;
pub(super) mod stream;
