//! The world: people with devices, one server, the network between them, and time. What people, operators and stories do with it lives in
//! the modules below; every step is watched by the checks.

mod deeds;
mod ending;
mod machines;
mod mishaps;
mod operators;
mod people;
mod screens;
mod telling;

pub use machines::Machine;

use crate::checks::{Belongings, Truth};
use crate::dice::Dice;
use crate::mutate::Mutation;
use crate::net::Net;
use crate::site::Site;
use crate::time::{Time, Watch};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;
use truebell_client::{Client, ItemRef, Profile};
use truebell_core::memo::{Held, Memo};
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::Fingerprint;

/// What Argon2id gave, for all worlds of this process: their people have the same accounts.
static MEMO: LazyLock<Memo> = LazyLock::new(Memo::default);
/// People choose among so many passwords.
const PASSWORDS: usize = 4;

/// A person in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person(pub usize);

/// A device in a world, by the order in which devices came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device(pub usize);

struct PersonState {
    name: &'static str,
    email: String,
    addresses: usize,
    /// Passwords that may count, the newest last.
    passwords: Vec<String>,
    chosen: usize,
    secret_keys: Vec<SecretKey>,
    fingerprint: Option<Fingerprint>,
    items: Vec<ItemRef>,
}

pub(crate) struct DeviceState {
    pub(crate) person: usize,
    pub(crate) name: String,
    pub(crate) profile: Profile,
    pub(crate) client: Option<Client>,
    pub(crate) watch: Watch,
    starts: u64,
    pub(crate) failures: u32,
    /// A mutation: it syncs no more.
    pub(crate) gave_up: bool,
    pub(crate) is_disk_full: bool,
    /// Its file as it was last read, and what that said.
    file: Option<(Vec<u8>, Option<Belongings>)>,
}

/// Everything there is.
pub struct World {
    seed: u64,
    time: Time,
    pub(crate) net: Net,
    home: TempDir,
    people: Vec<PersonState>,
    pub(crate) devices: Vec<DeviceState>,
    /// Builds of stories.
    builds: Vec<Machine>,
    values: u64,
    pub(crate) mutation: Option<Mutation>,
    _memo: Held,
}

/// A folder in memory where the system has one: a simulated device writes as often as a real one, ten thousand times faster.
#[expect(clippy::expect_used, reason = "without a folder there is no device to simulate")]
fn make_home() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("a folder for the devices' files")
}

impl World {
    /// A world with a server and nobody in it.
    pub fn new(seed: u64) -> Self {
        let time = Time::default();
        let net = Net::new(Site::new(seed, &time), Truth::default());
        Self {
            seed,
            time,
            net,
            home: make_home(),
            people: Vec::new(),
            devices: Vec::new(),
            builds: Vec::new(),
            values: 0,
            mutation: None,
            _memo: MEMO.hold(),
        }
    }

    /// The same, with one law broken.
    pub fn with_mutation(seed: u64, mutation: Option<Mutation>) -> Self {
        let mut world = Self::new(seed);
        world.mutation = mutation;
        let mut wire = world.net.wire();
        wire.mutation = mutation;
        match mutation {
            Some(Mutation::RetriesUnknownMail) => wire.site.relay.forget_unknown(),
            Some(Mutation::RestoreReplaysOutbox) => wire.site.replays_outbox = true,
            Some(Mutation::RestoreNotTold) => wire.site.hides_restore = true,
            Some(Mutation::Withholds) => wire.site.withhold_from(1),
            _ => {}
        }
        drop(wire);
        world
    }

    fn device(&self, device: Device) -> Option<&DeviceState> {
        self.devices.get(device.0)
    }

    fn machine(&mut self, line: usize) -> truebell_client::World {
        let starts = self.devices.get_mut(line).map_or(0, |device| {
            device.starts += 1;
            device.starts
        });
        let dice = Dice::about(self.seed, (line as u64) << 32 | starts);
        self.machine_with(line, dice)
    }

    fn machine_with(&self, line: usize, dice: Dice) -> truebell_client::World {
        let watch = self.devices.get(line).map_or_else(|| Watch::new(&self.time), |device| device.watch.clone());
        truebell_client::World { transport: self.net.line(line), clock: Arc::new(watch), chance: Box::new(dice) }
    }

    /// What a device has by its file. Read each time; understood anew only where a byte of it has changed.
    fn belongings(&mut self, line: usize) -> Option<Belongings> {
        let device = self.devices.get_mut(line)?;
        let bytes = std::fs::read(device.profile.folder().join("device.json")).unwrap_or_default();
        if let Some((known, had)) = &device.file
            && *known == bytes
        {
            return had.clone();
        }
        let file = device.profile.device().ok().flatten();
        let has = file.map(|file| Belongings { trust: file.trust, device: file.device, seed: file.device_seed.expose().to_owned() });
        device.file = Some((bytes, has.clone()));
        has
    }
}

impl PersonState {
    fn choose_password(&mut self) -> String {
        let password = format!("{}'s password, number {}", self.name, self.chosen % PASSWORDS);
        self.chosen += 1;
        self.passwords.push(password.clone());
        password
    }

    /// What they would try: the newest first, each once.
    fn distinct_passwords(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.passwords.iter().rev().filter(|password| seen.insert(password.as_str())).cloned().collect()
    }
}
