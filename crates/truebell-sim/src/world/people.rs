//! People and their devices: signing up, signing in on a device, unlocking it, its disk and its clock.

use super::{Device, DeviceState, Person, PersonState, World};
use crate::checks::Check;
use crate::dice::Dice;
use crate::mutate::Mutation;
use crate::shell;
use crate::site::ADDRESS;
use crate::time::Watch;
use truebell_client::{Client, Error, Profile, ProfileError, SignIn, SignUp};
use truebell_core::secret::Secret;

/// Most devices of a world, and of a person at once.
const DEVICES_MAX: usize = 10;
const NAMES: [&str; 4] = ["ada", "bob", "cleo", "dan"];
const DEVICE_NAMES: [&str; 5] = ["laptop", "phone", "tablet", "desktop", "watch"];

impl World {
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

    pub(super) fn add_device(&mut self, person: usize) -> Result<Device, Error> {
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
        self.net.wire().watches.push(watch.clone());
        self.devices.push(DeviceState {
            person,
            name,
            profile,
            client: None,
            watch,
            starts: 0,
            failures: 0,
            gave_up: false,
            is_disk_full: false,
            file: None,
        });
        Ok(Device(self.devices.len() - 1))
    }

    pub(super) fn moved_in(&mut self, device: Device, client: Client) {
        if let Some(state) = self.devices.get_mut(device.0) {
            state.client = Some(client);
        }
        if let Some(had) = self.belongings(device.0) {
            self.net.wire().truth.enrolled(device.0, had);
        }
        self.show_notices(device.0);
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
        self.sign_in_at(device, ADDRESS)
    }

    /// A person signs in with their kit on a device, at this address of their server.
    pub(super) fn sign_in_at(&mut self, device: Device, server: &str) -> Result<(), String> {
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
                    server: server.into(),
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
        let Some(state) = self.devices.get_mut(device.0) else { return };
        state.is_disk_full = is_full;
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
}

fn nobody() -> Error {
    ProfileError::Name.into()
}
