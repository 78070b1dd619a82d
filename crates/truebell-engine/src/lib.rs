//! What should happen next: synchronisation, merging, the health of a vault and campaigns, as state machines and pure functions.
//!
//! Never here: a file, a socket, a clock or randomness of its own. The command line, the browser and the simulation drive the
//! same code.

pub mod campaign;
pub mod health;
pub mod merge;
pub mod sync;
