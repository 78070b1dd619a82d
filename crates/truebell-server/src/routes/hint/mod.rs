//! That something is new.

pub(super) mod listen;
