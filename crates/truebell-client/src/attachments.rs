//! Files of items: sealed in chunks of 1 MiB, never whole in memory.

use super::exchange::{BYTES, Question};
use super::items::ItemRef;
use super::replica::rows;
use super::transport::Method;
use super::{Client, Error, ReplicaError};
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
const NO_ITEM: ItemId = ItemId([0; 16]);

impl Client {
    /// Attaches a file. Sealed and stored here at once; uploaded at the next sync, before the edit that names it.
    pub fn attach(&mut self, item: ItemRef, name: &str, file: &mut dyn Read) -> Result<Attachment, Error> {
        let mut edited = self.item(item)?;
        let id = AttachmentId::make_random(self.world.chance.as_mut());
        let stored = self.store_chunks(item.vault, id, file);
        let (key, size_bytes, sha256) = match stored {
            Ok(stored) => stored,
            Err(error) => {
                rows::drop_chunks(self.replica.read(), id)?;
                return Err(error);
            }
        };
        let key = Secret::new(BASE64URL_NOPAD.encode(key.expose_bytes()));
        let attachment = Attachment { id, name: file_name(name), size_bytes, sha256, key, extra: Extra::new() };
        edited.detail.attachments.push(attachment.clone());
        // The chunks first: an item may not name bytes that nobody has.
        rows::adopt_chunks(self.replica.read(), id, item.item)?;
        self.edit(item, edited)?;
        Ok(attachment)
    }

    /// Seals a file's chunks into the replica; returns its key, size and digest.
    fn store_chunks(&mut self, vault: VaultId, id: AttachmentId, file: &mut dyn Read) -> Result<(SealKey, u64, String), Error> {
        let key = SealKey::make_random(self.world.chance.as_mut());
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
            let sealed = seal_chunk(&key, vault, id, place, last, &chunk, self.world.chance.as_mut());
            rows::put_chunk(self.replica.read(), (vault, NO_ITEM), id, place, false, &sealed)?;
            if last {
                return Ok((key, size, HEXLOWER.encode(&hash.finalize())));
            }
            (chunk, place) = (next, place + 1);
        }
    }

    /// Writes an attachment's bytes to `out`; fetches chunks that are not here. On an error, what was written must be thrown away.
    pub fn read_attachment(&mut self, item: ItemRef, attachment: AttachmentId, out: &mut dyn Write) -> Result<(), Error> {
        let found = self.find_attachment(item, attachment)?;
        let bad = |how| Error::Attachment { name: found.name.clone(), how };
        let key = BASE64URL_NOPAD.decode(found.key.expose().as_bytes()).ok().and_then(|key| key.try_into().ok()).map(SealKey::from_bytes);
        let key = key.ok_or_else(|| bad("has no key that can be read"))?;
        let count = found.size_bytes.div_ceil(CHUNK_BYTES as u64).max(1);
        let (mut size, mut hash) = (0, Sha256::new());
        for place in 0..count {
            let (sealed, fetched) = self.chunk(item.vault, attachment, place)?;
            let plain = open_chunk(&key, item.vault, attachment, place, place + 1 == count, &sealed);
            let plain = plain.map_err(|_| bad("is not what was attached: a part of it is missing, swapped or damaged"))?;
            if fetched {
                rows::put_chunk(self.replica.read(), (item.vault, item.item), attachment, place, true, &sealed)?;
            }
            size += plain.len() as u64;
            hash.update(&plain);
            out.write_all(&plain).map_err(|error| Error::File { what: "written", error })?;
        }
        if size != found.size_bytes || HEXLOWER.encode(&hash.finalize()) != found.sha256 {
            return Err(bad("is not what was attached: its size or its digest differs"));
        }
        out.flush().map_err(|error| Error::File { what: "written", error })
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

    /// A sealed chunk, and whether it was fetched.
    fn chunk(&mut self, vault: VaultId, attachment: AttachmentId, place: u64) -> Result<(Vec<u8>, bool), Error> {
        if let Some(sealed) = rows::chunk(self.replica.read(), attachment, place)? {
            return Ok((sealed, false));
        }
        let path = chunk_path(vault, attachment, place);
        let answer = self.line().ask(None, &Question::get(&path))?;
        Ok((answer.accepted()?.0, true))
    }

    /// Uploads the chunks of an item that the server does not have. Each is marked as it arrives: a broken upload goes on where it was.
    pub(super) fn upload_chunks(&mut self, item: ItemRef) -> Result<(), Error> {
        while let Some((attachment, place, sealed)) = rows::next_upload(self.replica.read(), item.vault, item.item)? {
            let path = chunk_path(item.vault, attachment, place);
            let question = Question { method: Method::Put, ..Question::post(&path, BYTES, &sealed) };
            self.line().ask(None, &question)?.accepted()?;
            rows::mark_uploaded(self.replica.read(), attachment, place)?;
        }
        Ok(())
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

    /// Deletes the attachments of items whose tombstones the server has. One that came back keeps its own.
    pub(super) fn remove_attachments(&mut self) -> Result<(), Error> {
        for (vault, item, attachment) in rows::removals(self.replica.read())? {
            let waits = rows::pending(self.replica.read(), vault, item)?.is_some() || rows::inflight(self.replica.read(), vault)?.is_some();
            if waits {
                continue;
            }
            let gone = rows::current(self.replica.read(), vault, item)?
                .is_none_or(|revision| revision.kind == truebell_core::vault::Kind::Tombstone);
            if gone {
                let path = format!("/v1/vaults/{vault}/attachments/{attachment}");
                let question = Question { method: Method::Delete, ..Question::get(&path) };
                match self.line().ask(None, &question).and_then(super::exchange::Answer::accepted) {
                    Ok(_) | Err(Error::Server(Why::Refused { reason: Reason::NotFound, .. })) => {}
                    // Space on a server is not worth a word; the next sync tries again.
                    Err(Error::Server(_)) => continue,
                    Err(error) => return Err(error),
                }
            }
            rows::drop_removal(self.replica.read(), attachment)?;
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
