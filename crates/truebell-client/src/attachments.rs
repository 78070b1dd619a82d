//! Files of items: sealed in chunks of 1 MiB, never whole in memory.

use super::exchange::{BYTES, Question};
use super::items::ItemRef;
use super::replica::rows;
use super::session::Wire;
use super::transport::Method;
use super::{Client, Error, Hold, Online, ReplicaError};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use truebell_core::account::{CHUNK_BYTES, open_chunk, seal_chunk};
use truebell_core::head::Reason;
use truebell_core::ids::{AttachmentId, ItemId, VaultId};
use truebell_core::item::{Attachment, Extra, Item};
use truebell_core::seal::SealKey;
use truebell_core::secret::Secret;
use truebell_engine::sync::Why;
use zeroize::Zeroizing;

/// Largest file taken, in bytes: what a server takes unless its operator says otherwise.
pub const ATTACHMENT_BYTES_MAX: u64 = 100 << 20;
/// Chunks of a file that is still being read belong to no item; a crash leaves them so, and the next unlock drops them.
pub(super) const NO_ITEM: ItemId = ItemId([0; 16]);

impl Client {
    /// See [`Online::attach`].
    pub fn attach(&mut self, item: ItemRef, name: &str, file: &mut dyn Read) -> Result<Attachment, Error> {
        self.online().attach(item, name, file)
    }

    /// The item names a file whose chunks are here.
    fn finish_attach(&mut self, item: ItemRef, attachment: &Attachment) -> Result<(), Error> {
        let mut edited = self.item(item)?;
        edited.detail.attachments.push(attachment.clone());
        // The chunks first: an item may not name bytes that nobody has.
        rows::adopt_chunks(self.replica.read(), attachment.id, item.item)?;
        self.edit(item, edited)
    }

    /// Takes an attachment off the item. Older versions keep it.
    pub fn detach(&mut self, item: ItemRef, attachment: AttachmentId) -> Result<(), Error> {
        let mut edited = self.item(item)?;
        let before = edited.detail.attachments.len();
        edited.detail.attachments.retain(|there| there.id != attachment);
        if edited.detail.attachments.len() == before {
            return Err(Error::NotFound { what: "attachment", name: attachment.to_string() });
        }
        self.edit(item, edited)
    }

    /// The attachment in the item as it is, else in the newest version that has it.
    fn find_attachment(&self, item: ItemRef, attachment: AttachmentId) -> Result<Attachment, Error> {
        let of = |item: Item| item.detail.attachments.into_iter().find(|there| there.id == attachment);
        if let Some(found) = of(self.item(item)?) {
            return Ok(found);
        }
        for version in self.history(item)? {
            if let Some(found) = of(self.version(item, version.number)?) {
                return Ok(found);
            }
        }
        Err(Error::NotFound { what: "attachment", name: attachment.to_string() })
    }

