//! The same stories as `requests/`, over a store in a SQLite file. What needs a store that fails on demand stays there.

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
#[path = "../requests/sign_in.rs"]
mod sign_in;
#[path = "../requests/sign_up.rs"]
mod sign_up;
#[path = "../requests/strangers.rs"]
mod strangers;
#[path = "../requests/sync.rs"]
mod sync;
#[path = "../requests/vaults.rs"]
mod vaults;
