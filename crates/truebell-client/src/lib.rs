//! The client library: one account on one device. It keeps a full sealed replica, works without the server, and believes the
//! server only what it proves.
//!
//! Never here: a terminal, an argument, an exit code. Files are touched in `profile.rs`, `replica/` and nowhere else; the clock
//! and chance of the machine in `clock.rs` and `chance.rs`; the network in `http.rs`.

mod account;
mod acts;
mod attachments;
mod authority;
mod chance;
mod clock;
mod devices;
mod enrol;
mod error;
mod exchange;
mod hints;
mod hold;
mod http;
mod inbox;
mod index;
mod items;
mod kit_test;
mod log;
mod machine;
mod moving;
mod profile;
mod rebase;
mod rebuild;
mod replica;
mod said;
mod session;
mod spool;
mod status;
mod sync;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transport;
mod unlock;
mod vaults;

pub use attachments::ATTACHMENT_BYTES_MAX;
pub use authority::{Authority, NotAnAuthority};
pub use chance::SystemChance;
pub use clock::{Clock, SystemClock};
pub use enrol::{KitData, SecondFactor, SignIn, SignUp, server_info, sign_in, sign_in_stretched, sign_up, trust};
pub use error::{Error, Kind};
pub use hold::{Alone, Hold, Online, Progress};
pub use http::Http;
pub use inbox::{Entry, NoticeAnswer, ask_about};
pub use index::{Filter, Listed, Shown};
pub use items::{ItemRef, Version};
pub use kit_test::{KitTested, test_kit};
pub use machine::{MachineView, NewMachine, open_machine};
pub use profile::{Device, Profile, ProfileError};
pub use rebuild::rebuild;
pub use replica::ReplicaError;
pub use status::{Status, Trace};
pub use sync::Synced;
pub use transport::{Method, Request, Response, Transport};
pub use unlock::unlock;
pub use vaults::VaultView;

use std::sync::Arc;
use truebell_core::account::Unlocked;
use truebell_core::chance::Chance;
use truebell_core::secret_key::SecretKey;
use truebell_core::status::Bearing;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::{Budget, Local, Machine};

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
        Self::trusting(None)
    }

    /// The real one, where an authority of the person's own counts as well.
    pub fn trusting(authority: Option<Authority>) -> Self {
        let transport = authority.map_or_else(Http::new, Http::trusting);
        Self { transport: Arc::new(transport), clock: Arc::new(SystemClock), chance: Box::new(SystemChance) }
    }

    /// The real one as a profile sees it: with the authority it remembers, if any. The same as [`World::system`] where nobody signed up
    /// or in.
    pub fn of(profile: &Profile) -> Result<Self, Error> {
        match profile.device()? {
            Some(device) => Self::of_device(&device),
            None => Ok(Self::system()),
        }
    }

    /// The real one as an enrolled device sees it.
    pub fn of_device(device: &Device) -> Result<Self, Error> {
        Ok(Self::trusting(device.authority()?))
    }
}

/// An unlocked account on this device. Dropped, its keys are erased: that is what locking is.
pub struct Client {
    profile: Profile,
    _lock: profile::Lock,
    device: Device,
    replica: replica::Replica,
    keys: Unlocked,
    /// The Secret Key that opened the keyset; a machine has none.
    secret_key: Option<SecretKey>,
    /// The credential epoch of what opened.
    opened_epoch: u64,
    /// How far this device is: what the replica holds, proven.
    local: Local,
    index: index::Index,
    machine: Machine,
    log: log::Watch,
    /// For acts whose answer is lost; the machine has its own for syncs.
    budget: Budget,
    /// Hints wake the engine no earlier than this.
    hint_not_before: UnixMillis,
    world: World,
    /// What the operator was last heard to say about a server that is not there, and when it was asked for.
    said: Option<(UnixMillis, Option<Bearing>)>,
    /// Lines not written to the replica yet.
    traces: Vec<Trace>,
}
