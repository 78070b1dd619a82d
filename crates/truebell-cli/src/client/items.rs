//! Items: reading, editing, history. Every edit is one local transaction; the server hears of it at the next sync.

use super::{Client, Error};
use truebell_core::ids::{DeviceId, ItemId, VaultId};
use truebell_core::item::Item;
use truebell_core::time::UnixMillis;

/// Which item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ItemRef {
    /// Its vault.
    pub vault: VaultId,
    /// The item.
    pub item: ItemId,
}

/// One version of an item, newest first in lists.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Version {
    /// Its number.
    pub number: u64,
    /// When it was edited.
    pub edited: UnixMillis,
    /// Its title then.
    pub title: String,
    /// Whether it is the current one.
    pub current: bool,
    /// Whether the server does not have it yet.
    pub pending: bool,
}

impl Client {
    /// The item, opened.
    pub fn item(&self, item: ItemRef) -> Result<Item, Error> {
        todo!()
    }

    /// Adds an item; sets when it was created and edited.
    pub fn create(&mut self, vault: VaultId, item: Item) -> Result<ItemRef, Error> {
        todo!()
    }

    /// Adds many, in one local transaction. For imports: their own times are kept.
    pub fn import(&mut self, vault: VaultId, items: Vec<Item>) -> Result<Vec<ItemRef>, Error> {
        todo!()
    }

    /// Replaces the item by an edited copy of itself. Old values stay in its history.
    pub fn edit(&mut self, item: ItemRef, edited: Item) -> Result<(), Error> {
        todo!()
    }

    /// Moves it to the trash.
    pub fn trash(&mut self, item: ItemRef) -> Result<(), Error> {
        todo!()
    }

    /// Takes it out of the trash or the archive.
    pub fn restore(&mut self, item: ItemRef) -> Result<(), Error> {
        todo!()
    }

    /// Moves it to the archive.
    pub fn archive(&mut self, item: ItemRef) -> Result<(), Error> {
        todo!()
    }

    /// Marks it as favourite, or no longer.
    pub fn favourite(&mut self, item: ItemRef, favourite: bool) -> Result<(), Error> {
        todo!()
    }

    /// Deletes it for good, with its history and attachments, here and (at the next sync) everywhere.
    pub fn purge(&mut self, item: ItemRef) -> Result<(), Error> {
        todo!()
    }

    /// Its versions, newest first.
    pub fn history(&self, item: ItemRef) -> Result<Vec<Version>, Error> {
        todo!()
    }

    /// One version, opened.
    pub fn version(&self, item: ItemRef, number: u64) -> Result<Item, Error> {
        todo!()
    }

    /// Makes an old version the current one, as a new edit.
    pub fn restore_version(&mut self, item: ItemRef, number: u64) -> Result<(), Error> {
        todo!()
    }
}
