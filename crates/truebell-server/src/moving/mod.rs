//! The live move between databases: when a step is taken, how fast, what a failure means, and who serves what after a crash. The steps
//! themselves are the store's (`truebell_store::moving`); docs/adr/0009 says why it is so, docs/operating.md what an operator sees.
//!
//! [`Move`] is the machine: one call of [`Move::step`] is one step, so that a test or a simulation can put anything between two of
//! them. [`Desk`] is the machine in a running server. Never here: a password outside a sealed text.

mod begin;
#[cfg(feature = "deaths")]
pub mod deaths;
mod desk;
mod end;
mod machine;
mod means;
mod note;
mod order;
mod pace;
mod served;
mod status;
mod switching;
#[cfg(test)]
mod tests;

pub use begin::Refused;
pub use desk::Desk;
pub use end::End;
pub use machine::{Move, Next, Stop};
pub use means::{Hook, MachineRest, Means, Point, Rest, SteadyRest};
pub use note::Phase;
pub use order::{Hidden, Order};
pub use served::{Served, open_served};
pub use status::Status;
