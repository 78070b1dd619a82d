//! What befalls a device or an account beside the line, for drills: a stranger's guesses, a second kit's sign-in, a damaged file, another
//! address. Never here: what goes wrong with an exchange (`fault.rs`).

use super::{Device, Person, World};
use crate::site::ADDRESS;
use std::path::PathBuf;
use truebell_client::{Error, SignIn};
use truebell_core::ids::SessionId;
use truebell_core::secret::Secret;

/// A password that is nobody's.
const WRONG: &str = "a password that is not the right one";

impl World {
    /// A stranger tries to sign in to a person's account so many times, with the right Secret Key and a wrong password. What they are told.
    pub fn guess(&mut self, person: Person, times: usize) -> Vec<String> {
        let Ok(device) = self.add_device(person.0) else { return Vec::new() };
        (0..times).filter_map(|_| self.guess_once(device, person)).collect()
    }

    fn guess_once(&mut self, device: Device, person: Person) -> Option<String> {
        let profile = self.device(device)?.profile.clone();
        let person = self.people.get(person.0)?;
        let request = SignIn {
            server: ADDRESS.into(),
            fingerprint: person.fingerprint.clone(),
            email: person.email.clone(),
            secret_key: person.secret_keys.last()?.clone(),
            password: Secret::new(WRONG),
            device_name: "a stranger's".into(),
        };
        let world = self.machine(device.0);
        let error = truebell_client::sign_in(&profile, &request, world, &mut || None).err()?;
        Some(self.say(device.0, &error))
    }

    /// A person signs in with their kit on a device that has the account already, or on a new one at another address of the server.
    pub fn sign_in_again(&mut self, device: Device, address: &str) -> Result<(), String> {
        if let Some(state) = self.devices.get_mut(device.0) {
            state.client = None;
        }
        self.sign_in_at(device, address)
    }

    /// A new device that nobody has signed in on yet.
    pub fn unpack(&mut self, person: Person) -> Option<Device> {
        self.add_device(person.0).ok()
    }

    /// The program on a device is killed.
    pub fn kill(&mut self, device: Device) {
        if let Some(state) = self.devices.get_mut(device.0) {
            state.client = None;
        }
    }

    /// Somebody types a wrong password on a locked device. What it says.
    pub fn mistype(&mut self, device: Device) -> Option<String> {
        self.kill(device);
        let profile = self.device(device)?.profile.clone();
        let world = self.machine(device.0);
        let error = truebell_client::unlock(&profile, &Secret::new(WRONG), None, world).err()?;
        Some(self.say(device.0, &error))
    }

    /// A damaged local copy is fetched again. How many edits that were not synced could be kept, or what is said.
    pub fn rebuild(&mut self, device: Device) -> Result<usize, String> {
        let Some(state) = self.devices.get(device.0) else { return Err("no such device".into()) };
        let (profile, person) = (state.profile.clone(), state.person);
        let passwords = self.people.get(person).map(super::PersonState::distinct_passwords).unwrap_or_default();
        let mut said = String::new();
        for password in passwords {
            let world = self.machine(device.0);
            match truebell_client::rebuild(&profile, &Secret::new(password), world) {
                Ok((client, kept)) => {
                    if let Some(state) = self.devices.get_mut(device.0) {
                        state.client = Some(client);
                    }
                    self.after(device.0, true);
                    return Ok(kept);
                }
                Err(Error::WrongPassword) => {}
                Err(error) => said = self.say(device.0, &error),
            }
        }
        Err(said)
    }

    /// A device's folder, for what happens to its files.
    pub fn folder(&self, device: Device) -> Option<PathBuf> {
        Some(self.device(device)?.profile.folder().to_owned())
    }

    /// The account a device is set up for, as its file has it: the server's address and the mail address.
    pub fn set_up_for(&self, device: Device) -> Option<(String, String)> {
        let file = self.device(device)?.profile.device().ok()??;
        Some((file.server, file.email))
    }

    /// The session a device has, as its file has it.
    pub fn session(&self, device: Device) -> Option<SessionId> {
        Some(self.device(device)?.profile.device().ok()??.session?.session)
    }

    /// The token in a device's file becomes unreadable, while its program does not run.
    pub fn garble_token(&mut self, device: Device) -> Option<()> {
        self.kill(device);
        let profile = &self.device(device)?.profile;
        let mut file = profile.device().ok()??;
        file.session.as_mut()?.token = Secret::new("what the key store gave back");
        std::fs::write(profile.folder().join("device.json"), serde_json::to_vec_pretty(&file).ok()?).ok()
    }
}
