//! Items: reading, editing, history. Every edit is one local transaction; the server hears of it at the next sync.

use super::rebase::{base_item, seal};
use super::replica::rows::{self, PendingRow};
use super::unlock::count_kept;
use super::{Client, Error, ReplicaError};
use truebell_core::account::{KeyError, SealedItem};
use truebell_core::hash::Hash32;
use truebell_core::ids::{ItemId, VaultId};
use truebell_core::item::{Item, State};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Commit, Kind, PART_BYTES_MAX, Revision};
use truebell_engine::merge::{self, Side};
use truebell_engine::sync::{Input, Wake};

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
        let newest = self.newest(item).map_err(|error| self.counted(error))?;
        self.open(item.vault, newest.filter(|revision| revision.kind == Kind::Live).ok_or_else(|| unknown(item))?)
    }

    /// Adds an item; sets when it was created and edited.
    pub fn create(&mut self, vault: VaultId, mut item: Item) -> Result<ItemRef, Error> {
        let now = self.world.clock.now();
        (item.overview.created, item.overview.edited) = (now, now);
        let id = ItemId::make_random(self.world.chance.as_mut());
        self.write_new(vault, vec![(id, item)])?;
        Ok(ItemRef { vault, item: id })
    }

    /// Adds many, in one local transaction. For imports: their own times are kept.
    pub fn import(&mut self, vault: VaultId, items: Vec<Item>) -> Result<Vec<ItemRef>, Error> {
        let now = self.world.clock.now();
        let mut new = Vec::with_capacity(items.len());
        for mut item in items {
            for time in [&mut item.overview.created, &mut item.overview.edited] {
                if *time == UnixMillis(0) {
                    *time = now;
                }
            }
            new.push((ItemId::make_random(self.world.chance.as_mut()), item));
        }
        let added = new.iter().map(|(item, _)| ItemRef { vault, item: *item }).collect();
        self.write_new(vault, new)?;
        Ok(added)
    }

    /// Replaces the item by an edited copy of itself. Old values stay in its history.
    pub fn edit(&mut self, item: ItemRef, mut edited: Item) -> Result<(), Error> {
        if self.item(item)? == edited {
            return Ok(());
        }
        edited.overview.edited = self.world.clock.now();
        self.write(item, Side::Live(Box::new(edited)))
    }

    /// Writes what an item remembers about itself. When a person edited it last stays.
    pub fn annotate(&mut self, item: ItemRef, annotated: Item) -> Result<(), Error> {
        if self.item(item)? == annotated {
            return Ok(());
        }
        self.write(item, Side::Live(Box::new(annotated)))
    }

    /// Moves it to the trash.
    pub fn trash(&mut self, item: ItemRef) -> Result<(), Error> {
        let since = self.world.clock.now();
        self.change(item, |found| found.overview.state = State::Trashed { since })
    }

    /// Takes it out of the trash or the archive.
    pub fn restore(&mut self, item: ItemRef) -> Result<(), Error> {
        self.change(item, |found| found.overview.state = State::Active)
    }

    /// Moves it to the archive.
    pub fn archive(&mut self, item: ItemRef) -> Result<(), Error> {
        self.change(item, |found| found.overview.state = State::Archived)
    }

    /// Marks it as favourite, or no longer.
    pub fn favourite(&mut self, item: ItemRef, favourite: bool) -> Result<(), Error> {
        self.change(item, |found| found.overview.favourite = favourite)
    }

    fn change(&mut self, item: ItemRef, change: impl FnOnce(&mut Item)) -> Result<(), Error> {
        let mut edited = self.item(item)?;
        change(&mut edited);
        self.edit(item, edited)
    }

    /// Deletes it for good, with its history and attachments, here and (at the next sync) everywhere.
    pub fn purge(&mut self, item: ItemRef) -> Result<(), Error> {
        self.index.listed(item).ok_or_else(|| unknown(item))?;
        self.write(item, Side::Tombstone)
    }

    /// Its versions, newest first.
    pub fn history(&self, item: ItemRef) -> Result<Vec<Version>, Error> {
        let mut versions: Vec<Version> = Vec::new();
        for (revision, pending) in self.versions(item)?.into_iter().filter(|(revision, _)| revision.kind == Kind::Live) {
            let overview = self.keys.open_overview(item.vault, item.item, revision.number, &revision.overview)?;
            versions.push(Version {
                number: revision.number,
                edited: overview.edited,
                title: overview.title,
                current: versions.is_empty(),
                pending,
            });
        }
        if versions.is_empty() { Err(unknown(item)) } else { Ok(versions) }
    }

    /// One version, opened.
    pub fn version(&self, item: ItemRef, number: u64) -> Result<Item, Error> {
        let mut versions = self.versions(item)?.into_iter().map(|(revision, _)| revision);
        let found = versions.find(|revision| revision.number == number && revision.kind == Kind::Live);
        self.open(item.vault, found.ok_or_else(|| Error::NotFound { what: "version", name: number.to_string() })?)
    }

    /// Makes an old version the current one, as a new edit.
    pub fn restore_version(&mut self, item: ItemRef, number: u64) -> Result<(), Error> {
        let old = self.version(item, number)?;
        self.edit(item, old)
    }

    /// All revisions of an item, newest first, and whether the server lacks them.
    pub(super) fn versions(&self, item: ItemRef) -> Result<Vec<(Revision, bool)>, Error> {
        let db = self.replica.read();
        let pending = rows::pending(db, item.vault, item.item)?.map(|row| row.revision());
        let sent = self.sent(item.vault)?.and_then(|commit| commit.revisions.into_iter().find(|sent| sent.item == item.item));
        let stored = rows::history(db, item.vault, item.item)?.into_iter().map(|revision| (revision, false));
        Ok(pending.into_iter().chain(sent).map(|revision| (revision, true)).chain(stored).collect())
    }

    /// The newest revision there is of an item, whether the server has it or not.
    fn newest(&self, item: ItemRef) -> Result<Option<Revision>, Error> {
        let db = self.replica.read();
        if let Some(row) = rows::pending(db, item.vault, item.item)? {
            return Ok(Some(row.revision()));
        }
        if let Some(sent) = self.sent(item.vault)?.and_then(|commit| commit.revisions.into_iter().find(|sent| sent.item == item.item)) {
            return Ok(Some(sent));
        }
        Ok(rows::current(db, item.vault, item.item)?)
    }

    fn sent(&self, vault: VaultId) -> Result<Option<Commit>, Error> {
        Ok(rows::inflight(self.replica.read(), vault)?)
    }

    pub(super) fn open(&self, vault: VaultId, revision: Revision) -> Result<Item, Error> {
        let sealed = SealedItem { overview: revision.overview, detail: revision.detail };
        self.keys.open_item(vault, revision.item, revision.number, &sealed).map_err(|error| match error {
            KeyError::Seal(_) => {
                let at = format!("{} version {}", revision.item, revision.number);
                count_kept(ReplicaError::Damaged { at, kept: 0 }, &self.replica, &self.keys).into()
            }
            error => error.into(),
        })
    }

    /// An error that speaks of damage, with the number of unsynced edits that a rebuild will keep.
    pub(super) fn counted(&self, error: Error) -> Error {
        match error {
            Error::Replica(error) => count_kept(error, &self.replica, &self.keys).into(),
            error => error,
        }
    }

    /// What the next edit of an item is based on: number and digest, zero for a new one.
    fn base(&self, item: ItemRef) -> Result<(u64, Hash32), Error> {
        if let Some(sent) = self.sent(item.vault)?.and_then(|commit| commit.revisions.into_iter().find(|sent| sent.item == item.item)) {
            return Ok((sent.number, sent.digest(item.vault)));
        }
        Ok(self.local.vaults.get(&item.vault).and_then(|vault| vault.current(item.item)).unwrap_or_default())
    }

    /// Keeps one edit until the server has it. It replaces an edit of the same item that waits, and remembers what that one said.
    pub(super) fn write(&mut self, item: ItemRef, side: Side) -> Result<(), Error> {
        self.by_a_person()?;
        let waiting = rows::pending(self.replica.read(), item.vault, item.item)?;
        let (base_number, base_digest) = match &waiting {
            Some(row) => (row.base_number, row.base_digest),
            None => self.base(item)?,
        };
        let side = match (side, &waiting) {
            (Side::Live(new), Some(row)) if row.kind == Kind::Live => {
                let old = self.open(item.vault, row.revision())?;
                let base = base_item(self.replica.read(), &self.keys, row)?;
                Side::Live(Box::new(merge::remember(base.as_ref(), &old, *new, self.world.clock.now())))
            }
            (side, _) => side,
        };
        let never_sent = side == Side::Tombstone && base_number == 0;
        let attachments = if side == Side::Tombstone { self.attachments_of(item)? } else { Vec::new() };
        let row = self.seal(item, (base_number, base_digest), &side)?;
        let tx = self.replica.begin()?;
        if never_sent {
            rows::drop_pending(&tx, item.vault, item.item)?;
            rows::drop_chunks_of(&tx, item.vault, item.item)?;
        } else {
            rows::put_pending(&tx, &row)?;
        }
        for attachment in attachments {
            rows::put_removal(&tx, item.vault, item.item, attachment)?;
        }
        tx.commit()?;
        match side {
            Side::Live(new) => self.index.put(item, base_number + 1, true, new.overview),
            Side::Tombstone => self.index.remove(item),
        }
        self.wake();
        Ok(())
    }

    /// Keeps new items, all in one transaction.
    pub(super) fn write_new(&mut self, vault: VaultId, new: Vec<(ItemId, Item)>) -> Result<(), Error> {
        let mut sealed = Vec::with_capacity(new.len());
        for (id, item) in new {
            let at = ItemRef { vault, item: id };
            let side = Side::Live(Box::new(item));
            sealed.push((self.seal(at, (0, Hash32::default()), &side)?, side));
        }
        let tx = self.replica.begin()?;
        for (row, side) in &sealed {
            rows::put_pending(&tx, row)?;
            if let Side::Live(item) = side {
                item.detail.attachments.iter().try_for_each(|file| rows::adopt_chunks(&tx, file.id, row.item))?;
            }
        }
        tx.commit()?;
        for (row, side) in sealed {
            if let Side::Live(item) = side {
                self.index.put(ItemRef { vault, item: row.item }, 1, true, item.overview);
            }
        }
        self.wake();
        Ok(())
    }

    fn wake(&mut self) {
        self.machine.handle(Input::Wake(Wake::Edited), self.world.clock.now());
    }

    /// Seals an edit as the revision after its base.
    pub(super) fn seal(&mut self, at: ItemRef, base: (u64, Hash32), side: &Side) -> Result<PendingRow, Error> {
        let row = seal(&self.keys, &mut self.world, (at.vault, at.item), base, side)?;
        if row.overview.len().max(row.detail.len()) > PART_BYTES_MAX {
            return Err(Error::Input("the item is larger than 4 MiB: put long texts into an attachment".into()));
        }
        Ok(row)
    }
}

fn unknown(item: ItemRef) -> Error {
    Error::NotFound { what: "item", name: item.item.to_string() }
}
