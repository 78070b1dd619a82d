//! The world: people with devices, one server, the network between them, and time. Steps do what a person or an operator would do;
//! every one of them is watched by the checks.

use crate::checks::{Belongings, Check, Counts, Ending, Standing, Truth};
use crate::dice::Dice;
use crate::fault::{DbFault, Fault, Weather};
use crate::mutate::Mutation;
use crate::net::{Exchanges, Happens, Net, Plan, Rule};
use crate::relay::Mood;
use crate::report::Report;
use crate::shell;
use crate::site::{ADDRESS, Condition, Site, ready};
use crate::story::{Doing, Sky, Step, Story};
use crate::time::{Time, Watch};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;
use truebell_client::{Client, Error, Filter, ItemRef, Profile, ProfileError, Shown, SignIn, SignUp, Synced};
use truebell_core::ids::ItemId;
use truebell_core::item::{Item, State};
use truebell_core::memo::{Held, Memo};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::Fingerprint;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::View;
use truebell_server::mail::Carry;
use truebell_store::Store;
use truebell_store::rows::NewMail;

/// What Argon2id gave, for all worlds of this process: their people have the same accounts.
static MEMO: LazyLock<Memo> = LazyLock::new(Memo::default);
/// How long each step takes.
const STEP_MS: u64 = 20_000;
/// People choose among so many passwords.
const PASSWORDS: usize = 4;
/// Most devices of a world, and of a person at once.
const DEVICES_MAX: usize = 10;
const NAMES: [&str; 4] = ["ada", "bob", "cleo", "dan"];
const DEVICE_NAMES: [&str; 5] = ["laptop", "phone", "tablet", "desktop", "watch"];
/// Most items a person makes.
const ITEMS_MAX: usize = 12;

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
    /// Last trace line that the shell has read: how many there were.
    pub(crate) gave_up: bool,
}

/// Everything there is.
pub struct World {
    seed: u64,
    time: Time,
    pub(crate) net: Net,
    home: TempDir,
    people: Vec<PersonState>,
    pub(crate) devices: Vec<DeviceState>,
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
        Self { seed, time, net, home: make_home(), people: Vec::new(), devices: Vec::new(), values: 0, mutation: None, _memo: MEMO.hold() }
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

    // --- people and devices

    /// Somebody signs up, on a laptop, in good weather. At most four people fit.
    pub fn sign_up(&mut self) -> Result<(Person, Device), Error> {
        let number = self.people.len();
        let name = NAMES.get(number).copied().unwrap_or("eve");
        let email = format!("{name}@example.org");
        let mut person = PersonState {
            name,
            email: email.clone(),
            addresses: 0,
            passwords: Vec::new(),
            chosen: 0,
            secret_keys: Vec::new(),
            fingerprint: None,
            items: Vec::new(),
        };
        let password = person.choose_password();
        let person_handle = Person(number);
        {
            let mut wire = self.net.wire();
            wire.truth.add_person(&email);
            wire.truth.add_password(number, &password);
        }
        self.people.push(person);
        let device = self.add_device(number)?;
        let request = SignUp {
            server: ADDRESS.into(),
            fingerprint: None,
            email,
            password: Secret::new(password),
            invitation: None,
            device_name: self.device(device).map(|device| device.name.clone()).unwrap_or_default(),
            vault_name: "Personal".into(),
        };
        // The same dice for the same person in every world: then accounts, and what Argon2id gives for them, are the same.
        let world = self.machine_with(device.0, Dice::about(0xacc0, number as u64));
        let Some(profile) = self.device(device).map(|device| device.profile.clone()) else { return Err(nobody()) };
        let (client, kit) = truebell_client::sign_up(&profile, &request, world)?;
        if let Some(person) = self.people.get_mut(number) {
            person.fingerprint = Some(kit.fingerprint);
            person.secret_keys.push(kit.secret_key.clone());
        }
        self.net.wire().truth.add_secret_key(number, kit.secret_key.to_text().expose());
        self.moved_in(device, client);
        Ok((person_handle, device))
    }

