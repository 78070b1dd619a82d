//! An honest client, the real one, against the hostile server, a real process: each row of `docs/hostile-server.md` that the vault can
//! meet. In each the client fails closed, says the sentence that is written here, shows no notice that is not proven, and keeps its
//! data, its keys and its session.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a story that cannot go on is a failed test")]

mod claims;
mod files;
mod items;
mod keys;
mod server;
mod story;
mod views;
