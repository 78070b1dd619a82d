//! What travels between client and server: JSON bodies for single acts, CBOR for commits and the sync stream.
//!
//! One file per noun, as the routes have it. Field names are the glossary's; bytes are base64url in JSON.

pub mod account;
pub mod device;
pub mod log;
pub mod notice;
pub mod server;
pub mod sign_in;
pub mod sign_up;
pub mod sync;
pub mod vault;
