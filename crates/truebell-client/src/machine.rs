//! Machines: making one, listing them, and being one: a run that reads its vaults from nothing and keeps nothing
//! (`docs/formats/machine.md`).
//!
//! Never here: where a token comes from or goes to.

use super::enrol::{address, meet};
use super::exchange::{JSON, Question};
use super::profile::{Device, seed_text};
use super::replica::Replica;
use super::said::explain;
use super::session::Wire;
use super::unlock::{Opened, assemble};
use super::{Authority, Client, Error, Hold, Online, Profile, World};
use serde::Serialize;
use truebell_core::event::{Trust, What};
use truebell_core::head::Reason;
use truebell_core::ids::{DeviceId, VaultId};
use truebell_core::machine::{MachineSecret, MachineToken, PLATFORM};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_core::wire::device::{EnrolMachine, MachineKey, NewDevice};
use truebell_engine::sync::{View, Why};

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// A machine that was just made.
#[derive(Debug, Clone, Serialize)]
pub struct NewMachine {
    /// Its id.
    pub machine: DeviceId,
    /// Its name.
    pub name: String,
    /// The vaults it may read.
    pub vaults: Vec<VaultId>,
    /// Its token, which is nowhere else.
    pub token: Secret,
}

/// A machine in a list.
#[derive(Debug, Clone, Serialize)]
pub struct MachineView {
    /// Its id.
    pub machine: DeviceId,
    /// Its name.
    pub name: String,
    /// The vaults it may read.
    pub vaults: Vec<VaultId>,
    /// Since when.
    pub created: UnixMillis,
    /// When it last opened a session, as the server says.
    pub seen: UnixMillis,
    /// Whether its access was taken away.
    pub revoked: bool,
}

impl<H: Hold> Online<H> {
    /// Lets a new machine read some vaults. Its token is given this once.
    pub fn create_machine(&self, name: &str, vaults: &[VaultId]) -> Result<NewMachine, Error> {
        let name = checked(name)?;
        // A vault made here a moment ago may not be at the server yet.
        self.catch_up()?;
        let mut vaults = vaults.to_vec();
        vaults.sort_unstable();
        vaults.dedup();
        let (token, keys) = self.with(|client| client.make_machine(&vaults))?;
        let (machine, key) = (token.secret.derive_device(), token.secret.derive_device_key().public());
        let what = What::MachineEnrolled { enrolled: machine, device_key: key, name: name.to_owned(), vaults: vaults.clone() };
        let device = NewDevice { device: machine, key, name: name.to_owned(), platform: PLATFORM.to_owned() };
        self.act("/v1/machines", &what, |act| EnrolMachine { device: device.clone(), vaults: keys.clone(), act })?;
        Ok(NewMachine { machine, name: name.to_owned(), vaults, token: token.to_text() })
    }

    /// All machines, oldest first, revoked ones too. Which there are and what they may read is proven by the account's events.
    pub fn machines(&self) -> Result<Vec<MachineView>, Error> {
        let listed = self.devices()?;
        self.with(|client| {
            let proven = &client.local.facts.devices;
            let view = |device: truebell_core::wire::device::DeviceInfo| {
                let vaults = proven.get(&device.device)?.machine.clone()?;
                let (name, created, seen) = (device.name, device.enrolled, device.seen);
                Some(MachineView { machine: device.device, name, vaults, created, seen, revoked: device.revoked })
            };
            Ok(listed.into_iter().filter_map(view).collect())
        })
    }
}

impl Client {
    /// A machine's token, and the keys of its vaults sealed for it.
    fn make_machine(&mut self, vaults: &[VaultId]) -> Result<(MachineToken, Vec<MachineKey>), Error> {
        let chance = self.world.chance.as_mut();
        let secret = MachineSecret::make_random(chance);
        let wrapping = secret.derive_wrapping_key();
        let seal = |vault: &VaultId| {
            let key = self.keys.wrap_vault_for(*vault, &wrapping, chance)?.into();
            Ok::<_, Error>(MachineKey { vault: *vault, key })
        };
        let keys = vaults.iter().map(seal).collect::<Result<_, _>>()?;
        let Trust { server_key, account, account_key, .. } = self.device.trust.clone();
        Ok((MachineToken { server: self.device.server.clone(), server_key, account, account_key, secret }, keys))
    }

    /// Whether this is a machine's run.
    pub fn is_machine(&self) -> bool {
        self.secret_key.is_none()
    }

    /// `Ok` where a person may be the one who asks.
    pub(super) fn by_a_person(&self) -> Result<(), Error> {
        if self.is_machine() { Err(Error::MachineOnlyReads) } else { Ok(()) }
    }
}

/// Reads a machine's vaults, from nothing. What it reads is in memory and goes with the client.
pub fn open_machine(token: &MachineToken, mut world: World) -> Result<Client, Error> {
    let server = address(&token.server)?;
    let (info, pinned) = meet(&server, Some(&token.server_key.fingerprint()), &mut world)?;
    if pinned.key != token.server_key {
        return Err(Error::Answer("it shows another key than the machine token names"));
    }
    let trust = Trust { server: pinned.server, server_key: pinned.key, account: token.account, account_key: token.account_key };
    let device = Device {
        format: Device::FORMAT,
        server,
        pinned,
        trust,
        email: String::new(),
        device: token.secret.derive_device(),
        device_name: PLATFORM.to_owned(),
        device_seed: seed_text(&token.secret.derive_device_key()),
        secret_key: Secret::default(),
        next_secret_key: None,
        status_url: info.status_url.as_deref().and_then(|url| address(url).ok()),
        authority: world.transport.authority().map(Authority::to_pem),
        session: None,
    };
    let profile = Profile::nowhere();
    let opened = Opened { keys: token.secret.unlock(token.account), secret_key: None, newest: true, place: 0, epoch: 0 };
    let mut client = assemble(profile.clone(), profile.lock()?, device, Replica::in_memory()?, opened, world)?;
    match client.sync()?.view {
        View::UpToDate { .. } => {}
        View::Stale { why: Why::Refused { reason: Reason::DeviceUnknown | Reason::NoSession, .. }, .. } => return Err(Error::NoAccess),
        View::Stale { why, .. } => {
            let (server, page) = (client.device.server.clone(), client.device.status_url.clone());
            let pinned = client.device.pinned.clone();
            return Err(explain(Error::Server(why), &mut client.world, (&server, page.as_deref()), &pinned));
        }
        View::Never => return Err(Error::Answer("it answered nothing")),
    }
    client.end_session();
    Ok(client)
}

impl Client {
    /// A run that has what it came for leaves no session behind. One whose end is not heard ends by itself.
    fn end_session(&mut self) {
        if self.device.session.is_some() {
            let _ended = self.online().ask(None, &Question::post("/v1/sign-out", JSON, b"{}"));
            self.device.session = None;
        }
    }
}

fn checked(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(Error::Input("a machine's name has between 1 and 200 letters, and no control characters".into()));
    }
    Ok(name)
}
