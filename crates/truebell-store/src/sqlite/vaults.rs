//! Vaults: commits, revisions and attachments. The large tables know a vault by its local number.

use super::accounts;
use super::columns::{bound, digest, int, number};
use crate::rows::{ChunkStored, Committed, NewChunk, NewCommit, NewVault, RevisionCursor, RevisionPage};
use crate::rules::{self, Page};
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, ItemId, VaultId};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Kind, Revision};

pub(super) fn is_there(db: &Connection, vault: VaultId) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM vaults WHERE vault = ?")?.exists([vault.0])?)
}

pub(super) fn insert(db: &Connection, account: AccountId, new: &NewVault, at: UnixMillis) -> Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO vaults (vault, account, seq, digest, dropped, created, creation, name_revision, key, name, head, signature)
         VALUES (?, ?, 0, ?, 0, ?, ?, 1, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        new.vault.0,
        account.0,
        new.head.digest().0,
        int(at.0)?,
        rules::creation_digest(new).0,
        new.key,
        new.name,
        new.head.head,
        new.head.signature.0,
    ])?;
    Ok(())
}

pub(super) fn create(db: &Connection, account: AccountId, new: &NewVault, at: UnixMillis) -> Result<Committed> {
    if accounts::account(db, account)?.is_none() {
        return Ok(Committed::NoVault);
    }
    let mut find = db.prepare_cached("SELECT account, creation FROM vaults WHERE vault = ?")?;
    let stored = find.query_row([new.vault.0], |row| Ok((AccountId(row.get(0)?), digest(row, 1)?))).optional()?;
    match stored {
        Some(stored) if stored == (account, rules::creation_digest(new)) => Ok(Committed::Repeated(0)),
        Some(_) => Ok(Committed::Conflict),
        None => insert(db, account, new, at).map(|()| Committed::Done),
    }
}

/// The local number of a vault that this account owns.
fn owned(db: &Connection, account: AccountId, vault: VaultId) -> Result<Option<i64>> {
    let mut statement = db.prepare_cached("SELECT no FROM vaults WHERE vault = ? AND account = ?")?;
    Ok(statement.query_row(params![vault.0, account.0], |row| row.get(0)).optional()?)
}

const REVISION: &str = "item, number, kind, prev, overview, detail";

/// Reads [`REVISION`].
fn to_revision(row: &Row<'_>) -> Result<Revision> {
    let prev: Option<[u8; 32]> = row.get(3)?;
    Ok(Revision {
        item: ItemId(row.get(0)?),
        number: number(row, 1)?,
        prev: prev.map_or(rules::NO_DIGEST, Hash32),
        kind: rules::kind(row.get(2)?)?,
        overview: row.get(4)?,
        detail: row.get(5)?,
    })
}

fn current(db: &Connection, no: i64, item: ItemId) -> Result<Option<Revision>> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {REVISION} FROM revisions WHERE vault_no = ? AND item = ? ORDER BY number DESC LIMIT 1"))?;
    let mut rows = statement.query(params![no, item.0])?;
    rows.next()?.map(to_revision).transpose()
}

pub(super) fn commit(db: &Connection, commit: &NewCommit) -> Result<Committed> {
    let mut find = db.prepare_cached("SELECT no, seq, digest FROM vaults WHERE vault = ? AND account = ?")?;
    let found = find.query_row(params![commit.vault.0, commit.account.0], |row| Ok((row.get(0)?, number(row, 1)?, digest(row, 2)?)));
    let Some((no, seq, head)) = found.optional()? else { return Ok(Committed::NoVault) };
    let mut earlier = db.prepare_cached("SELECT seq FROM commits WHERE vault_no = ? AND idempotency = ?")?;
    if let Some(seq) = earlier.query_row(params![no, commit.idempotency], |row| number(row, 0)).optional()? {
        return Ok(rules::repeated(commit, seq));
    }
    if Some(commit.seq) != seq.checked_add(1) || commit.prev != head || !rules::items_differ(commit) {
        return Ok(Committed::Conflict);
    }
    for revision in &commit.revisions {
        if !rules::follows(commit.vault, current(db, no, revision.item)?.as_ref(), revision) {
            return Ok(Committed::Conflict);
        }
    }
    store(db, no, commit)?;
    Ok(Committed::Done)
}

