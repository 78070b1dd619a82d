//! How a run that needs the server gets at the client: for moments, and never while it waits for the network. In between others may have
//! it, so that a person reads and edits whatever the server does.
//!
//! Never here: what is asked (`sync.rs`, `acts.rs`, …), nor which thread waits for which.

use super::session::{Line, Wire};
use super::{Client, Error, ItemRef, Synced};
use std::cell::RefCell;
use std::io::Write;
use truebell_core::event::{CheckCode, Plea};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AttachmentId, DeviceId, SessionId, VaultId};
use truebell_core::log::Standing;
use truebell_core::notice::Correction;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_core::wire::device::{DeviceInfo, SessionInfo};

/// Access to a client that others may use too.
///
/// Whoever implements it sees to it that one run at a time is online with a client; reads and edits in between are what it is for.
pub trait Hold {
    /// Uses the client for a moment. Fails with [`Error::Closed`] if it was locked meanwhile.
    fn with<T, E: From<Error>>(&self, act: impl FnOnce(&mut Client) -> Result<T, E>) -> Result<T, E>;

    /// Hears how far a long run has come.
    fn progress(&self, _far: Progress) {}
}

/// How far a sync has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Progress {
    /// So many bytes came in; how many there will be, nobody knows.
    Receiving {
        /// Bytes so far.
        bytes: u64,
    },
    /// They are being checked and stored: so many revisions so far.
    Storing {
        /// Revisions so far.
        revisions: u64,
    },
    /// So many edits are at the server.
    Sending {
        /// Edits sent in this run.
        done: u64,
        /// Those, and the ones that still wait.
        total: u64,
    },
}

impl<H: Hold> Hold for &H {
    fn with<T, E: From<Error>>(&self, act: impl FnOnce(&mut Client) -> Result<T, E>) -> Result<T, E> {
        H::with(self, act)
    }

    fn progress(&self, far: Progress) {
        H::progress(self, far);
    }
}

/// A client that nobody else uses.
pub struct Alone<'a>(RefCell<&'a mut Client>);

impl<'a> Alone<'a> {
    /// All of it, for as long as this lives.
    pub fn new(client: &'a mut Client) -> Self {
        Self(RefCell::new(client))
    }
}

impl Hold for Alone<'_> {
    fn with<T, E: From<Error>>(&self, act: impl FnOnce(&mut Client) -> Result<T, E>) -> Result<T, E> {
        act(&mut self.0.borrow_mut())
    }
}

/// What an account does with its server.
pub struct Online<H>(pub(super) H);

impl<H: Hold> Online<H> {
    /// Through this hold.
    pub fn new(hold: H) -> Self {
        Self(hold)
    }

    pub(super) fn with<T, E: From<Error>>(&self, act: impl FnOnce(&mut Client) -> Result<T, E>) -> Result<T, E> {
        self.0.with(act)
    }
}

impl<H: Hold> Wire for Online<H> {
    fn on<T>(&self, act: impl FnOnce(Line<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.0.with(|client| act(client.line()))
    }
}

impl Client {
    /// With the server, and nobody else using this client meanwhile.
    pub(super) fn online(&mut self) -> Online<Alone<'_>> {
        Online(Alone::new(self))
    }

    /// See [`Online::sync`].
    pub fn sync(&mut self) -> Result<Synced, Error> {
        self.online().sync()
    }

    /// See [`Online::sync_if_due`].
    pub fn sync_if_due(&mut self) -> Result<Option<Synced>, Error> {
        self.online().sync_if_due()
    }

    /// See [`Online::devices`].
    pub fn devices(&mut self) -> Result<Vec<DeviceInfo>, Error> {
        self.online().devices()
    }

    /// See [`Online::sessions`].
    pub fn sessions(&mut self) -> Result<Vec<SessionInfo>, Error> {
        self.online().sessions()
    }

    /// See [`Online::create_machine`].
    pub fn create_machine(&mut self, name: &str, vaults: &[VaultId]) -> Result<super::NewMachine, Error> {
        self.online().create_machine(name, vaults)
    }

    /// See [`Online::machines`].
    pub fn machines(&mut self) -> Result<Vec<super::MachineView>, Error> {
        self.online().machines()
    }

    /// See [`Online::revoke_device`].
    pub fn revoke_device(&mut self, device: DeviceId) -> Result<(), Error> {
        self.online().revoke_device(device)
    }

    /// See [`Online::revoke_session`].
    pub fn revoke_session(&mut self, session: SessionId) -> Result<(), Error> {
        self.online().revoke_session(session)
    }

    /// See [`Online::change_password`].
    pub fn change_password(&mut self, current: &Secret, new: &Secret) -> Result<(), Error> {
        self.online().change_password(current, new)
    }

    /// See [`Online::rotate_secret_key`].
    pub fn rotate_secret_key(&mut self, password: &Secret) -> Result<super::KitData, Error> {
        self.online().rotate_secret_key(password)
    }

    /// See [`Online::change_address`].
    pub fn change_address(&mut self, email: &str) -> Result<(), Error> {
        self.online().change_address(email)
    }

    /// See [`Online::schedule_deletion`].
    pub fn schedule_deletion(&mut self) -> Result<UnixMillis, Error> {
        self.online().schedule_deletion()
    }

    /// See [`Online::cancel_deletion`].
    pub fn cancel_deletion(&mut self) -> Result<(), Error> {
        self.online().cancel_deletion()
    }

    /// See [`Online::add_second_factor`].
    pub fn add_second_factor(&mut self, uri: &Secret, code: &str) -> Result<(), Error> {
        self.online().add_second_factor(uri, code)
    }

    /// See [`Online::remove_second_factor`].
    pub fn remove_second_factor(&mut self, code: &str) -> Result<(), Error> {
        self.online().remove_second_factor(code)
    }

    /// See [`Online::verify_notice`].
    pub fn verify_notice(&mut self, code: &CheckCode) -> Result<super::NoticeAnswer, Error> {
        self.online().verify_notice(code)
    }

    /// See [`Online::retract_notice`].
    pub fn retract_notice(&mut self, code: &CheckCode, plea: Plea) -> Result<Correction, Error> {
        self.online().retract_notice(code, plea)
    }

    /// See [`Online::ask_log`].
    pub fn ask_log(&mut self, code: &CheckCode, digest: Hash32) -> Result<Standing, Error> {
        self.online().ask_log(code, digest)
    }

    /// See [`Online::read_attachment`].
    pub fn read_attachment(&mut self, item: ItemRef, attachment: AttachmentId, out: &mut dyn Write) -> Result<(), Error> {
        self.online().read_attachment(item, attachment, out)
    }
}
