//! The statements of the local copy, one function each. All take a connection, so that they run inside a caller's transaction.

use super::{ReplicaError, Result};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use truebell_core::cbor;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AttachmentId, ItemId, VaultId};
use truebell_core::vault::{Commit, Kind, Revision, SignedVaultHead};
use truebell_core::wire::vault::VaultInfo;

fn damaged(at: impl Into<String>) -> ReplicaError {
    ReplicaError::Damaged { at: at.into(), kept: 0 }
}

/// One thing by name.
pub(in super::super) fn meta<T: for<'b> minicbor::Decode<'b, ()>>(db: &Connection, key: &str) -> Result<Option<T>> {
    let value: Option<Vec<u8>> =
        db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()?;
    value.map(|value| cbor::from_slice(&value).map_err(|_| damaged(format!("meta, {key}")))).transpose()
}

/// Stores it.
pub(in super::super) fn put_meta<T: minicbor::Encode<()>>(db: &Connection, key: &str, value: &T) -> Result<()> {
    db.prepare_cached("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value")?
        .execute(params![key, cbor::to_vec(value)])?;
    Ok(())
}

/// A sealed keyset.
pub(in super::super) struct KeysetRow {
    pub place: i64,
    pub epoch: u64,
    pub sealed: Vec<u8>,
}

/// All keysets, newest first.
pub(in super::super) fn keysets(db: &Connection) -> Result<Vec<KeysetRow>> {
    let mut statement = db.prepare_cached("SELECT place, epoch, sealed FROM keysets ORDER BY place DESC")?;
    let read = |row: &Row<'_>| Ok(KeysetRow { place: row.get(0)?, epoch: unsigned(row, 1)?, sealed: row.get(2)? });
    Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a keyset; one that is here already becomes the newest.
pub(in super::super) fn put_keyset(db: &Connection, epoch: u64, sealed: &[u8]) -> Result<()> {
    let newest: Option<Vec<u8>> =
        db.prepare_cached("SELECT sealed FROM keysets ORDER BY place DESC LIMIT 1")?.query_row([], |row| row.get(0)).optional()?;
    if newest.as_deref() != Some(sealed) {
        db.prepare_cached("DELETE FROM keysets WHERE sealed = ?1")?.execute([sealed])?;
        db.prepare_cached("INSERT INTO keysets (epoch, sealed) VALUES (?1, ?2)")?.execute(params![signed(epoch), sealed])?;
    }
    Ok(())
}

/// Drops the keysets older than one that was opened.
pub(in super::super) fn drop_keysets_before(db: &Connection, place: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM keysets WHERE place < ?1")?.execute([place])?;
    Ok(())
}

/// A proven event.
pub(in super::super) struct EventRow {
    pub seq: u64,
    pub digest: Hash32,
    pub body: String,
    pub own: bool,
    pub seen: bool,
    pub lost: bool,
}

/// All events in the order of the chain; those a restored server lost stand before the one in their place.
pub(in super::super) fn events(db: &Connection) -> Result<Vec<EventRow>> {
    let mut statement = db.prepare_cached("SELECT seq, digest, body, own, seen, lost FROM events ORDER BY seq, lost DESC")?;
    let read = |row: &Row<'_>| {
        Ok(EventRow {
            seq: unsigned(row, 0)?,
            digest: hash(row, 1)?,
            body: row.get(2)?,
            own: row.get(3)?,
            seen: row.get(4)?,
            lost: row.get(5)?,
        })
    };
    Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

/// Whether any event is unseen.
pub(in super::super) fn has_unseen(db: &Connection) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM events WHERE seen = 0 LIMIT 1")?.exists([])?)
}

/// Stores an event once. One that is here keeps its mark: a notice is shown once per event, whatever a server repeats.
pub(in super::super) fn put_event(db: &Connection, seq: u64, digest: Hash32, body: &str, own: bool, seen: bool) -> Result<bool> {
    let here = db
        .prepare_cached("UPDATE events SET lost = 0 WHERE seq = ?1 AND digest = ?2")?
        .execute(params![signed(seq), digest.0.as_slice()])?;
    if here == 0 {
        db.prepare_cached("INSERT INTO events (seq, digest, body, own, seen) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            signed(seq),
            digest.0.as_slice(),
            body,
            own,
            seen
        ])?;
    }
    Ok(here == 0)
}

