//! The desk where an unlocked account answers questions, and the background process that keeps it open.
//!
//! Every command puts its question as an [`Ask`] at a [`Door`]. Behind the door is either the agent, over a private socket, or the
//! same [`Desk`] in this very process: one code path, whoever answers. Never here: arguments, words for people, a terminal.

mod answer;
mod ask;
mod desk;
mod door;
mod edit;
mod frames;
mod health;
pub mod kit;
mod lease;
mod lines;
mod meant;
mod place;
mod serve;
mod start;
mod view;

pub use answer::{Card, Edited, FieldView, ItemView, LogView, Made, Opened, PastView, Row, Section, StatusView, SyncNote};
pub use ask::{Ask, Changes, FieldChange, ItemName, Scope, State};
pub use desk::{Desk, failure_of};
pub use door::{Door, Streams, unheard};
pub use edit::apply as apply_changes;
pub use lease::{Lease, Stay};
pub use lines::{Form, Marked, MarkedLine, read_marked};
pub use place::Place;
pub use serve::run_agent;
pub use start::{Handover, start};
