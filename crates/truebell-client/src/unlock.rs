//! Unlocking: the password opens the local copy of the keyset, without the server.

use super::exchange::{CBOR, Question};
use super::index::Index;
use super::profile::{Device, Lock};
use super::replica::{Replica, ReplicaError, rows};
use super::session::{Bare, Line, Wire};
use super::{Client, Error, Profile, World};
use std::cell::RefCell;
use std::io::Read;
use truebell_core::account::Unlocked;
use truebell_core::cbor;
use truebell_core::derive::{derive_root_from_stretched, derive_stretched};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::time::UnixMillis;
use truebell_core::wire::sync::{Frame, Have, HaveVault, take_frame};
use truebell_engine::sync::{Budget, Local, Machine, View};
use zeroize::Zeroizing;

/// Opens the account on this device. Offline; only if the local keyset does not open is the server asked for a newer one.
/// `secret_key` is needed once after it was rotated on another device; otherwise the device has it.
pub fn unlock(profile: &Profile, password: &Secret, secret_key: Option<&SecretKey>, mut world: World) -> Result<Client, Error> {
    let lock = profile.lock()?;
    let mut device = profile.enrolled()?;
    let replica = Replica::open(&profile.replica_file()?)?;
    let secrets = Secrets::new(&device, password, secret_key)?;
    let opened = match secrets.open_newest(&replica)? {
        Some(opened) => opened,
        None => {
            // A wrong password and a password changed elsewhere look the same from here: nothing is said of the second.
            let newer = fetch_keyset(profile, &mut device, &replica, &mut world);
            let here = rows::keysets(replica.read())?.first().map_or(0, |row| row.epoch);
            // An older one is an old password's, offered again (MS-19). One of the same epoch may be what the one here should have been.
            let newer = newer.ok().flatten().filter(|(epoch, _)| *epoch >= here);
            let (epoch, keyset) = newer.ok_or(Error::WrongPassword)?;
            let mut opened = secrets.open(epoch, &keyset).ok_or(Error::WrongPassword)?;
            rows::put_keyset(replica.read(), epoch, &keyset)?;
            (opened.newest, opened.place) = (true, rows::keysets(replica.read())?.first().map_or(0, |row| row.place));
            opened
        }
    };
    settle_credentials(profile, &mut device, &replica, &opened)?;
    assemble(profile.clone(), lock, device, replica, opened, world)
}

/// A keyset that opened, and with what.
pub(super) struct Opened {
    pub keys: Unlocked,
    pub secret_key: Option<SecretKey>,
    /// Whether it is the newest this device has.
    pub newest: bool,
    pub place: i64,
    pub epoch: u64,
}

/// The secrets at hand, stretched once.
struct Secrets {
    stretched: Zeroizing<[u8; 32]>,
    secret_keys: Vec<SecretKey>,
    account: truebell_core::ids::AccountId,
    account_key: truebell_core::sign::PublicKey,
}

impl Secrets {
    fn new(device: &Device, password: &Secret, typed: Option<&SecretKey>) -> Result<Self, Error> {
        let mut secret_keys: Vec<SecretKey> = typed.into_iter().cloned().collect();
        secret_keys.extend(device.secret_keys()?);
        let account = device.trust.account;
        Ok(Self { stretched: derive_stretched(password, account), secret_keys, account, account_key: device.trust.account_key })
    }

    fn open(&self, epoch: u64, sealed: &[u8]) -> Option<Opened> {
        self.secret_keys.iter().find_map(|secret_key| {
            let root = derive_root_from_stretched(&self.stretched, secret_key, self.account);
            let keys = Unlocked::open(self.account, epoch, &root, sealed).ok()?;
            let ours = keys.public().signing == self.account_key;
            ours.then(|| Opened { keys, secret_key: Some(secret_key.clone()), newest: false, place: 0, epoch })
        })
    }

    fn open_newest(&self, replica: &Replica) -> Result<Option<Opened>, ReplicaError> {
        for (age, row) in rows::keysets(replica.read())?.iter().enumerate() {
            if let Some(opened) = self.open(row.epoch, &row.sealed) {
                return Ok(Some(Opened { newest: age == 0, place: row.place, ..opened }));
            }
        }
        Ok(None)
    }
}

/// The newest keyset here that the password opens.
pub(super) fn open_with(device: &Device, password: &Secret, replica: &Replica) -> Result<Option<Opened>, Error> {
    Ok(Secrets::new(device, password, None)?.open_newest(replica)?)
}

/// Opens a keyset with the password and this device's Secret Key.
pub(super) fn open_sealed(device: &Device, password: &Secret, epoch: u64, sealed: &[u8]) -> Result<Option<Opened>, Error> {
    Ok(Secrets::new(device, password, None)?.open(epoch, sealed).map(|opened| Opened { newest: true, ..opened }))
}

/// What opened is what counts from now on: older keysets go, and the Secret Key that opened the newest becomes this device's.
fn settle_credentials(profile: &Profile, device: &mut Device, replica: &Replica, opened: &Opened) -> Result<(), Error> {
    if !opened.newest {
        return Ok(());
    }
    if let Some(text) = opened.secret_key.as_ref().map(SecretKey::to_text)
        && device.secret_key != text
    {
        device.secret_key = text;
        device.next_secret_key = None;
        profile.save(device)?;
    }
    Ok(rows::drop_keysets_before(replica.read(), opened.place)?)
}

