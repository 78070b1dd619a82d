//! The server as its clients see it: every route's good path and each refusal, over a store in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::await_holding_refcell_ref,
    clippy::too_many_lines,
    reason = "all of this is a test: a panic is how it fails, and one task runs it"
)]

mod backend;
mod person;
mod retractions;
mod world;

mod account;
mod devices;
mod faults;
mod limits;
mod machines;
mod mail;
mod notices;
mod operations;
mod outages;
mod sign_in;
mod sign_up;
mod signals;
mod status;
mod strangers;
mod sync;
mod vaults;
