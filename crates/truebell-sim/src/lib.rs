//! The world: real clients against a real server, with network, clocks, disks, database, relay and everybody in between simulated, on one
//! thread and replayed by a seed (`docs/simulation.md`).
//!
//! Never here: a socket, the machine's clock or its randomness; a change to what the product does.

pub mod bank;
mod checks;
mod dice;
pub mod drills;
mod fault;
mod heads;
pub mod kinds;
mod mutate;
mod naive;
mod net;
mod relay;
mod report;
pub mod run;
mod shell;
pub mod shrink;
mod site;
pub mod storm;
mod story;
mod time;
mod world;

pub use bank::{PAGES, Page};
pub use checks::{Check, Counts};
pub use dice::Dice;
pub use fault::{DbFault, Fault, Weather};
pub use mutate::Mutation;
pub use naive::{Alarm, judge_naively};
pub use net::{Exchanges, Happens, Rule};
pub use relay::{Letter, Mood, Relay};
pub use report::{NaiveSentence, Report};
pub use site::{ADDRESS, Condition, STATUS_ADDRESS, Site};
pub use story::{Doing, Sky, Step, Story, calm, faults, step};
pub use time::{BEGINNING, Time, Watch};
pub use world::{Device, Machine, Person, World};
