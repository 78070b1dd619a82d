//! Who asks: the HTTP server, its jobs, its mail and its configuration. Never here: a decision the core or the store makes.

mod acts;
mod admission;
pub mod backup;
mod body;
pub mod chance;
pub mod clock;
pub mod config;
pub mod control;
mod error;
mod health;
mod hints;
pub mod identity;
pub mod jobs;
pub mod log;
pub mod logs;
pub mod mail;
pub mod metrics;
pub mod moving;
mod notices;
pub mod openapi;
pub mod pairs;
mod pen;
pub mod ranges;
mod reply;
pub mod response;
pub mod retract;
mod routes;
mod sealed;
pub mod serve;
mod session;
pub mod signals;
mod signers;
mod state;
pub mod status;
#[cfg(test)]
pub(crate) mod testing;
pub mod tls;

#[cfg(feature = "simulation")]
pub use admission::{AtGate, GateStanding, Knocked, SimulatedAdmission, Turn};
pub use admission::{Limits, Rate};
pub use hints::hear;
pub use routes::{derive_invitation_digest, router};
#[cfg(feature = "measuring")]
pub use state::Without;
pub use state::{App, CLIENT_FLOOR, Load, ServerKeys, Settings};
