//! Machines: builds that read what their person let them read, each run from nothing. Never here: a profile, a replica, a memory of the run
//! before.

use super::{Device, World};
use crate::dice::Dice;
use crate::mutate::Mutation;
use crate::site::ADDRESS;
use crate::time::Watch;
use std::sync::Arc;
use truebell_client::{Error, Profile, SignIn, open_machine};
use truebell_core::ids::DeviceId;
use truebell_core::machine::MachineToken;
use truebell_core::secret::Secret;

/// A machine, as its owner's settings have it.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its runs share the line of the device it was made on.
    line: usize,
    id: DeviceId,
    token: MachineToken,
    runs: u64,
}

impl World {
    /// A device lets a machine read its person's first vault.
    pub fn create_machine(&mut self, by: Device, name: &str) -> Result<Machine, String> {
        let mut made = None;
        self.act(by.0, "machine-enrolled", |client| {
            let vault = client.find_vault(None)?;
            made = Some(client.create_machine(name, &[vault])?);
            Ok(())
        })?;
        let made = made.ok_or("no machine was made")?;
        let token = MachineToken::parse(made.token.expose()).map_err(|error| error.to_string())?;
        Ok(Machine { line: by.0, id: made.machine, token, runs: 0 })
    }

    /// One run, on a machine that was made a moment ago and has nothing but the token: the value of a field, or what it says instead.
    pub fn run_machine(&mut self, machine: &mut Machine, place: usize, field: &str) -> Result<String, String> {
        machine.runs += 1;
        let (line, at) = (machine.line, self.item(Device(machine.line), place).ok_or("no such item")?);
        if self.mutation == Some(Mutation::EnrolsEachRun) {
            self.enrol_a_run(line, machine.runs);
        }
        let read = |world| {
            let client = open_machine(&machine.token, world)?;
            let item = client.item(at)?;
            Ok::<_, Error>(item.field(field).map(|field| field.value.expose().to_owned()))
        };
        let dice = Dice::about(self.seed, u64::from_be_bytes(machine.id.0.first_chunk().copied().unwrap_or_default()) ^ machine.runs);
        let watch = Arc::new(Watch::new(&self.time));
        let world = truebell_client::World { transport: self.net.line(line), clock: watch, chance: Box::new(dice) };
        match read(world) {
            Ok(value) => value.ok_or_else(|| "the item has no such field".to_owned()),
            Err(error) => Err(self.say(line, &error)),
        }
    }

    /// A device takes a machine's access away.
    pub fn revoke_machine(&mut self, by: Device, machine: &Machine) -> Result<(), String> {
        let id = machine.id;
        self.act(by.0, "device-revoked", |client| client.revoke_device(id))
    }

    /// A run of the build of a device, made first if there is none yet.
    pub(super) fn build(&mut self, by: Device) -> Result<(), String> {
        let mut build = match self.builds.iter().position(|build| build.line == by.0) {
            Some(place) => self.builds.swap_remove(place),
            None => self.create_machine(by, "build")?,
        };
        let read = self.run_machine(&mut build, 0, "password");
        self.builds.push(build);
        read.map(drop)
    }

    /// What builds did before there were machines: each run signs in, on a new device. Nobody asked for it.
    fn enrol_a_run(&mut self, line: usize, run: u64) {
        let Some(person) = self.devices.get(line).and_then(|device| self.people.get(device.person)) else { return };
        let (Some(password), Some(secret_key)) = (person.passwords.last(), person.secret_keys.last()) else { return };
        let request = SignIn {
            server: ADDRESS.into(),
            fingerprint: person.fingerprint.clone(),
            email: person.email.clone(),
            secret_key: secret_key.clone(),
            password: Secret::new(password.as_str()),
            device_name: format!("run {run}"),
        };
        let chance = Box::new(Dice::about(self.seed, 0x0b01_d000 + run));
        let world = truebell_client::World { transport: self.net.line(line), clock: Arc::new(Watch::new(&self.time)), chance };
        if let Ok(profile) = Profile::open(&format!("run-{line}-{run}"), Some(self.home.path())) {
            let _enrolled = truebell_client::sign_in(&profile, &request, world, &mut || None);
        }
    }
}