fn store(db: &Connection, no: i64, commit: &NewCommit) -> Result<()> {
    let seq = int(commit.seq)?;
    let mut remember = db.prepare_cached("INSERT OR REPLACE INTO commits (vault_no, slot, seq, idempotency, at) VALUES (?, ?, ?, ?, ?)")?;
    remember.execute(params![no, int(rules::commit_slot(commit.seq))?, seq, commit.idempotency, int(commit.at.0)?])?;
    let mut dropped = 0;
    let mut drop_earlier = db.prepare_cached("DELETE FROM revisions WHERE vault_no = ? AND item = ?")?;
    let mut insert = db.prepare_cached(
        "INSERT INTO revisions (vault_no, seq, item, number, kind, prev, overview, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for revision in &commit.revisions {
        if revision.kind == Kind::Tombstone {
            dropped += drop_earlier.execute(params![no, revision.item.0])?;
        }
        let prev = (revision.prev != rules::NO_DIGEST).then_some(revision.prev.0);
        let number = int(revision.number)?;
        insert.execute(params![no, seq, revision.item.0, number, revision.kind as u8, prev, revision.overview, revision.detail])?;
    }
    let mut advance = db.prepare_cached(
        "UPDATE vaults SET seq = ?2, digest = ?3, head = ?4, signature = ?5, dropped = iif(?6, ?2, dropped) WHERE no = ?1",
    )?;
    advance.execute(params![no, seq, commit.head_digest.0, commit.head.head, commit.head.signature.0, dropped > 0])?;
    Ok(())
}

/// Which revisions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    /// Commits above this one.
    pub(super) after: u64,
    /// And not above this one.
    pub(super) up_to: u64,
    /// Behind this place.
    pub(super) from: Option<RevisionCursor>,
}

pub(super) fn revisions(
    db: &Connection,
    account: AccountId,
    vault: VaultId,
    range: Range,
    bytes_max: usize,
) -> Result<Option<RevisionPage>> {
    let Some(no) = owned(db, account, vault)? else { return Ok(None) };
    let (seq, item) = range.from.map_or((0, [0; 16]), |from| (from.seq, from.item.0));
    let first = bound(range.after).saturating_add(1).max(bound(seq));
    let mut statement = db.prepare_cached(&format!(
        "SELECT {REVISION}, seq FROM revisions
         WHERE vault_no = ?1 AND seq >= ?2 AND seq <= ?3 AND (seq, item) > (?4, ?5) ORDER BY seq, item"
    ))?;
    let mut rows = statement.query(params![no, first, bound(range.up_to), bound(seq), item])?;
    let mut page = Page::new(bytes_max);
    while let Some(row) = rows.next()? {
        if !page.add(number(row, 6)?, to_revision(row)?) {
            break;
        }
    }
    Ok(Some(page.finish()))
}

pub(super) fn dropped_since(db: &Connection, vault: VaultId, seq: u64) -> Result<bool> {
    let mut statement = db.prepare_cached("SELECT dropped FROM vaults WHERE vault = ?")?;
    let dropped = statement.query_row([vault.0], |row| number(row, 0)).optional()?;
    Ok(dropped.is_none_or(|dropped| dropped > seq))
}

pub(super) fn put_chunk(db: &Connection, chunk: &NewChunk, bytes_max: u64) -> Result<ChunkStored> {
    let Some(no) = owned(db, chunk.account, chunk.vault)? else { return Ok(ChunkStored::NoVault) };
    let Ok(place) = i64::try_from(chunk.index) else { return Ok(ChunkStored::TooLarge) };
    let mut find = db.prepare_cached("SELECT sealed = ? FROM chunks WHERE vault_no = ? AND attachment = ? AND place = ?")?;
    let stored = find.query_row(params![chunk.sealed, no, chunk.attachment.0, place], |row| row.get(0)).optional()?;
    match stored {
        Some(true) => return Ok(ChunkStored::Done),
        Some(false) => return Ok(ChunkStored::Different),
        None => {}
    }
    let mut sum = db.prepare_cached("SELECT ifnull(sum(length(sealed)), 0) FROM chunks WHERE vault_no = ? AND attachment = ?")?;
    let stored = sum.query_row(params![no, chunk.attachment.0], |row| number(row, 0))?;
    if stored.saturating_add(chunk.sealed.len() as u64) > bytes_max {
        return Ok(ChunkStored::TooLarge);
    }
    let mut insert = db.prepare_cached("INSERT INTO chunks (vault_no, attachment, place, at, sealed) VALUES (?, ?, ?, ?, ?)")?;
    insert.execute(params![no, chunk.attachment.0, place, int(chunk.at.0)?, chunk.sealed])?;
    Ok(ChunkStored::Done)
}

pub(super) fn chunk(db: &Connection, account: AccountId, vault: VaultId, attachment: AttachmentId, index: u64) -> Result<Option<Vec<u8>>> {
    let (Some(no), Ok(place)) = (owned(db, account, vault)?, i64::try_from(index)) else { return Ok(None) };
    let mut statement = db.prepare_cached("SELECT sealed FROM chunks WHERE vault_no = ? AND attachment = ? AND place = ?")?;
    Ok(statement.query_row(params![no, attachment.0, place], |row| row.get(0)).optional()?)
}

pub(super) fn delete_attachment(db: &Connection, account: AccountId, vault: VaultId, attachment: AttachmentId) -> Result<bool> {
    let Some(no) = owned(db, account, vault)? else { return Ok(false) };
    let mut statement = db.prepare_cached("DELETE FROM chunks WHERE vault_no = ? AND attachment = ?")?;
    Ok(statement.execute(params![no, attachment.0])? > 0)
}
