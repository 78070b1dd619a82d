//! Vaults: commits, revisions and attachments.

use super::state::State;
use crate::rows::{ChunkStored, Committed, NewChunk, NewCommit, NewVault, RevisionCursor, RevisionPage};
use crate::rules::{self, Page};
use crate::store::Result;
use crate::tables::{ChunkRow, CommitRow, RevisionRow, VaultRow};
use std::ops::Bound;
use truebell_core::ids::{AccountId, AttachmentId, ItemId, VaultId};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Kind, Revision};

impl State {
    pub(super) fn insert_vault(&mut self, account: AccountId, new: &NewVault, at: UnixMillis) {
        let row = VaultRow {
            vault: new.vault,
            account,
            seq: 0,
            digest: new.head.digest(),
            dropped: 0,
            created: at,
            creation: rules::creation_digest(new),
            name_revision: 1,
            key: new.key.clone(),
            name: new.name.clone(),
            head: new.head.head.clone(),
            signature: new.head.signature,
        };
        self.vaults.insert(new.vault, row);
    }

    pub(super) fn create_vault(&mut self, account: AccountId, new: &NewVault, at: UnixMillis) -> Committed {
        if !self.accounts.contains_key(&account) {
            return Committed::NoVault;
        }
        match self.vaults.get(&new.vault) {
            Some(stored) if stored.account == account && stored.creation == rules::creation_digest(new) => Committed::Repeated(0),
            Some(_) => Committed::Conflict,
            None => {
                self.insert_vault(account, new, at);
                Committed::Done
            }
        }
    }

    fn current(&self, vault: VaultId, item: ItemId) -> Result<Option<Revision>> {
        let row = self.revisions.values().filter(|row| row.vault == vault && row.item == item).max_by_key(|row| row.number);
        row.map(to_revision).transpose()
    }

    pub(super) fn commit(&mut self, commit: NewCommit) -> Result<Committed> {
        let Some(vault) = self.vaults.get(&commit.vault).filter(|vault| vault.account == commit.account) else {
            return Ok(Committed::NoVault);
        };
        let earlier = self.commits.range((commit.vault, 0)..=(commit.vault, u64::MAX));
        if let Some((_, earlier)) = earlier.into_iter().find(|(_, earlier)| earlier.idempotency == commit.idempotency) {
            return Ok(rules::repeated(&commit, earlier.seq));
        }
        if Some(commit.seq) != vault.seq.checked_add(1) || commit.prev != vault.digest || !rules::items_differ(&commit) {
            return Ok(Committed::Conflict);
        }
        for revision in &commit.revisions {
            if !rules::follows(commit.vault, self.current(commit.vault, revision.item)?.as_ref(), revision) {
                return Ok(Committed::Conflict);
            }
        }
        self.store_commit(commit);
        Ok(Committed::Done)
    }

    fn store_commit(&mut self, commit: NewCommit) {
        let (vault, seq) = (commit.vault, commit.seq);
        let slot = rules::commit_slot(seq);
        let row = CommitRow { vault, slot, seq, idempotency: commit.idempotency, at: commit.at };
        self.commits.insert((vault, slot), row);
        let mut dropped = false;
        for revision in commit.revisions {
            if revision.kind == Kind::Tombstone {
                let before = self.revisions.len();
                self.revisions.retain(|_, row| row.vault != vault || row.item != revision.item);
                dropped |= self.revisions.len() < before;
            }
            self.revisions.insert((vault, seq, revision.item), to_row(vault, seq, revision));
        }
        if let Some(row) = self.vaults.get_mut(&vault) {
            (row.seq, row.digest) = (seq, commit.head_digest);
            (row.head, row.signature) = (commit.head.head, commit.head.signature);
            row.dropped = if dropped { seq } else { row.dropped };
        }
    }

    fn owns(&self, account: AccountId, vault: VaultId) -> bool {
        self.vaults.get(&vault).is_some_and(|vault| vault.account == account)
    }

    pub(super) fn revisions(
        &self,
        account: AccountId,
        vault: VaultId,
        after: u64,
        up_to: u64,
        from: Option<RevisionCursor>,
        bytes_max: usize,
    ) -> Result<Option<RevisionPage>> {
        if !self.owns(account, vault) {
            return Ok(None);
        }
        let start = from.map_or((vault, 0, ItemId([0; 16])), |from| (vault, from.seq, from.item));
        let rows = self.revisions.range((Bound::Excluded(start), Bound::Unbounded));
        let rows = rows.map(|(_, row)| row).take_while(|row| row.vault == vault).filter(|row| row.seq > after && row.seq <= up_to);
        let mut page = Page::new(bytes_max);
        for row in rows {
            if !page.add(row.seq, to_revision(row)?) {
                break;
            }
        }
        Ok(Some(page.finish()))
    }

    pub(super) fn put_chunk(&mut self, chunk: NewChunk, bytes_max: u64) -> ChunkStored {
        if !self.owns(chunk.account, chunk.vault) {
            return ChunkStored::NoVault;
        }
        let key = (chunk.vault, chunk.attachment, chunk.index);
        if let Some(stored) = self.chunks.get(&key) {
            return if stored.sealed == chunk.sealed { ChunkStored::Done } else { ChunkStored::Different };
        }
        let of_attachment = self.chunks.range((chunk.vault, chunk.attachment, 0)..=(chunk.vault, chunk.attachment, u64::MAX));
        let stored: usize = of_attachment.map(|(_, stored)| stored.sealed.len()).sum();
        if (stored + chunk.sealed.len()) as u64 > bytes_max || i64::try_from(chunk.index).is_err() {
            return ChunkStored::TooLarge;
        }
        let row = ChunkRow { vault: chunk.vault, attachment: chunk.attachment, place: chunk.index, at: chunk.at, sealed: chunk.sealed };
        self.chunks.insert(key, row);
        ChunkStored::Done
    }

    pub(super) fn chunk(&self, account: AccountId, vault: VaultId, attachment: AttachmentId, index: u64) -> Option<Vec<u8>> {
        let chunk = self.chunks.get(&(vault, attachment, index)).filter(|_| self.owns(account, vault))?;
        Some(chunk.sealed.clone())
    }

    pub(super) fn delete_attachment(&mut self, account: AccountId, vault: VaultId, attachment: AttachmentId) -> bool {
        let before = self.chunks.len();
        if self.owns(account, vault) {
            self.chunks.retain(|_, row| row.vault != vault || row.attachment != attachment);
        }
        self.chunks.len() < before
    }
}

fn to_row(vault: VaultId, seq: u64, revision: Revision) -> RevisionRow {
    let prev = (revision.prev != rules::NO_DIGEST).then_some(revision.prev);
    RevisionRow {
        vault,
        seq,
        item: revision.item,
        number: revision.number,
        kind: revision.kind as u8,
        prev,
        overview: revision.overview,
        detail: revision.detail,
    }
}

fn to_revision(row: &RevisionRow) -> Result<Revision> {
    let kind = rules::kind(row.kind)?;
    let prev = row.prev.unwrap_or(rules::NO_DIGEST);
    Ok(Revision { item: row.item, number: row.number, prev, kind, overview: row.overview.clone(), detail: row.detail.clone() })
}
