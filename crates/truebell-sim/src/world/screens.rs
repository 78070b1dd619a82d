//! What is on screens: sentences that are said, notices that are shown, and what a device still has after it did something.

use super::{Device, World};
use crate::mutate::Mutation;
use crate::shell;
use std::collections::BTreeSet;
use truebell_client::{Client, Error, Filter, ItemRef, Shown};
use truebell_core::ids::ItemId;
use truebell_engine::sync::View;

impl World {
    pub(super) fn say(&mut self, line: usize, error: &Error) -> String {
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
    pub(super) fn after(&mut self, line: usize, look: bool) {
        if look {
            self.show_notices(line);
        }
        let has = self.belongings(line);
        let items = self.devices.get(line).and_then(|device| device.client.as_ref()).map(listed);
        self.net.wire().truth.inspect(line, has.as_ref(), items);
    }

    /// How things stand on a device.
    pub fn view(&self, device: Device) -> Option<View> {
        self.device(device)?.client.as_ref()?.status().ok().map(|status| status.sync)
    }

    /// The client itself, for what a drill wants to look at.
    pub fn client(&mut self, device: Device) -> Option<&mut Client> {
        self.devices.get_mut(device.0)?.client.as_mut()
    }

    /// The person's item at a place.
    pub fn item(&self, device: Device, place: usize) -> Option<ItemRef> {
        let items = &self.people.get(self.device(device)?.person)?.items;
        items.get(place % items.len().max(1)).copied()
    }

    /// A field's value on a device.
    pub fn read(&self, device: Device, place: usize, field: &str) -> Option<String> {
        let at = self.item(device, place)?;
        let item = self.device(device)?.client.as_ref()?.item(at).ok()?;
        Some(item.field(field)?.value.expose().to_owned())
    }
}

fn listed(client: &Client) -> BTreeSet<ItemId> {
    client.list(&Filter { shown: Shown::All, ..Filter::default() }).iter().map(|listed| listed.id).collect()
}
