//! The server as its clients see it: every route's good path and each refusal, over a store in memory.

mod backend;
mod person;
mod world;

mod account;
mod devices;
mod faults;
mod limits;
mod mail;
mod notices;
mod sign_in;
mod sign_up;
mod strangers;
mod sync;
mod vaults;
