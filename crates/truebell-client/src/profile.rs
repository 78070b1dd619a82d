//! A profile: the folder of one account on one device (`docs/formats/profile.md`).

use super::Authority;
use data_encoding::BASE64URL_NOPAD;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use truebell_core::event::Trust;
use truebell_core::ids::DeviceId;
use truebell_core::outcome::Pinned;
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Session;
use zeroize::Zeroizing;

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
    #[error(
        "the profile's device file is damaged ({at}); nothing was changed: restore it from a backup, or sign in again under another profile with your Emergency Kit"
    )]
    Damaged {
        /// Where.
        at: String,
    },
    /// Written by a newer version.
    #[error("this profile was written by a newer version of Truebell: update this one")]
    Newer,
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
    /// `None` where nothing is kept.
    folder: Option<PathBuf>,
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
    /// A Secret Key whose rotation was sent and whose answer has not come yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_secret_key: Option<Secret>,
    /// Where the server's status page is, if somewhere else, as the server said when this device was enrolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_url: Option<String>,
    /// The server's own certificate authority, PEM: trusted by this profile beside the built-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The session, if one is open.
    pub session: Option<Session>,
}

/// Held while a client is open.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held for its lock, released when dropped")] Option<File>);

const DEVICE_FILE: &str = "device.json";
const REPLICA_FILE: &str = "replica.sqlite";
const LOCK_FILE: &str = "lock";
const INCOMING_FILE: &str = "incoming";
/// The format this version writes, and the newest it reads.
const FORMAT: u32 = 1;

impl Device {
    /// The format of a new device file.
    pub(super) const FORMAT: u32 = FORMAT;

    /// The device's signing key.
    pub(super) fn signing_key(&self) -> Result<SigningKey, ProfileError> {
        let damaged = || ProfileError::Damaged { at: "device_seed".into() };
        let seed = Zeroizing::new(BASE64URL_NOPAD.decode(self.device_seed.expose().as_bytes()).map_err(|_| damaged())?);
        Ok(SigningKey::from_seed(seed.as_slice().try_into().map_err(|_| damaged())?))
    }

    /// The authority this profile trusts beside the built-in ones.
    pub(super) fn authority(&self) -> Result<Option<Authority>, ProfileError> {
        let parse = |pem: &String| Authority::parse(pem.as_bytes()).map_err(|_| ProfileError::Damaged { at: "authority".into() });
        self.authority.as_ref().map(parse).transpose()
    }

    /// The Secret Keys this device has: the current one, and one whose rotation was sent and not answered yet.
    pub(super) fn secret_keys(&self) -> Result<Vec<SecretKey>, ProfileError> {
        let parse = |key: &Secret| SecretKey::parse(key.expose()).map_err(|_| ProfileError::Damaged { at: "secret_key".into() });
        std::iter::once(&self.secret_key).chain(&self.next_secret_key).map(parse).collect()
    }
}

/// A signing key's seed as the device file has it.
pub(super) fn seed_text(key: &SigningKey) -> Secret {
    Secret::new(BASE64URL_NOPAD.encode(key.expose_seed().as_ref()))
}

