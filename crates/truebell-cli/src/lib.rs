//! The command line's insides, as a library, so that tests can reach them. Never here: what starts the process or ends it (`main.rs`).

pub mod agent;
pub mod clipboard;
pub mod cmd;
pub mod exit;
pub mod kit;
pub mod output;
pub mod prompt;