/// Events of the chain without a proof that they are in the log, at most `limit`, oldest first.
pub(in super::super) fn unproven_events(db: &Connection, limit: usize) -> Result<Vec<Hash32>> {
    let mut statement = db.prepare_cached(
        "SELECT digest FROM events e WHERE lost = 0 AND NOT EXISTS (SELECT 1 FROM log_proofs p WHERE p.digest = e.digest) ORDER BY seq LIMIT ?1",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(statement.query_map([limit], |row| hash(row, 0))?.collect::<rusqlite::Result<_>>()?)
}

/// The proof that an event is in the log.
pub(in super::super) fn log_proof(db: &Connection, digest: Hash32) -> Result<Option<String>> {
    let mut statement = db.prepare_cached("SELECT proof FROM log_proofs WHERE digest = ?1")?;
    Ok(statement.query_row([digest.0.as_slice()], |row| row.get(0)).optional()?)
}

/// All of them.
pub(in super::super) fn log_proofs(db: &Connection) -> Result<Vec<(Hash32, String)>> {
    let mut statement = db.prepare_cached("SELECT digest, proof FROM log_proofs")?;
    Ok(statement.query_map([], |row| Ok((hash(row, 0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
}

/// Keeps one.
pub(in super::super) fn put_log_proof(db: &Connection, digest: Hash32, proof: &str) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO log_proofs (digest, proof) VALUES (?1, ?2)")?.execute(params![digest.0.as_slice(), proof])?;
    Ok(())
}

/// Marks an event as seen.
pub(in super::super) fn mark_seen(db: &Connection, seq: u64) -> Result<()> {
    db.prepare_cached("UPDATE events SET seen = 1 WHERE seq = ?1")?.execute([signed(seq)])?;
    Ok(())
}

/// An event is to be shown again: something was said about it.
pub(in super::super) fn mark_unseen(db: &Connection, seq: u64) -> Result<()> {
    db.prepare_cached("UPDATE events SET seen = 0 WHERE seq = ?1 AND lost = 0")?.execute([signed(seq)])?;
    Ok(())
}

/// How many are not seen.
pub(in super::super) fn unseen_count(db: &Connection) -> Result<usize> {
    count(db, "SELECT count(*) FROM events WHERE seen = 0", &[])
}

/// A vault.
pub(in super::super) struct VaultRow {
    pub vault: VaultId,
    pub key: Vec<u8>,
    pub name_revision: u64,
    pub name: Vec<u8>,
    pub head: SignedVaultHead,
    pub made: bool,
}

/// The wrapped keys of the vaults, and nothing else: what is left to read of a damaged copy needs them.
pub(in super::super) fn vault_keys(db: &Connection) -> Result<Vec<(VaultId, Vec<u8>)>> {
    let mut statement = db.prepare_cached("SELECT vault, key FROM vaults")?;
    Ok(statement.query_map([], |row| Ok((vault(row, 0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
}

/// All vaults, oldest first.
pub(in super::super) fn vaults(db: &Connection) -> Result<Vec<VaultRow>> {
    let mut statement = db.prepare_cached("SELECT vault, key, name_revision, name, head, made FROM vaults ORDER BY rowid")?;
    let read = |row: &Row<'_>| {
        let vault = vault(row, 0)?;
        let head: Vec<u8> = row.get(4)?;
        Ok((vault, row.get(1)?, unsigned(row, 2)?, row.get(3)?, head, row.get(5)?))
    };
    let rows = statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter()
        .map(|(vault, key, name_revision, name, head, made)| {
            let head = cbor::from_slice(&head).map_err(|_| damaged(format!("vaults, {vault}")))?;
            Ok(VaultRow { vault, key, name_revision, name, head, made })
        })
        .collect()
}

/// Stores a vault that is new here, or again.
pub(in super::super) fn put_vault(db: &Connection, info: &VaultInfo, made: bool) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO vaults VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET name_revision = excluded.name_revision, name = excluded.name, head = excluded.head, made = excluded.made",
    )?
    .execute(params![
        info.vault.0.as_slice(),
        info.key,
        signed(info.name_revision),
        info.name,
        cbor::to_vec(&info.head),
        made
    ])?;
    Ok(())
}

/// Moves a vault to its next head.
pub(in super::super) fn put_vault_head(db: &Connection, vault: VaultId, head: &SignedVaultHead) -> Result<()> {
    db.prepare_cached("UPDATE vaults SET head = ?2, made = 1 WHERE vault = ?1")?
        .execute(params![vault.0.as_slice(), cbor::to_vec(head)])?;
    Ok(())
}

/// Gives a vault that the server does not have its first head.
pub(in super::super) fn put_unmade_head(db: &Connection, vault: VaultId, head: &SignedVaultHead) -> Result<()> {
    db.prepare_cached("UPDATE vaults SET head = ?2 WHERE vault = ?1")?.execute(params![vault.0.as_slice(), cbor::to_vec(head)])?;
    Ok(())
}

/// The current revisions of a vault.
pub(in super::super) fn items(db: &Connection, vault: VaultId) -> Result<Vec<(ItemId, u64, Hash32)>> {
    let mut statement = db.prepare_cached("SELECT item, number, digest FROM items WHERE vault = ?1")?;
    let read = |row: &Row<'_>| Ok((item(row, 0)?, unsigned(row, 1)?, hash(row, 2)?));
    Ok(statement.query_map([vault.0.as_slice()], read)?.collect::<rusqlite::Result<_>>()?)
}

/// An item's current revision with its overview, not its detail.
pub(in super::super) struct OverviewRow {
    pub item: ItemId,
    pub number: u64,
    pub overview: Vec<u8>,
}

/// The overviews of a vault's live items.
pub(in super::super) fn overviews(db: &Connection, vault: VaultId) -> Result<Vec<OverviewRow>> {
    let mut statement = db.prepare_cached(
        "SELECT i.item, i.number, r.overview FROM items i JOIN revisions r USING (vault, item, number, digest) WHERE i.vault = ?1 AND r.kind = 0",
    )?;
    let read = |row: &Row<'_>| Ok(OverviewRow { item: item(row, 0)?, number: unsigned(row, 1)?, overview: row.get(2)? });
    Ok(statement.query_map([vault.0.as_slice()], read)?.collect::<rusqlite::Result<_>>()?)
}

/// Stores a revision, and makes it the item's current one. A tombstone takes the revisions before it and the chunks with it.
pub(in super::super) fn put_revision(db: &Connection, vault: VaultId, revision: &Revision, digest: Hash32) -> Result<()> {
    if revision.kind == Kind::Tombstone {
        db.prepare_cached("DELETE FROM revisions WHERE vault = ?1 AND item = ?2")?
            .execute(params![vault.0.as_slice(), revision.item.0.as_slice()])?;
    }
    db.prepare_cached(
        "INSERT INTO revisions (vault, item, number, digest, prev, kind, overview, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET lost = 0",
    )?
    .execute(params![
        vault.0.as_slice(),
        revision.item.0.as_slice(),
        signed(revision.number),
        digest.0.as_slice(),
        revision.prev.0.as_slice(),
        revision.kind as u8,
        revision.overview,
        revision.detail,
    ])?;
    db.prepare_cached(
        "INSERT INTO items VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET number = excluded.number, digest = excluded.digest",
    )?
    .execute(params![vault.0.as_slice(), revision.item.0.as_slice(), signed(revision.number), digest.0.as_slice()])?;
    Ok(())
}

const REVISION: &str = "SELECT item, number, prev, kind, overview, detail FROM revisions WHERE vault = ?1 AND item = ?2";

fn read_revision(row: &Row<'_>) -> rusqlite::Result<Revision> {
    Ok(Revision {
        item: item(row, 0)?,
        number: unsigned(row, 1)?,
        prev: hash(row, 2)?,
        kind: kind(row, 3)?,
        overview: row.get(4)?,
        detail: row.get(5)?,
    })
}

/// One revision by number and digest. It is checked against the digest: what was changed on the disk is not handed out.
pub(in super::super) fn revision(db: &Connection, vault: VaultId, item: ItemId, number: u64, digest: Hash32) -> Result<Option<Revision>> {
    let found = db
        .prepare_cached(&format!("{REVISION} AND number = ?3 AND digest = ?4"))?
        .query_row(params![vault.0.as_slice(), item.0.as_slice(), signed(number), digest.0.as_slice()], read_revision)
        .optional()?;
    match found {
        Some(revision) if revision.digest(vault) != digest => Err(damaged(format!("revisions, {item} number {number}"))),
        found => Ok(found),
    }
}

/// An item's current revision, checked.
pub(in super::super) fn current(db: &Connection, vault: VaultId, item: ItemId) -> Result<Option<Revision>> {
    let at: Option<(u64, Hash32)> = db
        .prepare_cached("SELECT number, digest FROM items WHERE vault = ?1 AND item = ?2")?
        .query_row(params![vault.0.as_slice(), item.0.as_slice()], |row| Ok((unsigned(row, 0)?, hash(row, 1)?)))
        .optional()?;
    let Some((number, digest)) = at else { return Ok(None) };
    match revision(db, vault, item, number, digest)? {
        None => Err(damaged(format!("revisions, {item} number {number}"))),
        found => Ok(found),
    }
}

/// Whether the server has a revision.
pub(in super::super) fn is_there(db: &Connection, vault: VaultId, item: ItemId, number: u64, digest: Hash32) -> Result<bool> {
    Ok(db
        .prepare_cached("SELECT 1 FROM revisions WHERE vault = ?1 AND item = ?2 AND number = ?3 AND digest = ?4 AND lost = 0")?
        .exists(params![vault.0.as_slice(), item.0.as_slice(), signed(number), digest.0.as_slice()])?)
}

/// The revisions of an item that the server has, newest first. What lost ones said is in the `past` of those above them.
pub(in super::super) fn history(db: &Connection, vault: VaultId, item: ItemId) -> Result<Vec<Revision>> {
    let mut statement = db.prepare_cached(&format!("{REVISION} AND lost = 0 ORDER BY number DESC"))?;
    Ok(statement.query_map(params![vault.0.as_slice(), item.0.as_slice()], read_revision)?.collect::<rusqlite::Result<_>>()?)
}

/// An edit the server does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct PendingRow {
    pub vault: VaultId,
    pub item: ItemId,
    pub base_number: u64,
    pub base_digest: Hash32,
    pub kind: Kind,
    pub overview: Vec<u8>,
    pub detail: Vec<u8>,
}

impl PendingRow {
    /// The revision it will be.
    pub(in super::super) fn revision(&self) -> Revision {
        Revision {
            item: self.item,
            number: self.base_number + 1,
            prev: self.base_digest,
            kind: self.kind,
            overview: self.overview.clone(),
            detail: self.detail.clone(),
        }
    }

    /// A revision that goes back to waiting.
    pub(in super::super) fn of(vault: VaultId, revision: Revision) -> Self {
        Self {
            vault,
            item: revision.item,
            base_number: revision.number.saturating_sub(1),
            base_digest: revision.prev,
            kind: revision.kind,
            overview: revision.overview,
            detail: revision.detail,
        }
    }
}

const PENDING: &str = "SELECT vault, item, base_number, base_digest, kind, overview, detail FROM pending";

fn read_pending(row: &Row<'_>) -> rusqlite::Result<PendingRow> {
    Ok(PendingRow {
        vault: vault(row, 0)?,
        item: item(row, 1)?,
        base_number: unsigned(row, 2)?,
        base_digest: hash(row, 3)?,
        kind: kind(row, 4)?,
        overview: row.get(5)?,
        detail: row.get(6)?,
    })
}

/// The edit waiting for one item.
pub(in super::super) fn pending(db: &Connection, vault: VaultId, item: ItemId) -> Result<Option<PendingRow>> {
    Ok(db
        .prepare_cached(&format!("{PENDING} WHERE vault = ?1 AND item = ?2"))?
        .query_row(params![vault.0.as_slice(), item.0.as_slice()], read_pending)
        .optional()?)
}

/// The edits of a vault, at most `limit`. Their order does not matter: each is of another item.
pub(in super::super) fn pending_of(db: &Connection, vault: VaultId, limit: usize) -> Result<Vec<PendingRow>> {
    let mut statement = db.prepare_cached(&format!("{PENDING} WHERE vault = ?1 LIMIT ?2"))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(statement.query_map(params![vault.0.as_slice(), limit], read_pending)?.collect::<rusqlite::Result<_>>()?)
}

/// Which items of a vault have an edit waiting.
pub(in super::super) fn pending_items(db: &Connection, vault: VaultId) -> Result<Vec<ItemId>> {
    let mut statement = db.prepare_cached("SELECT item FROM pending WHERE vault = ?1")?;
    Ok(statement.query_map([vault.0.as_slice()], |row| item(row, 0))?.collect::<rusqlite::Result<_>>()?)
}

/// Keeps an edit, in the place of one for the same item.
pub(in super::super) fn put_pending(db: &Connection, row: &PendingRow) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO pending VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        row.vault.0.as_slice(),
        row.item.0.as_slice(),
        signed(row.base_number),
        row.base_digest.0.as_slice(),
        row.kind as u8,
        row.overview,
        row.detail
    ])?;
    Ok(())
}

/// Takes an edit out: the server has it, or has all it says.
pub(in super::super) fn drop_pending(db: &Connection, vault: VaultId, item: ItemId) -> Result<()> {
    db.prepare_cached("DELETE FROM pending WHERE vault = ?1 AND item = ?2")?.execute(params![vault.0.as_slice(), item.0.as_slice()])?;
    Ok(())
}

/// How many edits wait, and how many vaults.
pub(in super::super) fn pending_count(db: &Connection) -> Result<usize> {
    Ok(count(db, "SELECT count(*) FROM pending", &[])? + count(db, "SELECT count(*) FROM vaults WHERE made = 0", &[])?)
}

/// The commit of a vault that was sent and not answered.
pub(in super::super) fn inflight(db: &Connection, vault: VaultId) -> Result<Option<Commit>> {
    let body: Option<Vec<u8>> =
        db.prepare_cached("SELECT body FROM inflight WHERE vault = ?1")?.query_row([vault.0.as_slice()], |row| row.get(0)).optional()?;
    body.map(|body| cbor::from_slice(&body).map_err(|_| damaged(format!("inflight, {vault}")))).transpose()
}

/// Keeps it until it is answered.
pub(in super::super) fn put_inflight(db: &Connection, vault: VaultId, commit: &Commit) -> Result<()> {
    db.prepare_cached("INSERT INTO inflight VALUES (?1, ?2)")?.execute(params![vault.0.as_slice(), cbor::to_vec(commit)])?;
    Ok(())
}

/// It was answered.
pub(in super::super) fn drop_inflight(db: &Connection, vault: VaultId) -> Result<()> {
    db.prepare_cached("DELETE FROM inflight WHERE vault = ?1")?.execute([vault.0.as_slice()])?;
    Ok(())
}

/// A restored server has lost an unknown part: nothing counts as there until the stream has shown it.
pub(in super::super) fn forget_what_the_server_has(db: &Connection) -> Result<()> {
    db.execute_batch(
        "UPDATE events SET lost = 1; UPDATE revisions SET lost = 1; UPDATE vaults SET made = 0; UPDATE chunks SET uploaded = 0;
         DELETE FROM items; DELETE FROM meta WHERE key IN ('chain', 'record', 'record_at');",
    )?;
    Ok(())
}

/// One sealed chunk.
pub(in super::super) fn chunk(db: &Connection, attachment: AttachmentId, place: u64) -> Result<Option<Vec<u8>>> {
    Ok(db
        .prepare_cached("SELECT sealed FROM chunks WHERE attachment = ?1 AND place = ?2")?
        .query_row(params![attachment.0.as_slice(), signed(place)], |row| row.get(0))
        .optional()?)
}

/// Keeps a sealed chunk.
pub(in super::super) fn put_chunk(
    db: &Connection,
    (vault, item): (VaultId, ItemId),
    attachment: AttachmentId,
    place: u64,
    uploaded: bool,
    sealed: &[u8],
) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO chunks VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        attachment.0.as_slice(),
        signed(place),
        vault.0.as_slice(),
        item.0.as_slice(),
        uploaded,
        sealed
    ])?;
    Ok(())
}