impl Profile {
    /// The profile called `name`, in `home` (`TRUEBELL_HOME`, given by the caller) or the platform's data folder.
    pub fn open(name: &str, home: Option<&Path>) -> Result<Self, ProfileError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(fits) {
            return Err(ProfileError::Name);
        }
        Ok(Self { name: name.to_owned(), folder: Some(profiles(home)?.join(name)) })
    }

    /// A profile that is kept nowhere: nothing is ever written, and nothing is there.
    pub fn nowhere() -> Self {
        Self { name: "machine".to_owned(), folder: None }
    }

    /// Names of the profiles that have an account.
    pub fn list(home: Option<&Path>) -> Result<Vec<String>, ProfileError> {
        let entries = match fs::read_dir(profiles(home)?) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("read")(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io("read"))?;
            if entry.path().join(DEVICE_FILE).exists() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its folder; empty where nothing is kept.
    pub fn folder(&self) -> &Path {
        self.folder.as_deref().unwrap_or(Path::new(""))
    }

    /// Whether anything is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.folder.is_some()
    }

    /// Where a file of it is. There is no such place where nothing is kept: a bare file name would be one in whatever folder the program runs.
    fn place(&self, file: &str) -> Result<PathBuf, ProfileError> {
        self.folder.as_ref().map(|folder| folder.join(file)).ok_or_else(|| ProfileError::Empty(self.name.clone()))
    }

    /// Its device file; `None` if nobody signed up or in here.
    pub fn device(&self) -> Result<Option<Device>, ProfileError> {
        if !self.is_kept() {
            return Ok(None);
        }
        let text = match fs::read(self.folder().join(DEVICE_FILE)) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io("read")(error)),
        };
        // Only the place is told: the text around it may be a secret.
        let damaged = |error: serde_json::Error| ProfileError::Damaged { at: format!("line {}, column {}", error.line(), error.column()) };
        let device: Device = serde_json::from_slice(&text).map_err(damaged)?;
        if device.format > FORMAT {
            return Err(ProfileError::Newer);
        }
        device.signing_key()?;
        device.secret_keys()?;
        Ok(Some(device))
    }

    /// The device file of a profile that has an account.
    pub(super) fn enrolled(&self) -> Result<Device, ProfileError> {
        self.device()?.ok_or_else(|| ProfileError::Empty(self.name.clone()))
    }

    /// Writes the device file: whole or not at all.
    pub(super) fn save(&self, device: &Device) -> Result<(), ProfileError> {
        let text = Zeroizing::new(serde_json::to_vec_pretty(device).map_err(|error| io("written")(error.into()))?);
        self.write(DEVICE_FILE, &text)
    }

    /// Writes one file of the profile: beside it first, then in its place, so that a crash leaves the old or the new one.
    pub(super) fn write(&self, file: &str, bytes: &[u8]) -> Result<(), ProfileError> {
        if !self.is_kept() {
            return Ok(());
        }
        self.make_folder()?;
        let beside = self.folder().join(format!("{file}.new"));
        let written = (|| {
            let mut new = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&beside)?;
            new.write_all(bytes)?;
            new.sync_all()?;
            fs::rename(&beside, self.folder().join(file))?;
            File::open(self.folder())?.sync_all()
        })();
        written.map_err(io("written"))
    }

    /// Reads one file of the profile; `None` if it is not there.
    pub(super) fn read_file(&self, file: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ProfileError> {
        if !self.is_kept() {
            return Ok(None);
        }
        match fs::read(self.place(file)?) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("read")(error)),
        }
    }

    /// Removes one file of the profile.
    pub(super) fn remove_file(&self, file: &str) -> Result<(), ProfileError> {
        if !self.is_kept() {
            return Ok(());
        }
        match fs::remove_file(self.place(file)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io("removed")(error)),
            _ => Ok(()),
        }
    }

    /// Where the local copy is; made, empty and private, if it is not there.
    pub(super) fn replica_file(&self) -> Result<PathBuf, ProfileError> {
        let file = self.place(REPLICA_FILE)?;
        self.make_folder()?;
        private(OpenOptions::new().write(true).create(true).truncate(false)).open(&file).map_err(io("written"))?;
        Ok(file)
    }

    /// A private file for what is coming in. It has no name once it is open, where the system allows that, and so goes with the process.
    pub(super) fn incoming_file(&self) -> Result<File, ProfileError> {
        let file = self.place(INCOMING_FILE)?;
        self.make_folder()?;
        let open = private(OpenOptions::new().read(true).write(true).create(true).truncate(true)).open(&file).map_err(io("written"))?;
        drop(fs::remove_file(&file));
        Ok(open)
    }

    /// Puts a damaged local copy aside, under a name that says when; returns where it went.
    pub(super) fn put_replica_aside(&self, at: UnixMillis) -> Result<PathBuf, ProfileError> {
        let aside = self.place(&format!("{REPLICA_FILE}.damaged-{}", at.seconds()))?;
        for end in ["-wal", "-shm", ""] {
            match fs::rename(self.place(&format!("{REPLICA_FILE}{end}"))?, format!("{}{end}", aside.display())) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(io("written")(error)),
                _ => {}
            }
        }
        Ok(aside)
    }

    /// Puts it back.
    pub(super) fn take_replica_back(&self, aside: &Path) -> Result<(), ProfileError> {
        for end in ["-wal", "-shm", ""] {
            let there = self.place(&format!("{REPLICA_FILE}{end}"))?;
            match fs::rename(format!("{}{end}", aside.display()), &there) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(io("written")(error)),
                // A newer log beside an older database would be replayed into it.
                Err(_) if !end.is_empty() => drop(fs::remove_file(&there)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes the profile for this process.
    pub(super) fn lock(&self) -> Result<Lock, ProfileError> {
        if !self.is_kept() {
            return Ok(Lock(None));
        }
        self.make_folder()?;
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(self.folder().join(LOCK_FILE));
        let file = file.map_err(io("opened"))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(Some(file))),
            Err(fs::TryLockError::WouldBlock) => Err(ProfileError::Busy),
            Err(fs::TryLockError::Error(error)) => Err(io("locked")(error)),
        }
    }

    /// Removes the profile and all that is in it.
    pub(super) fn remove(self) -> Result<(), ProfileError> {
        // The device file goes first: a profile half removed is no profile.
        match fs::remove_file(self.place(DEVICE_FILE)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io("removed")(error)),
            _ => {}
        }
        fs::remove_dir_all(self.folder()).map_err(io("removed"))
    }

    fn make_folder(&self) -> Result<(), ProfileError> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(self.folder()).map_err(io("made"))
    }
}

fn profiles(home: Option<&Path>) -> Result<PathBuf, ProfileError> {
    let home = match home {
        Some(home) => home.to_owned(),
        None => directories::BaseDirs::new().ok_or(ProfileError::NoHome)?.data_dir().join("truebell"),
    };
    Ok(home.join("profiles"))
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn io(what: &'static str) -> impl Fn(std::io::Error) -> ProfileError {
    move |error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ProfileError::Full,
        _ => ProfileError::Io { what, error },
    }
}

#[cfg(test)]
mod tests;
