//! What a server remembers: one trait of business transactions, and its three implementations.
//!
//! Never here: a decision about a request, a key, an open secret, or a clock. Every method is one transaction: all of it happened
//! or none did. A look-up is `Result<Option<T>, StoreError>`: *failed* is never *absent*.

mod error;
pub mod memory;
pub mod rows;
mod rules;
mod store;
mod tables;

pub use error::StoreError;
pub use store::Store;
pub use tables::SCHEMA;
