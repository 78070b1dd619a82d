//! Synchronisation: when to exchange ([`Machine`]), what of a stream may be believed ([`Intake`]), what a commit holds
//! (`commit.rs`), and what a person is told about all of it ([`View`], `sentences.rs`).

mod budget;
pub mod commit;
mod facts;
mod intake;
mod local;
mod machine;
mod pace;
pub mod sentences;
mod view;

pub use budget::Budget;
pub use facts::{Enrolled, Facts, KnownAddress};
pub use intake::{Intake, Step, Taken, TakenVault, Unproven};
pub use local::{Local, LocalVault};
pub use machine::{Effect, Input, Machine, Wake};
pub use view::{View, Why};
