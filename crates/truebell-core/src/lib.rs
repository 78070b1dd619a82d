//! What a secret and an event are: keys, seals, items, events, notices, outcomes, wire types.
//!
//! Never here: a file, a socket, a clock, ambient randomness, or the name of a database. The crate builds for wasm32, and the
//! command line, the browser, the server and the simulation all take their words from it.

pub mod chance;
pub mod generate;
pub mod ids;
pub mod item;
pub mod secret;
pub mod secret_key;
pub mod time;
pub mod totp;
