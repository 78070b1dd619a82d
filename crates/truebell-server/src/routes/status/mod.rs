//! What the operator says.

pub(super) mod read;