/// The account's keyset as the server has it now: its seal is its proof. `None` if it was not to be had.
pub(super) fn fetch_keyset(
    profile: &Profile,
    device: &mut Device,
    replica: &Replica,
    world: &mut World,
) -> Result<Option<(u64, Vec<u8>)>, Error> {
    let chain: truebell_core::event::Chain = rows::meta(replica.read(), "chain")?.unwrap_or_default();
    let vaults = rows::vaults(replica.read())?
        .iter()
        .filter_map(|row| Some(HaveVault { vault: row.vault, seq: row.head.parse_unverified().ok()?.seq }))
        .collect();
    // The record whatever its number: the keyset in the one that is here did not open.
    let have = cbor::to_vec(&Have { events: chain.seq, record: 0, vaults });
    let trust = device.trust.clone();
    let mut traces = Vec::new();
    let line = Bare(RefCell::new(Line { world, profile, device, traces: &mut traces }));
    let stream = line.ask_stream(None, &Question::post("/v1/sync", CBOR, &have))?;
    if let Some(why) = truebell_engine::sync::Why::of(&stream.judgement.outcome) {
        return Err(Error::Server(why));
    }
    let mut frames = Frames::new(stream.body);
    while let Some(frame) = frames.next()? {
        match frame {
            Frame::Record(signed) => {
                let record = signed.verify(trust.account, &trust.server_key).ok();
                return Ok(record.map(|record| (record.epoch, record.keyset)));
            }
            Frame::End => break,
            _ => {}
        }
    }
    Ok(None)
}

/// A stream's frames, one at a time.
pub(super) struct Frames {
    body: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    part: Vec<u8>,
}

impl Frames {
    pub(super) fn new(body: Box<dyn Read + Send>) -> Self {
        Self { body, buffer: Vec::new(), part: vec![0; 64 << 10] }
    }

    /// The next frame; `None` where the stream ends, whether it was cut or not.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Error> {
        use truebell_engine::sync::{Unproven, Why};
        loop {
            let taken = take_frame(&mut self.buffer).map_err(|_| Error::Server(Why::Unproven { what: Unproven::Malformed }))?;
            if taken.is_some() {
                return Ok(taken);
            }
            let broken = |_| Error::Server(Why::Unreachable { failure: truebell_core::outcome::Failure::Broken });
            let len = self.body.read(&mut self.part).map_err(broken)?;
            if len == 0 {
                return Ok(None);
            }
            self.buffer.extend_from_slice(self.part.get(..len).unwrap_or_default());
        }
    }
}

/// Puts a client together: vault keys, state, index.
pub(super) fn assemble(
    profile: Profile,
    lock: Lock,
    device: Device,
    replica: Replica,
    opened: Opened,
    mut world: World,
) -> Result<Client, Error> {
    let mut keys = opened.keys;
    for (vault, key) in rows::vault_keys(replica.read())? {
        // One that does not open is damage, and is said below, once it is known what else can be read.
        let _unreadable = keys.add_vault(vault, &key);
    }
    let loaded = load(&replica, &keys, &device);
    let (local, index) = loaded.map_err(|error| count_kept(error, &replica, &keys))?;
    let as_of: Option<UnixMillis> = rows::meta(replica.read(), "as_of")?;
    let log = super::log::Watch::load(&replica, &super::log::origin(&device))?;
    let view = as_of.map_or(View::Never, |as_of| View::UpToDate { as_of });
    let machine = Machine::new(view, world.chance.as_mut());
    Ok(Client {
        profile,
        _lock: lock,
        device,
        replica,
        keys,
        secret_key: opened.secret_key,
        opened_epoch: opened.epoch,
        local,
        index,
        machine,
        log,
        budget: Budget::default(),
        hint_not_before: UnixMillis(0),
        world,
        said: None,
        traces: Vec::new(),
    })
}

/// State and index, checked: the heads are the account's own, and the items are those the heads cover.
fn load(replica: &Replica, keys: &Unlocked, device: &Device) -> Result<(Local, Index), ReplicaError> {
    rows::drop_orphans(replica.read())?;
    for row in rows::vaults(replica.read())? {
        let damaged = || ReplicaError::Damaged { at: format!("vaults, {}", row.vault), kept: 0 };
        row.head.verify(&device.trust.account_key).map_err(|_| damaged())?;
        keys.open_vault_name(row.vault, row.name_revision, &row.name).map_err(|_| damaged())?;
    }
    Ok((replica.load_local(&device.trust)?, Index::load(replica, keys)?))
}

/// Says how many unsynced edits a rebuild will keep.
pub(super) fn count_kept(error: ReplicaError, replica: &Replica, keys: &Unlocked) -> ReplicaError {
    match error {
        ReplicaError::Damaged { at, .. } => ReplicaError::Damaged { at, kept: super::rebuild::salvage(replica, keys).len() },
        error => error,
    }
}