/// Gives an attachment's chunks to their item.
pub(in super::super) fn adopt_chunks(db: &Connection, attachment: AttachmentId, item: ItemId) -> Result<()> {
    db.prepare_cached("UPDATE chunks SET item = ?2 WHERE attachment = ?1")?.execute(params![attachment.0.as_slice(), item.0.as_slice()])?;
    Ok(())
}

/// Drops the chunks of files that were being read when the process ended.
pub(in super::super) fn drop_orphans(db: &Connection) -> Result<()> {
    db.prepare_cached("DELETE FROM chunks WHERE item = ?1")?.execute([[0_u8; 16].as_slice()])?;
    Ok(())
}

/// Remembers that an attachment goes with its item.
pub(in super::super) fn put_removal(db: &Connection, vault: VaultId, item: ItemId, attachment: AttachmentId) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO removals VALUES (?1, ?2, ?3)")?.execute(params![
        attachment.0.as_slice(),
        vault.0.as_slice(),
        item.0.as_slice()
    ])?;
    Ok(())
}

/// Attachments that go.
pub(in super::super) fn removals(db: &Connection) -> Result<Vec<(VaultId, ItemId, AttachmentId)>> {
    let mut statement = db.prepare_cached("SELECT vault, item, attachment FROM removals")?;
    let read = |row: &Row<'_>| Ok((vault(row, 0)?, item(row, 1)?, AttachmentId(fixed(row, 2)?)));
    Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

/// One is gone.
pub(in super::super) fn drop_removal(db: &Connection, attachment: AttachmentId) -> Result<()> {
    db.prepare_cached("DELETE FROM removals WHERE attachment = ?1")?.execute([attachment.0.as_slice()])?;
    Ok(())
}

/// The next chunk of an item that waits to be uploaded.
pub(in super::super) fn next_upload(db: &Connection, vault: VaultId, item: ItemId) -> Result<Option<(AttachmentId, u64, Vec<u8>)>> {
    let mut statement = db.prepare_cached(
        "SELECT attachment, place, sealed FROM chunks WHERE vault = ?1 AND item = ?2 AND uploaded = 0 ORDER BY attachment, place LIMIT 1",
    )?;
    let read = |row: &Row<'_>| Ok((AttachmentId(fixed(row, 0)?), unsigned(row, 1)?, row.get(2)?));
    Ok(statement.query_row(params![vault.0.as_slice(), item.0.as_slice()], read).optional()?)
}

/// The server has a chunk.
pub(in super::super) fn mark_uploaded(db: &Connection, attachment: AttachmentId, place: u64) -> Result<()> {
    db.prepare_cached("UPDATE chunks SET uploaded = 1 WHERE attachment = ?1 AND place = ?2")?
        .execute(params![attachment.0.as_slice(), signed(place)])?;
    Ok(())
}

/// Drops an attachment's chunks: its item was deleted for good, or attaching it failed.
pub(in super::super) fn drop_chunks(db: &Connection, attachment: AttachmentId) -> Result<()> {
    db.prepare_cached("DELETE FROM chunks WHERE attachment = ?1")?.execute([attachment.0.as_slice()])?;
    Ok(())
}

/// Drops the chunks of an item that was deleted for good.
pub(in super::super) fn drop_chunks_of(db: &Connection, vault: VaultId, item: ItemId) -> Result<()> {
    db.prepare_cached("DELETE FROM chunks WHERE vault = ?1 AND item = ?2")?.execute(params![vault.0.as_slice(), item.0.as_slice()])?;
    Ok(())
}

fn count(db: &Connection, sql: &str, with: &[&dyn ToSql]) -> Result<usize> {
    let count: i64 = db.prepare_cached(sql)?.query_row(with, |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// SQLite's integers are signed; ours count from zero and stay far below.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn fixed<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    row.get::<_, [u8; N]>(column)
}

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash32> {
    fixed(row, column).map(Hash32)
}

fn vault(row: &Row<'_>, column: usize) -> rusqlite::Result<VaultId> {
    fixed(row, column).map(VaultId)
}

fn item(row: &Row<'_>, column: usize) -> rusqlite::Result<ItemId> {
    fixed(row, column).map(ItemId)
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    match row.get::<_, i64>(column)? {
        0 => Ok(Kind::Live),
        1 => Ok(Kind::Tombstone),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}
