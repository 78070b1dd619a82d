//! What a secret and an event are: keys, seals, items, events, notices, outcomes, wire types.
//!
//! Never here: a file, a socket, a clock, ambient randomness, or the name of a database. The crate builds for wasm32, and the
//! command line, the browser, the server and the simulation all take their words from it.

pub mod account;
pub mod address;
pub mod b64;
pub mod cbor;
pub mod chance;
pub mod derive;
pub mod event;
pub mod generate;
pub mod hash;
pub mod head;
pub mod ids;
pub mod item;
pub mod kit;
pub mod letter;
pub mod log;
pub mod machine;
#[cfg(feature = "simulation")]
pub mod memo;
pub mod notice;
pub mod opaque;
pub mod outcome;
pub mod pair;
pub mod seal;
pub mod secret;
pub mod secret_key;
pub mod sign;
pub mod signal;
pub mod status;
pub mod strength;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod totp;
pub mod vault;
pub mod version;
pub mod wire;
pub mod words;