    /// Attachments of an item and of all its versions, to be deleted once its tombstone is stored.
    pub(super) fn attachments_of(&self, item: ItemRef) -> Result<Vec<AttachmentId>, Error> {
        let mut found = std::collections::BTreeSet::new();
        for (revision, _) in self.versions(item)? {
            // A version that does not open names none that could be found.
            if let Ok(version) = self.open(item.vault, revision) {
                found.extend(version.detail.attachments.into_iter().map(|attachment| attachment.id));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Attachments whose items' tombstones the server has. An item that came back keeps its own.
    pub(super) fn attachments_to_remove(&self) -> Result<Vec<(VaultId, AttachmentId)>, Error> {
        let db = self.replica.read();
        let mut found = Vec::new();
        for (vault, item, attachment) in rows::removals(db)? {
            let waits = rows::pending(db, vault, item)?.is_some() || rows::inflight(db, vault)?.is_some();
            if waits {
                continue;
            }
            let gone = rows::current(db, vault, item)?.is_none_or(|revision| revision.kind == truebell_core::vault::Kind::Tombstone);
            if gone {
                found.push((vault, attachment));
            } else {
                rows::drop_removal(db, attachment)?;
            }
        }
        Ok(found)
    }
}

/// A key of an attachment, as the item has it.
fn attachment_key(attachment: &Attachment) -> Result<SealKey, Error> {
    let key = BASE64URL_NOPAD.decode(attachment.key.expose().as_bytes()).ok().and_then(|key| key.try_into().ok()).map(SealKey::from_bytes);
    key.ok_or_else(|| Error::Attachment { name: attachment.name.clone(), how: "has no key that can be read" })
}

/// How many chunks an attachment has.
pub(super) fn chunk_count(attachment: &Attachment) -> u64 {
    attachment.size_bytes.div_ceil(CHUNK_BYTES as u64).max(1)
}

impl<H: Hold> Online<H> {
    /// Attaches a file. Sealed and stored here as it is read, without the server; uploaded at the next sync, before the edit that names it.
    pub fn attach(&self, item: ItemRef, name: &str, file: &mut dyn Read) -> Result<Attachment, Error> {
        let (id, key) = self.with(|client| {
            client.item(item)?;
            let chance = client.world.chance.as_mut();
            Ok::<_, Error>((AttachmentId::make_random(chance), SealKey::make_random(chance)))
        })?;
        let attached = self.store_chunks(item.vault, id, &key, file).and_then(|(size_bytes, sha256)| {
            let key = Secret::new(BASE64URL_NOPAD.encode(key.expose_bytes()));
            let attachment = Attachment { id, name: file_name(name), size_bytes, sha256, key, extra: Extra::new() };
            self.with(|client| client.finish_attach(item, &attachment))?;
            Ok(attachment)
        });
        if attached.is_err() {
            self.with(|client| rows::drop_chunks(client.replica.read(), id).map_err(Error::from))?;
        }
        attached
    }

    /// Seals a file's chunks into the replica; returns its size and digest.
    fn store_chunks(&self, vault: VaultId, id: AttachmentId, key: &SealKey, file: &mut dyn Read) -> Result<(u64, String), Error> {
        let (mut size, mut hash, mut place) = (0_u64, Sha256::new(), 0);
        let mut chunk = read_chunk(file)?;
        loop {
            let next = read_chunk(file)?;
            let last = next.is_empty();
            size += chunk.len() as u64;
            if size > ATTACHMENT_BYTES_MAX {
                return Err(Error::Input("the file is larger than 100 MB: nothing of it was kept".into()));
            }
            hash.update(&chunk);
            self.with(|client| {
                let sealed = seal_chunk(key, vault, id, place, last, &chunk, client.world.chance.as_mut());
                rows::put_chunk(client.replica.read(), (vault, NO_ITEM), id, place, false, &sealed).map_err(Error::from)
            })?;
            if last {
                return Ok((size, HEXLOWER.encode(&hash.finalize())));
            }
            (chunk, place) = (next, place + 1);
        }
    }

    /// Writes an attachment's bytes to `out`; fetches chunks that are not here. On an error, what was written must be thrown away.
    pub fn read_attachment(&self, item: ItemRef, attachment: AttachmentId, out: &mut dyn Write) -> Result<(), Error> {
        let found = self.with(|client| client.find_attachment(item, attachment))?;
        let (mut size, mut hash) = (0, Sha256::new());
        for place in 0..chunk_count(&found) {
            let plain = self.open_chunk(item, &found, place)?;
            size += plain.len() as u64;
            hash.update(&plain);
            out.write_all(&plain).map_err(|error| Error::File { what: "written", error })?;
        }
        if size != found.size_bytes || HEXLOWER.encode(&hash.finalize()) != found.sha256 {
            return Err(Error::Attachment { name: found.name, how: "is not what was attached: its size or its digest differs" });
        }
        out.flush().map_err(|error| Error::File { what: "written", error })
    }

    /// One chunk's plain bytes. One that had to be fetched is kept once it has opened.
    pub(super) fn open_chunk(&self, item: ItemRef, attachment: &Attachment, place: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (sealed, fetched) = self.chunk(item.vault, attachment.id, place)?;
        let (key, is_last) = (attachment_key(attachment)?, place + 1 == chunk_count(attachment));
        let plain = open_chunk(&key, item.vault, attachment.id, place, is_last, &sealed);
        let how = "is not what was attached: a part of it is missing, swapped or damaged";
        let plain = plain.map_err(|_| Error::Attachment { name: attachment.name.clone(), how })?;
        if fetched {
            let put = |client: &mut Client| {
                rows::put_chunk(client.replica.read(), (item.vault, item.item), attachment.id, place, true, &sealed).map_err(Error::from)
            };
            self.with(put)?;
        }
        Ok(plain)
    }

    /// A sealed chunk, and whether it was fetched.
    fn chunk(&self, vault: VaultId, attachment: AttachmentId, place: u64) -> Result<(Vec<u8>, bool), Error> {
        if let Some(sealed) = self.with(|client| rows::chunk(client.replica.read(), attachment, place).map_err(Error::from))? {
            return Ok((sealed, false));
        }
        let path = chunk_path(vault, attachment, place);
        let answer = self.ask(None, &Question::get(&path))?;
        Ok((answer.accepted()?.0, true))
    }

    /// Uploads one chunk. It is marked as it arrives: a broken upload goes on where it was.
    pub(super) fn upload_chunk(&self, vault: VaultId, attachment: AttachmentId, place: u64, sealed: &[u8]) -> Result<(), Error> {
        let path = chunk_path(vault, attachment, place);
        let question = Question { method: Method::Put, ..Question::post(&path, BYTES, sealed) };
        self.ask(None, &question)?.accepted()?;
        self.with(|client| rows::mark_uploaded(client.replica.read(), attachment, place).map_err(Error::from))
    }

    /// Deletes the attachments of items that are gone.
    pub(super) fn remove_attachments(&self) -> Result<(), Error> {
        for (vault, attachment) in self.with(|client| client.attachments_to_remove())? {
            let path = format!("/v1/vaults/{vault}/attachments/{attachment}");
            let question = Question { method: Method::Delete, ..Question::get(&path) };
            match self.ask(None, &question).and_then(super::exchange::Answer::accepted) {
                Ok(_) | Err(Error::Server(Why::Refused { reason: Reason::NotFound, .. })) => {}
                // Space on a server is not worth a word; the next sync tries again.
                Err(Error::Server(_)) => continue,
                Err(error) => return Err(error),
            }
            self.with(|client| rows::drop_removal(client.replica.read(), attachment).map_err(Error::from))?;
        }
        Ok(())
    }
}

fn chunk_path(vault: VaultId, attachment: AttachmentId, place: u64) -> String {
    format!("/v1/vaults/{vault}/attachments/{attachment}/chunks/{place}")
}

/// A name without folders, whatever system it comes from.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if last.is_empty() { "attachment".into() } else { last.to_owned() }
}

/// Up to a chunk of a file; shorter only at its end.
fn read_chunk(file: &mut dyn Read) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
    file.take(CHUNK_BYTES as u64).read_to_end(&mut chunk).map_err(|error| Error::File { what: "read", error })?;
    Ok(chunk)
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        ReplicaError::from(error).into()
    }
}
