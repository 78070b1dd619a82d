//! The command line's insides, as a library, so that tests can reach them. Never here: what starts the process or ends it (`main.rs`).

pub mod client;
pub mod kit;
