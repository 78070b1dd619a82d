//! The same stories as `requests/`, over a store in PostgreSQL. What needs a store that fails on demand stays there.

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
#[path = "../requests/person.rs"]
mod person;
#[path = "../requests/world.rs"]
mod world;

#[path = "../requests/account.rs"]
mod account;
#[path = "../requests/devices.rs"]
mod devices;
#[path = "../requests/limits.rs"]
mod limits;
#[path = "../requests/mail.rs"]
mod mail;
#[path = "../requests/notices.rs"]
mod notices;
#[path = "../requests/operations.rs"]
mod operations;
#[path = "../requests/retractions.rs"]
mod retractions;
#[path = "../requests/sign_in.rs"]
mod sign_in;
#[path = "../requests/sign_up.rs"]
mod sign_up;
#[path = "../requests/signals.rs"]
mod signals;
#[path = "../requests/status.rs"]
mod status;
#[path = "../requests/strangers.rs"]
mod strangers;
#[path = "../requests/sync.rs"]
mod sync;
#[path = "../requests/vaults.rs"]
mod vaults;
