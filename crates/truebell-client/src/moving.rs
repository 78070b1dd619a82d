//! An item moves to another vault. What is sealed there is bound to the vault, so it is sealed anew under an id of its own.
//!
//! Order, so that nothing is lost wherever it stops: the files' bytes, then the item that names them, then the old item goes to the trash of
//! its vault, where it keeps its versions until it is deleted for good.

use super::attachments::{NO_ITEM, chunk_count};
use super::hold::{Hold, Online};
use super::items::ItemRef;
use super::replica::rows;
use super::{Client, Error};
use data_encoding::BASE64URL_NOPAD;
use truebell_core::account::seal_chunk;
use truebell_core::ids::{AttachmentId, ItemId, VaultId};
use truebell_core::item::{Attachment, Item, State};
use truebell_core::seal::SealKey;
use truebell_core::secret::Secret;
use truebell_core::vault::Kind;
use truebell_engine::merge;

impl Client {
    /// See [`Online::move_item`].
    pub fn move_item(&mut self, item: ItemRef, to: VaultId) -> Result<ItemRef, Error> {
        self.online().move_item(item, to)
    }

    /// The item as it is, and as it will be: with what its versions said in its past, since the new item begins with one version.
    fn images_to_move(&self, item: ItemRef, to: VaultId) -> Result<(Item, Item), Error> {
        if item.vault == to {
            return Err(Error::Input("the item is in this vault already: nothing was moved".into()));
        }
        if !self.vaults()?.iter().any(|vault| vault.vault == to) {
            return Err(Error::NotFound { what: "vault", name: to.to_string() });
        }
        let now = self.item(item)?;
        let mut versions = self.versions(item)?;
        versions.retain(|(revision, _)| revision.kind == Kind::Live);
        // A version that does not open says nothing that could be taken along; it stays with the old item.
        let opened = versions.into_iter().rev().filter_map(|(revision, _)| self.open(item.vault, revision).ok());
        let moved = opened.reduce(after).unwrap_or_else(|| now.clone());
        Ok((now, moved))
    }

    fn finish_move(&mut self, item: ItemRef, before: &Item, to: VaultId, moved: Item) -> Result<ItemRef, Error> {
        if self.item(item)? != *before {
            return Err(Error::Input("the item was edited while it was being moved: nothing was moved, move it again".into()));
        }
        let id = ItemId::make_random(self.world.chance.as_mut());
        self.write_new(to, vec![(id, moved)])?;
        if !matches!(before.overview.state, State::Trashed { .. }) {
            self.trash(item)?;
        }
        Ok(ItemRef { vault: to, item: id })
    }
}

/// A version after another, with what it replaced in its past.
fn after(old: Item, new: Item) -> Item {
    let until = new.overview.edited;
    let mut next = merge::remember(None, &old, new, until);
    for past in old.detail.past {
        if !next.detail.past.contains(&past) {
            next.detail.past.push(past);
        }
    }
    next
}

impl<H: Hold> Online<H> {
    /// Moves an item to another vault, with its files and every value it had. It gets a new id there; the old item goes to the trash of its
    /// vault. Needs the server only for files that are not on this device.
    pub fn move_item(&self, item: ItemRef, to: VaultId) -> Result<ItemRef, Error> {
        let (before, mut moved) = self.with(|client| client.images_to_move(item, to))?;
        let mut copied = Vec::new();
        let done = moved.detail.attachments.iter_mut().try_for_each(|attachment| {
            let id = self.with(|client| Ok::<_, Error>(AttachmentId::make_random(client.world.chance.as_mut())))?;
            copied.push(id);
            *attachment = self.copy_attachment(item, attachment, to, id)?;
            Ok(())
        });
        let done = done.and_then(|()| self.with(|client| client.finish_move(item, &before, to, moved)));
        if done.is_err() {
            self.with(|client| copied.iter().try_for_each(|id| rows::drop_chunks(client.replica.read(), *id)).map_err(Error::from))?;
        }
        done
    }

    /// Seals a file's bytes for another vault, a chunk at a time. They belong to no item yet.
    fn copy_attachment(&self, item: ItemRef, from: &Attachment, to: VaultId, id: AttachmentId) -> Result<Attachment, Error> {
        let key = self.with(|client| Ok::<_, Error>(SealKey::make_random(client.world.chance.as_mut())))?;
        let count = chunk_count(from);
        for place in 0..count {
            let plain = self.open_chunk(item, from, place)?;
            self.with(|client| {
                let sealed = seal_chunk(&key, to, id, place, place + 1 == count, &plain, client.world.chance.as_mut());
                rows::put_chunk(client.replica.read(), (to, NO_ITEM), id, place, false, &sealed).map_err(Error::from)
            })?;
        }
        Ok(Attachment { id, key: Secret::new(BASE64URL_NOPAD.encode(key.expose_bytes())), ..from.clone() })
    }
}
