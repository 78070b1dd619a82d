//! The client library: one account on one device. It keeps a full sealed replica, works without the server, and believes the
//! server only what it proves.
//!
//! Never here: a terminal, an argument, an exit code. Files are touched in `profile.rs`, `replica/` and nowhere else; the clock
//! and chance of the machine in `clock.rs` and `chance.rs`; the network in `http.rs`.

mod account;
mod attachments;
mod chance;
mod clock;
mod devices;
mod enrol;
mod error;
mod exchange;
mod http;
mod inbox;
mod index;
mod items;
mod kit_test;
mod profile;
mod replica;
mod status;
mod sync;
mod transport;
mod unlock;
mod vaults;

pub use chance::SystemChance;
pub use clock::{Clock, SystemClock};
pub use enrol::{KitData, SecondFactor, SignIn, SignUp, server_info, sign_in, sign_up};
pub use error::{Error, Kind};
pub use http::Http;
pub use inbox::{Entry, NoticeAnswer};
pub use index::{Filter, Listed, Shown};
pub use items::{ItemRef, Version};
pub use kit_test::{KitTested, test_kit};
pub use profile::{Device, Profile, ProfileError};
pub use replica::ReplicaError;
pub use status::{Status, Trace};
pub use sync::Synced;
pub use transport::{Method, Request, Response, Transport};
pub use unlock::{rebuild, unlock};
pub use vaults::VaultView;

use std::sync::Arc;
use truebell_core::chance::Chance;

/// What a client needs of the machine it runs on. A test or a simulation gives its own.
pub struct World {
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for keys.
    pub chance: Box<dyn Chance + Send>,
}

impl World {
    /// The real one.
    pub fn system() -> Self {
        Self { transport: Arc::new(Http::new()), clock: Arc::new(SystemClock), chance: Box::new(SystemChance) }
    }
}

/// An unlocked account on this device. Dropped, its keys are erased: that is what locking is.
pub struct Client {
    profile: Profile,
    _lock: profile::Lock,
    device: Device,
    replica: replica::Replica,
    keys: truebell_core::account::Unlocked,
    index: index::Index,
    machine: truebell_engine::sync::Machine,
    world: World,
}
