//! A profile: the folder of one account on one device (`docs/formats/profile.md`).

use std::fs::File;
use std::path::{Path, PathBuf};
use truebell_core::b64::Bytes;
use truebell_core::event::Trust;
use truebell_core::ids::DeviceId;
use truebell_core::outcome::Pinned;
use truebell_core::secret::Secret;
use truebell_core::wire::account::Session;

/// Why a profile cannot be used. Nothing is ever overwritten because of one of these.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Nobody signed up or in here.
    #[error("no account is on this device under the profile “{0}”: use `truebell signup` or `truebell signin`")]
    Empty(String),
    /// Somebody did.
    #[error("the profile “{0}” has an account already: choose another with --profile")]
    Taken(String),
    /// A name that is no folder name.
    #[error("a profile's name has letters, digits, dots, dashes and underscores only, at most 64 of them")]
    Name,
    /// The device file does not read.
    #[error("the profile's device file is damaged ({at}); nothing was changed: restore it from a backup, or sign in again under another profile with your Emergency Kit")]
    Damaged {
        /// Where.
        at: String,
    },
    /// Another process has it.
    #[error("another `truebell` is using this profile right now: wait for it to end, or lock it with `truebell lock`")]
    Busy,
    /// No room.
    #[error("the disk is full: nothing was changed; make room and try again")]
    Full,
    /// No folder for data on this system.
    #[error("this system names no folder for application data: set TRUEBELL_HOME")]
    NoHome,
    /// Anything else the system says.
    #[error("the profile folder could not be {what}: {error}")]
    Io {
        /// `read`, `written`, …
        what: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
}

/// A profile's folder; it may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    name: String,
    folder: PathBuf,
}

/// `device.json`: what this device must have before any password is typed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Device {
    /// Format; 1.
    pub format: u32,
    /// The server's address.
    pub server: String,
    /// Which server it is.
    pub pinned: Pinned,
    /// Whom this device believes.
    pub trust: Trust,
    /// Mail address.
    pub email: String,
    /// This device.
    pub device: DeviceId,
    /// Its name.
    pub device_name: String,
    /// Seed of its signing key.
    pub device_seed: Secret,
    /// The Secret Key, as 1Password keeps it on an enrolled device.
    pub secret_key: Secret,
    /// The session, if one is open.
    pub session: Option<Session>,
}

/// Held while a client is open.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Profile {
    /// The profile called `name`, in `home` (`TRUEBELL_HOME`, given by the caller) or the platform's data folder.
    pub fn open(name: &str, home: Option<&Path>) -> Result<Self, ProfileError> {
        todo!()
    }

    /// Names of the profiles that have an account.
    pub fn list(home: Option<&Path>) -> Result<Vec<String>, ProfileError> {
        todo!()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its device file; `None` if nobody signed up or in here.
    pub fn device(&self) -> Result<Option<Device>, ProfileError> {
        todo!()
    }
}
