//! What a server remembers: one trait of business transactions, and its three implementations.
//!
//! Never here: a decision about a request, a key, an open secret, or a clock. Every method is one transaction: all of it happened
//! or none did. A look-up is `Result<Option<T>, StoreError>`: *failed* is never *absent*.

pub mod band;
mod columns;
mod error;
pub mod memory;
mod migrations;
pub mod moving;
mod open;
pub mod postgres;
pub mod response;
pub mod rows;
mod rules;
pub mod signals;
pub mod sqlite;
mod store;
pub mod switch;
mod tables;

pub use error::StoreError;
#[cfg(feature = "next-schema")]
pub use migrations::next::pretend as pretend_next_schema;
pub use open::{DistrustsTls, Found, Location, NotALocation, OpenError, Opened, look_at, open, open_movable, open_to_read};
pub use store::Store;
pub use tables::SCHEMA;
