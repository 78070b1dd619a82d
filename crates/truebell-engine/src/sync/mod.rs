//! Synchronisation: when to exchange, what of a stream may be believed, what a commit holds, and what a person is told about it.

mod intake;
mod machine;
pub mod sentences;
mod view;

pub use intake::Unproven;
pub use machine::Machine;
pub use view::{View, Why};
