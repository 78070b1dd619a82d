//! A server that lies. It is the honest server, with the real keys and a real database, whose answers are bent before they leave: what
//! a client meets if the operator, or whoever took the operator's place, turns against it. The table of attacks is `ATTACKS`; what an
//! honest client says to each is in `docs/hostile-server.md`.
//!
//! Never here: anything the honest server needs. No other crate may lean on this one (`cargo xtask tidy`), so that no program for people
//! can contain it.
#![cfg(feature = "hostile")]
#![expect(clippy::unwrap_used, reason = "it runs in tests and trials only; a broken attack may stop it, and says where")]

mod answer;
mod attacks;
mod desk;
mod notebook;

pub use attacks::{ATTACKS, Attack, find};
pub use desk::{Desk, front};
