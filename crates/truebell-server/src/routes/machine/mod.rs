//! Machines: devices that may read some vaults and do nothing else.

pub(super) mod enrol;