    fn add_device(&mut self, person: usize) -> Result<Device, Error> {
        let count = self.devices.iter().filter(|device| device.person == person).count();
        let owner = self.people.get(person).map_or("nobody", |person| person.name);
        let kind = DEVICE_NAMES.get(count % DEVICE_NAMES.len()).copied().unwrap_or("device");
        let name = if count < DEVICE_NAMES.len() { format!("{owner}'s {kind}") } else { format!("{owner}'s {kind} {count}") };
        let profile = Profile::open(&format!("{}", self.devices.len()), Some(self.home.path()))?;
        {
            let mut wire = self.net.wire();
            wire.truth.add_device(person, &name, profile.clone());
            wire.naive.push(crate::naive::Naive::default());
        }
        let watch = Watch::new(&self.time);
        self.devices.push(DeviceState { person, name, profile, client: None, watch, starts: 0, failures: 0, gave_up: false });
        Ok(Device(self.devices.len() - 1))
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

    fn moved_in(&mut self, device: Device, client: Client) {
        if let Some(state) = self.devices.get_mut(device.0) {
            state.client = Some(client);
        }
        if let Some(had) = self.belongings(device.0) {
            self.net.wire().truth.enrolled(device.0, had);
        }
        self.show_notices(device.0);
    }

    fn belongings(&self, line: usize) -> Option<Belongings> {
        let file = self.devices.get(line)?.profile.device().ok()??;
        Some(Belongings { trust: file.trust, device: file.device, seed: file.device_seed.expose().to_owned() })
    }

    /// A person signs in on a new device with their kit. The device stays, signed in or not; [`Self::restart`] tries again.
    pub fn enrol(&mut self, person: Person) -> Result<Device, String> {
        if self.devices.len() >= DEVICES_MAX {
            return Err("there are enough devices".into());
        }
        let device = self.add_device(person.0).map_err(|error| error.to_string())?;
        self.sign_in(device)?;
        Ok(device)
    }

    fn sign_in(&mut self, device: Device) -> Result<(), String> {
        let line = device.0;
        let Some(state) = self.devices.get(line) else { return Err("no such device".into()) };
        let (profile, device_name) = (state.profile.clone(), state.name.clone());
        let Some(person) = self.people.get(state.person) else { return Err("nobody".into()) };
        let (email, fingerprint) = (person.email.clone(), person.fingerprint.clone());
        let (passwords, keys) = (person.distinct_passwords(), person.secret_keys.clone());
        self.net.wire().truth.asked(line, "device-enrolled", None);
        let mut said = String::new();
        for secret_key in keys.iter().rev().take(2) {
            for password in passwords.iter().take(2) {
                let request = SignIn {
                    server: ADDRESS.into(),
                    fingerprint: fingerprint.clone(),
                    email: email.clone(),
                    secret_key: secret_key.clone(),
                    password: Secret::new(password.as_str()),
                    device_name: device_name.clone(),
                };
                let world = self.machine(line);
                match truebell_client::sign_in(&profile, &request, world, &mut || None) {
                    Ok(client) => {
                        self.moved_in(device, client);
                        return Ok(());
                    }
                    Err(error) => {
                        said = self.say(line, &error);
                        if !matches!(error, Error::WrongDetails | Error::WrongPassword) {
                            return Err(said);
                        }
                    }
                }
            }
        }
        Err(said)
    }

    // --- what is on screens

    fn say(&mut self, line: usize, error: &Error) -> String {
        let said = error.to_string();
        self.net.wire().truth.said(line, &said);
        said
    }

    pub(crate) fn said(&mut self, line: usize, sentence: &str) {
        self.net.wire().truth.said(line, sentence);
    }

    /// Shows what is unseen, and marks it as seen.
    pub(crate) fn show_notices(&mut self, line: usize) {
        if self.mutation == Some(Mutation::MarksSeenUnshown) {
            return shell::mark_unshown(self, line);
        }
        let Some(client) = self.devices.get_mut(line).and_then(|device| device.client.as_mut()) else { return };
        let Ok(entries) = client.unseen() else { return };
        if entries.is_empty() {
            return;
        }
        let places: Vec<u64> = entries.iter().map(|entry| entry.notice.seq).collect();
        // Shown only if it can be noted that it was: on a full disk it waits, and is shown once.
        if client.mark_seen(&places).is_ok() {
            let mut wire = self.net.wire();
            for entry in &entries {
                wire.note(&(line, entry.notice.seq, &entry.notice.sentence));
                wire.truth.noticed(line, entry);
            }
        }
    }

    /// After a device did something: what it shows, and what it still has.
    fn after(&mut self, line: usize, look: bool) {
        if look {
            self.show_notices(line);
        }
        let has = self.belongings(line);
        let items = self.devices.get(line).and_then(|device| device.client.as_ref()).map(listed);
        self.net.wire().truth.inspect(line, has.as_ref(), items);
    }

    // --- what people do

    /// A device syncs. What it says then.
    pub fn sync(&mut self, device: Device) -> String {
        let line = device.0;
        let Some(state) = self.devices.get_mut(line) else { return String::new() };
        if state.gave_up {
            return String::new();
        }
        let Some(client) = state.client.as_mut() else { return String::new() };
        let synced = client.sync();
        let (said, notices) = match &synced {
            Ok(Synced { sentence, restored, notices, .. }) => {
                let restored = restored.as_deref().unwrap_or_default();
                (format!("{sentence} {restored}").trim().to_owned(), *notices)
            }
            Err(error) => (error.to_string(), 1),
        };
        self.said(line, &said);
        self.after(line, notices > 0);
        if let Some(mutation) = self.mutation {
            shell::after_sync(self, mutation, line, synced.as_ref().ok());
        }
        said
    }

    /// How things stand on a device.
    pub fn view(&self, device: Device) -> Option<View> {
        self.device(device)?.client.as_ref()?.status().ok().map(|status| status.sync)
    }

    /// The client itself, for what a drill wants to look at.
    pub fn client(&mut self, device: Device) -> Option<&mut Client> {
        self.devices.get_mut(device.0)?.client.as_mut()
    }

    /// Somebody adds an item; its place in the person's list.
    pub fn add(&mut self, device: Device, title: &str) -> Option<usize> {
        let line = device.0;
        let person = self.devices.get(line)?.person;
        let value = self.make_value("password");
        let client = self.devices.get_mut(line)?.client.as_mut()?;
        let vault = client.find_vault(None).ok()?;
        let mut item = Item::default();
        item.overview.title = title.to_owned();
        item.set_field("password", value.as_str());
        let made = client.create(vault, item);
        let place = match made {
            Ok(at) => {
                self.net.wire().truth.wrote(line, at, &value);
                let items = &mut self.people.get_mut(person)?.items;
                items.push(at);
                Some(items.len() - 1)
            }
            Err(error) => {
                self.say(line, &error);
                None
            }
        };
        self.after(line, false);
        place
    }

    fn make_value(&mut self, field: &str) -> String {
        self.values += 1;
        format!("{field} number {}", self.values)
    }

    /// The person's item at a place.
    pub fn item(&self, device: Device, place: usize) -> Option<ItemRef> {
        let items = &self.people.get(self.device(device)?.person)?.items;
        items.get(place % items.len().max(1)).copied()
    }

    /// Somebody sets a field to a new value; the value, if the device took it.
    pub fn set(&mut self, device: Device, place: usize, field: &str) -> Option<String> {
        let (line, at) = (device.0, self.item(device, place)?);
        let value = self.make_value(field);
        let client = self.devices.get_mut(line)?.client.as_mut()?;
        // An item this device has not heard of yet, or that was deleted.
        let mut item = client.item(at).ok()?;
        item.set_field(field, value.as_str());
        match client.edit(at, item) {
            Ok(()) => {
                self.net.wire().truth.wrote(line, at, &value);
                self.after(line, false);
                Some(value)
            }
            Err(error) => {
                self.say(line, &error);
                None
            }
        }
    }

    /// A field's value on a device.
    pub fn read(&self, device: Device, place: usize, field: &str) -> Option<String> {
        let at = self.item(device, place)?;
        let item = self.device(device)?.client.as_ref()?.item(at).ok()?;
        Some(item.field(field)?.value.expose().to_owned())
    }

    fn trash(&mut self, line: usize, place: usize) {
        let Some(at) = self.item(Device(line), place) else { return };
        let Some(client) = self.devices.get_mut(line).and_then(|device| device.client.as_mut()) else { return };
        let Ok(item) = client.item(at) else { return };
        let done = if item.overview.state == State::Active { client.trash(at) } else { client.restore(at) };
        if let Err(error) = done {
            self.say(line, &error);
        }
    }

    fn purge(&mut self, line: usize, place: usize) {
        let Some(at) = self.item(Device(line), place) else { return };
        let Some(client) = self.devices.get_mut(line).and_then(|device| device.client.as_mut()) else { return };
        self.net.wire().truth.purged(line, at.item);
        if let Err(error) = client.purge(at)
            && !matches!(error, Error::NotFound { .. })
        {
            self.say(line, &error);
        }
    }

    /// Does something on a device that a notice would tell of. What the device says if it could not.
    fn act(&mut self, line: usize, kind: &'static str, act: impl FnOnce(&mut Client) -> Result<(), Error>) -> Result<(), String> {
        self.net.wire().truth.asked(line, kind, None);
        let client = self.devices.get_mut(line).and_then(|device| device.client.as_mut()).ok_or("the device is locked")?;
        let done = act(client);
        let said = match done {
            Ok(()) => Ok(()),
            Err(error) => Err(self.say(line, &error)),
        };
        self.after(line, true);
        said
    }

    /// The password is changed on a device.
    pub fn change_password(&mut self, device: Device) -> Result<(), String> {
        let line = device.0;
        let person = self.device(device).map_or(0, |device| device.person);
        let Some(state) = self.people.get_mut(person) else { return Err("nobody".into()) };
        let known = state.distinct_passwords();
        let new = state.choose_password();
        self.net.wire().truth.add_password(person, &new);
        self.act(line, "password-changed", |client| {
            let new = Secret::new(new.as_str());
            with_the_right(&known, |current| client.change_password(current, &new))
        })
    }

    /// The Secret Key is replaced on a device.
    pub fn rotate_secret_key(&mut self, device: Device) -> Result<(), String> {
        let line = device.0;
        let person = self.device(device).map_or(0, |device| device.person);
        let known = self.people.get(person).map(PersonState::distinct_passwords).unwrap_or_default();
        let mut kit = None;
        let done = self.act(line, "secret-key-rotated", |client| {
            with_the_right(&known, |password| {
                kit = Some(client.rotate_secret_key(password)?);
                Ok(())
            })
        });
        // One whose answer was lost is in the device's file.
        let file = self.device(device).and_then(|device| device.profile.device().ok().flatten());
        let texts = file.into_iter().flat_map(|file| std::iter::once(file.secret_key).chain(file.next_secret_key));
        let keys = texts.filter_map(|text| SecretKey::parse(text.expose()).ok()).chain(kit.map(|kit| kit.secret_key));
        if let Some(state) = self.people.get_mut(person) {
            for key in keys {
                if !state.secret_keys.iter().any(|known| known.to_text() == key.to_text()) {
                    state.secret_keys.push(key);
                }
            }
        }
        done
    }

    /// The mail address is changed on a device.
    pub fn change_address(&mut self, device: Device) -> Result<(), String> {
        let person = self.device(device).map_or(0, |device| device.person);
        let Some(state) = self.people.get_mut(person) else { return Err("nobody".into()) };
        state.addresses += 1;
        let to = format!("{}.{}@example.org", state.name, state.addresses);
        let done = self.act(device.0, "address-changed", |client| client.change_address(&to));
        if let (Ok(()), Some(state)) = (&done, self.people.get_mut(person)) {
            state.email = to;
        }
        done
    }

    /// The account is to be deleted.
    pub fn schedule_deletion(&mut self, device: Device) -> Result<(), String> {
        self.act(device.0, "deletion-scheduled", |client| client.schedule_deletion().map(drop))
    }

    /// It is not.
    pub fn cancel_deletion(&mut self, device: Device) -> Result<(), String> {
        self.act(device.0, "deletion-cancelled", Client::cancel_deletion)
    }

    /// A device takes another's access away.
    pub fn revoke(&mut self, by: Device, other: Device) -> Result<(), String> {
        let id = self.belongings(other.0).map(|had| had.device).ok_or("no such device")?;
        self.act(by.0, "device-revoked", |client| client.revoke_device(id))
    }

    /// A device ends a session of another.
    pub fn end_session(&mut self, by: Device, other: Device) -> Result<(), String> {
        let id = self.belongings(other.0).map(|had| had.device).ok_or("no such device")?;
        let net = self.net.clone();
        let line = by.0;
        let client = self.devices.get_mut(line).and_then(|device| device.client.as_mut()).ok_or("the device is locked")?;
        let done = client.sessions().and_then(|sessions| {
            let session = sessions.into_iter().find(|session| session.device == id).map(|session| session.session);
            let Some(session) = session else { return Ok(()) };
            net.wire().truth.asked(line, "session-revoked", Some(session));
            client.revoke_session(session)
        });
        let said = done.map_err(|error| self.say(line, &error));
        self.after(line, true);
        said
    }

    /// The program on a device is killed and started again, and its person unlocks it. What it says if that does not do.
    pub fn restart(&mut self, device: Device) -> Result<(), String> {
        let line = device.0;
        let Some(state) = self.devices.get_mut(line) else { return Err("no such device".into()) };
        state.client = None;
        let profile = state.profile.clone();
        if matches!(profile.device(), Ok(None)) {
            return self.sign_in(device);
        }
        let Some(person) = self.people.get(state.person) else { return Err("nobody".into()) };
        let (passwords, secret_key) = (person.distinct_passwords(), person.secret_keys.last().cloned());
        let mut said = String::new();
        for typed in [None, secret_key.as_ref()] {
            for password in &passwords {
                let world = self.machine(line);
                match truebell_client::unlock(&profile, &Secret::new(password.as_str()), typed, world) {
                    Ok(client) => {
                        if let Some(state) = self.devices.get_mut(line) {
                            state.client = Some(client);
                        }
                        if self.mutation == Some(Mutation::ShowsAgain) {
                            shell::show_all(self, line);
                        }
                        self.after(line, true);
                        return Ok(());
                    }
                    Err(error) => {
                        said = self.say(line, &error);
                        if !matches!(error, Error::WrongPassword) {
                            return Err(said);
                        }
                    }
                }
            }
        }
        self.net.wire().truth.find(Check::S, || format!("device {line} does not open any more with any password of its person"));
        Err(said)
    }

    /// A device's disk is full from now on, or no longer.
    pub fn fill_disk(&mut self, device: Device, is_full: bool) {
        let Some(state) = self.devices.get(device.0) else { return };
        // A folder of that name keeps the device file from being written.
        let stone = state.profile.folder().join("device.json.new");
        let _placed = if is_full { std::fs::create_dir(&stone) } else { std::fs::remove_dir(&stone) };
        if let Some(client) = &state.client {
            client.limit_room(is_full);
        }
    }

    /// A device's clock is wrong by so many seconds, or right again with 0.
    pub fn skew(&mut self, device: Device, seconds: i64) {
        if let Some(state) = self.devices.get(device.0) {
            state.watch.set_off(seconds * 1000);
        }
    }

    /// Somebody sends a device a push that says it was signed out. Ours takes a push for a hint to look.
    pub fn forge_push(&mut self, device: Device) -> String {
        {
            let mut wire = self.net.wire();
            if !wire.truth.would_be_true(device.0, crate::naive::Alarm::SignedOut) {
                wire.naive_alarms.push(crate::naive::Alarm::SignedOut.sentence().to_owned());
            }
        }
        if self.mutation == Some(Mutation::BelievesPush) {
            self.said(device.0, "You were signed out on this device.");
        }
        self.sync(device)
    }

    // --- what operators do, and the weather

    /// Lets seconds pass.
    pub fn pass(&mut self, seconds: u64) {
        self.time.pass(seconds * 1000);
    }

    /// The true time.
    pub fn now(&self) -> UnixMillis {
        self.time.now()
    }

    /// The weather from now on: exchanges are faulted by dice of this salt.
    pub fn weather(&mut self, weather: Weather, salt: u64) {
        let dice = Dice::about(self.seed, salt);
        self.net.wire().begin(Plan::Drawn(weather, dice));
    }

    /// The next exchanges meet these: number from here on, and fault.
    pub fn faults(&mut self, faults: &[(u16, Fault)]) {
        self.net.wire().begin(Plan::Listed(faults.to_vec()));
    }

    /// Good weather: no faults, no rules.
    pub fn calm(&mut self) {
        let mut wire = self.net.wire();
        wire.begin(Plan::Listed(Vec::new()));
        wire.rules.clear();
    }

    /// Every request whose path begins so meets this, until [`Self::calm`].
    pub fn always(&mut self, path: &str, what: Happens) {
        self.rule(Rule { device: None, path: path.to_owned(), times: None, what });
    }

    /// The next request whose path begins so meets this.
    pub fn next(&mut self, path: &str, what: Happens) {
        self.rule(Rule { device: None, path: path.to_owned(), times: Some(1), what });
    }

    /// Adds a rule; earlier ones go first.
    pub fn rule(&mut self, rule: Rule) {
        self.net.wire().rules.push(rule);
    }

    /// The server, for what an operator does to it.
    pub fn with_server<T>(&mut self, what: impl FnOnce(&mut Site) -> T) -> T {
        what(&mut self.net.wire().site)
    }

    /// The server is like this from now on.
    pub fn server_is(&mut self, condition: Condition) {
        self.with_server(|site| site.set_condition(condition));
    }

    /// Its processes start again.
    pub fn restart_server(&mut self) {
        let mut wire = self.net.wire();
        if self.mutation == Some(Mutation::ForgetsDevices) {
            wire.site.splice(&truebell_store::memory::Memory::new(), &["devices", "sessions"]);
        }
        wire.site.restart();
        let wire = &mut *wire;
        wire.truth.look(&wire.site, None);
    }

    /// A backup is made.
    pub fn back_up(&mut self) {
        let mut wire = self.net.wire();
        wire.site.back_up();
        wire.truth.back_up();
    }

    /// The last backup is restored, as an operator does it.
    pub fn restore_backup(&mut self) {
        let mut wire = self.net.wire();
        if wire.site.restore() {
            wire.truth.restored();
        }
    }

    /// The server's jobs have their turn: mails leave.
    pub fn work(&mut self, fault: Option<(u8, DbFault)>) {
        let mut wire = self.net.wire();
        let before = (self.mutation == Some(Mutation::ClaimsAfterSending)).then(|| wire.site.store().fork());
        wire.site.plan_database(fault);
        wire.site.work();
        wire.site.plan_database(None);
        if let Some(before) = before
            && wire.site.relay.taken().len().is_multiple_of(5)
        {
            wire.site.splice(&before, &["mails"]);
        }
        let wire = &mut *wire;
        wire.truth.look(&wire.site, None);
        if self.mutation == Some(Mutation::MailsWithoutEvent) && self.time.now().0.is_multiple_of(7) {
            forge_mail(&wire.site);
        }
    }

    /// The relay is like this from now on.
    pub fn mail_is(&mut self, mood: Mood) {
        self.with_server(|site| site.relay.set_mood(mood));
    }

    // --- stories

    /// The people and devices a story begins with.
    pub fn settle(&mut self, people: &[usize]) -> Result<(), String> {
        for devices in people {
            let (person, laptop) = self.sign_up().map_err(|error| error.to_string())?;
            for number in 0..4 {
                self.add(laptop, &format!("Item {number}"));
            }
            self.sync(laptop);
            for _ in 1..*devices {
                let device = self.enrol(person)?;
                self.sync(device);
            }
            self.sync(laptop);
        }
        self.with_server(Site::let_replica_catch_up);
        Ok(())
    }

    /// Does one step of a story.
    pub fn take(&mut self, step: &Step) {
        self.time.pass(STEP_MS);
        let plan = match &step.sky {
            Sky::Drawn(weather, salt) => Plan::Drawn(*weather, Dice::new(*salt)),
            Sky::Listed(faults) => Plan::Listed(faults.clone()),
        };
        self.net.wire().begin(plan.clone());
        self.net.wire().note(&format!("{:?}", step.doing));
        self.do_it(step.doing, plan);
        self.net.wire().rest();
    }

    fn do_it(&mut self, doing: Doing, plan: Plan) {
        // What could not be done was said on the device's screen.
        let _said = match doing {
            Doing::ChangePassword(line) => self.change_password(Device(line)),
            Doing::RotateSecretKey(line) => self.rotate_secret_key(Device(line)),
            Doing::ChangeAddress(line) => self.change_address(Device(line)),
            Doing::ScheduleDeletion(line) => self.schedule_deletion(Device(line)),
            Doing::CancelDeletion(line) => self.cancel_deletion(Device(line)),
            Doing::Enrol(line) if self.device_count(line) < 5 => {
                let person = self.devices.get(line).map_or(0, |device| device.person);
                self.enrol(Person(person)).map(drop)
            }
            Doing::Revoke(by, other) if self.may_revoke(by, other) => self.revoke(Device(by), Device(other)),
            Doing::EndSession(by, other) if self.are_of_one(by, other) => self.end_session(Device(by), Device(other)),
            Doing::Restart(line) if self.devices.len() > line => self.restart(Device(line)),
            doing => {
                self.do_quietly(doing, plan);
                Ok(())
            }
        };
    }

    fn do_quietly(&mut self, doing: Doing, plan: Plan) {
        match doing {
            Doing::Sync(line) => drop(self.sync(Device(line))),
            Doing::Set(line, place, field) => drop(self.set(Device(line), place, field)),
            Doing::Add(line) => {
                let person = self.devices.get(line).map_or(0, |device| device.person);
                if self.people.get(person).is_some_and(|person| person.items.len() < ITEMS_MAX) {
                    self.add(Device(line), "Another");
                }
            }
            Doing::Trash(line, place) => self.trash(line, place),
            Doing::Purge(line, place) => self.purge(line, place),
            Doing::Skew(line, seconds) => self.skew(Device(line), seconds),
            Doing::DiskFull(line, is_full) => self.fill_disk(Device(line), is_full),
            Doing::ForgedPush(line) => drop(self.forge_push(Device(line))),
            Doing::Pass(seconds) => self.pass(seconds),
            Doing::Server(condition) => self.server_is(condition),
            Doing::RestartServer => self.restart_server(),
            Doing::Scale(count, newer) => self.with_server(|site| site.scale(count, newer)),
            Doing::SkewServer(seconds) => self.with_server(|site| site.watch.set_off(seconds * 1000)),
            Doing::BackUp => self.back_up(),
            Doing::RestoreBackup => self.restore_backup(),
            Doing::Move => self.with_server(Site::move_store),
            Doing::CatchUp if self.mutation != Some(Mutation::Withholds) => self.with_server(Site::let_replica_catch_up),
            Doing::Mail(mood) => self.mail_is(mood),
            Doing::Work => {
                let fault = match plan {
                    Plan::Drawn(weather, mut dice) => weather.draw(&mut dice),
                    Plan::Listed(faults) => faults.first().map(|(_, fault)| *fault),
                };
                let fault = match fault {
                    Some(Fault::Database(at, how)) => {
                        self.net.wire().met.push((0, Fault::Database(at, how)));
                        Some((at, how))
                    }
                    _ => None,
                };
                self.work(fault);
            }
            _ => {}
        }
    }

    fn are_of_one(&self, by: usize, other: usize) -> bool {
        by != other && self.devices.get(by).zip(self.devices.get(other)).is_some_and(|(by, other)| by.person == other.person)
    }

    fn device_count(&self, line: usize) -> usize {
        let person = self.devices.get(line).map(|device| device.person);
        self.devices.iter().filter(|device| Some(device.person) == person).count()
    }

    /// A person does not lock themselves out.
    fn may_revoke(&self, by: usize, other: usize) -> bool {
        let wire = self.net.wire();
        let of_one = |line: &usize| self.are_of_one(by, *line) && wire.truth.is_let_in(*line);
        self.are_of_one(by, other) && (0..self.devices.len()).filter(of_one).count() >= 2
    }

    /// Runs a whole story, to its reckoning.
    pub fn run(&mut self, story: &Story) -> Result<(), String> {
        self.settle(&story.people)?;
        story.steps.iter().for_each(|step| self.take(step));
        self.end();
        Ok(())
    }

    /// Runs a story, and writes down which faults each step met.
    pub fn run_noting(&mut self, story: &Story) -> Result<Story, String> {
        self.settle(&story.people)?;
        let mut noted = story.clone();
        for step in &mut noted.steps {
            self.take(step);
            step.sky = Sky::Listed(self.met_in_step());
        }
        self.end();
        Ok(noted)
    }

    fn met_in_step(&self) -> Vec<(u16, Fault)> {
        self.net.wire().last_met()
    }

    // --- the end

    /// The faults end, time passes, everybody syncs, mail goes out; then the checks reckon up.
    pub fn end(&mut self) {
        self.calm();
        {
            let mut wire = self.net.wire();
            wire.site.set_condition(Condition::Up);
            wire.site.scale(1, false);
            wire.site.watch.set_off(0);
            wire.site.relay.set_mood(Mood::Well);
            wire.deliver_all();
        }
        for line in 0..self.devices.len() {
            self.skew(Device(line), 0);
            self.fill_disk(Device(line), false);
            let locked = self.devices.get(line).is_some_and(|device| device.client.is_none());
            let enrolled = self.belongings(line).is_some();
            if locked && enrolled {
                let _said = self.restart(Device(line));
            }
        }
        self.come_together();
        self.keep_accounts();
        self.come_together();
        for _ in 0..12 {
            self.work(None);
            self.pass(25 * 3600);
        }
        let ending = self.ending();
        self.net.wire().truth.reckon(&ending);
    }

    fn come_together(&mut self) {
        for _ in 0..4 {
            self.pass(3600);
            for line in 0..self.devices.len() {
                if self.net.wire().truth.is_let_in(line) {
                    self.sync(Device(line));
                }
            }
        }
    }

    /// Deletions that were asked for are called off, so that devices can send what they have.
    fn keep_accounts(&mut self) {
        for line in 0..self.devices.len() {
            let closing = {
                let wire = self.net.wire();
                wire.truth.is_let_in(line) && wire.truth.account_of(line).is_some_and(|account| wire.truth.is_closing(account))
            };
            if closing {
                let _said = self.cancel_deletion(Device(line));
            }
        }
    }

    fn ending(&mut self) -> Ending {
        for line in 0..self.devices.len() {
            self.show_notices(line);
        }
        let devices = (0..self.devices.len()).filter_map(|line| self.standing(line)).collect();
        let wire = self.net.wire();
        let now = wire.site.watch.shows();
        let (parked, counts) = wire.site.look(|store| {
            (ready(store.parked_mails(10_000)).and_then(Result::ok).unwrap_or_default(), ready(store.counts(now)).and_then(Result::ok))
        });
        Ending {
            devices,
            taken: wire.site.relay.taken(),
            refused: wire.site.relay.refused(),
            parked,
            queued: counts.map_or(0, |counts| counts.mails_queued),
        }
    }

    fn standing(&self, line: usize) -> Option<Standing> {
        let device = self.devices.get(line)?;
        let Some(client) = device.client.as_ref() else {
            let enrolled = self.belongings(line).is_some();
            let behind = Some("it is locked".to_owned());
            return enrolled.then(|| Standing {
                line,
                person: device.person,
                behind,
                pending: 0,
                items: BTreeMap::new(),
                values: BTreeMap::new(),
            });
        };
        let status = client.status().ok();
        let (behind, pending) = match &status {
            Some(status) if matches!(status.sync, View::UpToDate { .. }) => (None, status.pending),
            Some(status) => (Some(status.sentence.clone()), status.pending),
            None => (Some("its status cannot be read".to_owned()), 0),
        };
        let mut items = BTreeMap::new();
        let mut values: BTreeMap<ItemId, BTreeSet<String>> = BTreeMap::new();
        for listed in client.list(&Filter { shown: Shown::All, ..Filter::default() }) {
            let at = ItemRef { vault: listed.vault, item: listed.id };
            if let Ok(item) = client.item(at) {
                items.insert(at.item, serde_json::to_string(&item).unwrap_or_default());
            }
            values.insert(at.item, all_values(client, at));
        }
        Some(Standing { line, person: device.person, behind, pending, items, values })
    }

    /// The six counters.
    pub fn counts(&self) -> Counts {
        self.net.wire().truth.counts()
    }

    /// What was found, in words.
    pub fn findings(&self) -> Vec<String> {
        self.net.wire().truth.findings().to_vec()
    }

    /// How many exchanges there were.
    pub fn exchanges(&self) -> Exchanges {
        self.net.wire().exchanges
    }

    /// How often a naive client would have told people something false.
    pub fn naive_false_alarms(&self) -> u64 {
        self.net.wire().naive_alarms.len() as u64
    }

    /// What this run was: the same seed gives the same digest.
    pub fn digest(&self) -> u64 {
        self.net.wire().digest()
    }

    /// The report of a drill.
    pub fn report(&self, name: &str, expected: bool) -> Report {
        let wire = self.net.wire();
        let mut report = Report::new(name, self.seed, wire.truth.counts(), wire.exchanges);
        report.passed &= expected;
        report.naive_false_alarms = wire.naive_alarms.len() as u64;
        report.naive_sentences = wire.naive_alarms.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        report.sentences = wire.truth.sentences();
        report.findings = wire.truth.findings().to_vec();
        report
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

/// A person who is not sure which password counts tries them.
fn with_the_right(passwords: &[String], mut ask: impl FnMut(&Secret) -> Result<(), Error>) -> Result<(), Error> {
    let mut last = Err(Error::WrongPassword);
    for password in passwords {
        last = ask(&Secret::new(password.as_str()));
        if !matches!(last, Err(Error::WrongPassword)) {
            break;
        }
    }
    last
}

fn nobody() -> Error {
    ProfileError::Name.into()
}

fn listed(client: &Client) -> BTreeSet<ItemId> {
    client.list(&Filter { shown: Shown::All, ..Filter::default() }).iter().map(|listed| listed.id).collect()
}

/// Every value of an item that a device can still show.
fn all_values(client: &Client, at: ItemRef) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for version in client.history(at).unwrap_or_default() {
        let Ok(item) = client.version(at, version.number) else { continue };
        found.extend(item.detail.past.iter().map(|past| past.value.expose().to_owned()));
        found.extend(item.detail.sections.iter().flat_map(|section| &section.fields).map(|field| field.value.expose().to_owned()));
    }
    found
}

/// A mutation's doing: a mail about nothing.
fn forge_mail(site: &Site) {
    let values = serde_json::json!({
        "at": site.watch.shows(), "code": "00000-00000", "device": "somewhere", "what": { "is": "password-changed" }
    });
    let mail = NewMail {
        mail: truebell_core::ids::MailId([0xfa; 16]),
        event: truebell_core::ids::EventId([0xfa; 16]),
        to: "ada@example.org".into(),
        template: "password-changed".into(),
        values: values.to_string(),
        queued: site.watch.shows(),
    };
    if let Ok(composed) = crate::site::composer().compose(&mail, site.watch.shows()) {
        let _carried = site.relay.carry(&composed);
    }
}
