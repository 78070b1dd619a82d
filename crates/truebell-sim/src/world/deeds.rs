//! What people do on their devices: syncing, writing, and everything that a notice would tell of.

use super::{Device, PersonState, World};
use crate::mutate::Mutation;
use crate::shell;
use truebell_client::{Client, Error, Synced};
use truebell_core::event::Plea;
use truebell_core::item::{Item, State};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_engine::sync::View;

impl World {
    /// A device syncs. What it says then.
    pub fn sync(&mut self, device: Device) -> String {
        let line = device.0;
        let Some(state) = self.devices.get_mut(line) else { return String::new() };
        if state.gave_up {
            return String::new();
        }
        let is_disk_full = state.is_disk_full;
        let known = self.net.wire().truth.deeds_by_now(line);
        let Some(client) = self.devices.get_mut(line).and_then(|device| device.client.as_mut()) else { return String::new() };
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
        if !is_disk_full && synced.as_ref().is_ok_and(|synced| matches!(synced.view, View::UpToDate { .. })) {
            self.net.wire().hear_claim(line, known);
        }
        if let Some(mutation) = self.mutation {
            shell::after_sync(self, mutation, line, synced.as_ref().ok());
            // What a careless program did then is looked at as well.
            self.after(line, false);
        }
        said
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

    pub(super) fn trash(&mut self, line: usize, place: usize) {
        let Some(at) = self.item(Device(line), place) else { return };
        let Some(client) = self.devices.get_mut(line).and_then(|device| device.client.as_mut()) else { return };
        let Ok(item) = client.item(at) else { return };
        let done = if item.overview.state == State::Active { client.trash(at) } else { client.restore(at) };
        if let Err(error) = done {
            self.say(line, &error);
        }
    }

    pub(super) fn purge(&mut self, line: usize, place: usize) {
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
    pub(super) fn act(
        &mut self,
        line: usize,
        kind: &'static str,
        act: impl FnOnce(&mut Client) -> Result<(), Error>,
    ) -> Result<(), String> {
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

    /// A device takes a notice back, by its place in its inbox.
    pub fn acknowledge(&mut self, device: Device, place: usize) -> Result<(), String> {
        let inbox = self.client(device).and_then(|client| client.inbox().ok()).unwrap_or_default();
        let Some(entry) = inbox.get(place % inbox.len().max(1)) else { return Err("there is nothing to take back".into()) };
        let plea = if place.is_multiple_of(2) { Plea::ThatWasMe } else { Plea::Mistake };
        self.act(device.0, "acknowledged", |client| client.retract_notice(&entry.notice.code, plea).map(drop))
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

    /// Somebody sends a device a push that says it was signed out. Ours takes a push for a hint to look.
    pub fn forge_push(&mut self, device: Device) -> String {
        {
            let mut wire = self.net.wire();
            if !wire.truth.would_be_true(device.0, crate::naive::Alarm::SignedOut) {
                wire.naive_alarms.push((device.0, crate::naive::Alarm::SignedOut));
            }
        }
        if self.mutation == Some(Mutation::BelievesPush) {
            self.said(device.0, "You were signed out on this device.");
        }
        self.sync(device)
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
