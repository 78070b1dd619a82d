//! Vaults: commits, revisions and attachments. A write locks the vault's row first.

use super::accounts;
use super::columns::{bound, digest, find, fixed, int, list, number, optional_fixed, run, small};
use super::failure::Result;
use crate::rows::{ChunkStored, Committed, NewChunk, NewCommit, NewVault, RevisionCursor, RevisionPage};
use crate::rules::{self, Page};
use deadpool_postgres::{GenericClient, Transaction};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, ItemId, VaultId};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Kind, Revision};

/// Revisions fetched at a time while a page is filled.
const ROWS_AT_A_TIME: i32 = 128;

pub(super) async fn is_there(db: &Transaction<'_>, vault: VaultId) -> Result<bool> {
    Ok(find(db, "SELECT 1 FROM vaults WHERE vault = $1", &[&vault.0.as_slice()]).await?.is_some())
}

pub(super) async fn insert(db: &Transaction<'_>, account: AccountId, new: &NewVault, at: UnixMillis) -> Result<()> {
    let sql = "INSERT INTO vaults (vault, account, seq, digest, dropped, created, creation, name_revision, key, name, head, signature)
               VALUES ($1, $2, 0, $3, 0, $4, $5, 1, $6, $7, $8, $9)";
    let (digest, creation) = (new.head.digest(), rules::creation_digest(new));
    let (digest, creation, signature) = (digest.0.as_slice(), creation.0.as_slice(), new.head.signature.0.as_slice());
    let (vault, account, at) = (new.vault.0.as_slice(), account.0.as_slice(), int(at.0)?);
    run(db, sql, &[&vault, &account, &digest, &at, &creation, &new.key, &new.name, &new.head.head, &signature]).await?;
    Ok(())
}

pub(super) async fn create(db: &Transaction<'_>, account: AccountId, new: &NewVault, at: UnixMillis) -> Result<Committed> {
    if accounts::lock(db, account).await?.is_none() {
        return Ok(Committed::NoVault);
    }
    let Some(row) = find(db, "SELECT account, creation FROM vaults WHERE vault = $1", &[&new.vault.0.as_slice()]).await? else {
        return insert(db, account, new, at).await.map(|()| Committed::Done);
    };
    let same = AccountId(fixed(&row, 0)?) == account && digest(&row, 1)? == rules::creation_digest(new);
    Ok(if same { Committed::Repeated(0) } else { Committed::Conflict })
}

/// Whether this account owns the vault.
async fn owns(db: &impl GenericClient, account: AccountId, vault: VaultId) -> Result<bool> {
    let sql = "SELECT 1 FROM vaults WHERE vault = $1 AND account = $2";
    Ok(find(db, sql, &[&vault.0.as_slice(), &account.0.as_slice()]).await?.is_some())
}

/// The sequence and head digest of a vault that this account owns, and that no other transaction changes until this one is over.
async fn lock(db: &Transaction<'_>, account: AccountId, vault: VaultId) -> Result<Option<(u64, Hash32)>> {
    let sql = "SELECT seq, digest FROM vaults WHERE vault = $1 AND account = $2 FOR NO KEY UPDATE";
    let row = find(db, sql, &[&vault.0.as_slice(), &account.0.as_slice()]).await?;
    row.map(|row| Ok((number(&row, 0)?, digest(&row, 1)?))).transpose()
}

const REVISION: &str = "item, number, kind, prev, overview, detail";

/// Reads [`REVISION`].
fn to_revision(row: &Row) -> Result<Revision> {
    Ok(Revision {
        item: ItemId(fixed(row, 0)?),
        number: number(row, 1)?,
        prev: optional_fixed(row, 3)?.map_or(rules::NO_DIGEST, Hash32),
        kind: rules::kind(small(row, 2)?)?,
        overview: row.try_get(4)?,
        detail: row.try_get(5)?,
    })
}

/// The current revisions of the items a commit names, in one statement.
async fn current(db: &Transaction<'_>, commit: &NewCommit) -> Result<BTreeMap<ItemId, Revision>> {
    let items: Vec<&[u8]> = commit.revisions.iter().map(|revision| revision.item.0.as_slice()).collect();
    let sql = format!(
        "SELECT found.* FROM unnest($2::bytea[]) AS wanted (item) CROSS JOIN LATERAL
         (SELECT {REVISION} FROM revisions WHERE vault = $1 AND revisions.item = wanted.item ORDER BY number DESC LIMIT 1) AS found"
    );
    let rows = list(db, &sql, &[&commit.vault.0.as_slice(), &items]).await?;
    rows.iter().map(|row| to_revision(row).map(|revision| (revision.item, revision))).collect()
}

pub(super) async fn commit(db: &Transaction<'_>, commit: &NewCommit) -> Result<Committed> {
    let Some((seq, head)) = lock(db, commit.account, commit.vault).await? else { return Ok(Committed::NoVault) };
    let sql = "SELECT seq FROM commits WHERE vault = $1 AND idempotency = $2";
    if let Some(row) = find(db, sql, &[&commit.vault.0.as_slice(), &commit.idempotency.as_slice()]).await? {
        return number(&row, 0).map(|seq| rules::repeated(commit, seq));
    }
    if Some(commit.seq) != seq.checked_add(1) || commit.prev != head || !rules::items_differ(commit) {
        return Ok(Committed::Conflict);
    }
    let current = current(db, commit).await?;
    if !commit.revisions.iter().all(|revision| rules::follows(commit.vault, current.get(&revision.item), revision)) {
        return Ok(Committed::Conflict);
    }
    let dropped = drop_earlier(db, commit).await?;
    insert_revisions(db, commit).await?;
    advance(db, commit, dropped > 0).await?;
    Ok(Committed::Done)
}

/// Drops what tombstones drop. How many revisions.
async fn drop_earlier(db: &Transaction<'_>, commit: &NewCommit) -> Result<u64> {
    let tombstones = commit.revisions.iter().filter(|revision| revision.kind == Kind::Tombstone);
    let items: Vec<&[u8]> = tombstones.map(|revision| revision.item.0.as_slice()).collect();
    if items.is_empty() {
        return Ok(0);
    }
    run(db, "DELETE FROM revisions WHERE vault = $1 AND item = ANY($2)", &[&commit.vault.0.as_slice(), &items]).await
}

/// All revisions in one statement: a thousand cost one round trip.
async fn insert_revisions(db: &Transaction<'_>, commit: &NewCommit) -> Result<()> {
    let revisions = &commit.revisions;
    let items: Vec<&[u8]> = revisions.iter().map(|revision| revision.item.0.as_slice()).collect();
    let numbers = revisions.iter().map(|revision| int(revision.number)).collect::<Result<Vec<i64>>>()?;
    let kinds: Vec<i64> = revisions.iter().map(|revision| revision.kind as i64).collect();
    let prev = |revision: &Revision| (revision.prev != rules::NO_DIGEST).then(|| revision.prev.0.to_vec());
    let prevs: Vec<Option<Vec<u8>>> = revisions.iter().map(prev).collect();
    let overviews: Vec<&[u8]> = revisions.iter().map(|revision| revision.overview.as_slice()).collect();
    let details: Vec<&[u8]> = revisions.iter().map(|revision| revision.detail.as_slice()).collect();
    let sql = "INSERT INTO revisions SELECT $1, $2, *
               FROM unnest($3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[])";
    let (vault, seq) = (commit.vault.0.as_slice(), int(commit.seq)?);
    run(db, sql, &[&vault, &seq, &items, &numbers, &kinds, &prevs, &overviews, &details]).await?;
    Ok(())
}

/// Remembers the writer's number and moves the head, in one statement.
async fn advance(db: &Transaction<'_>, commit: &NewCommit, dropped: bool) -> Result<()> {
    let sql = "WITH remembered AS (
                   INSERT INTO commits VALUES ($1, $2, $3, $4, $5) ON CONFLICT (vault, slot)
                   DO UPDATE SET seq = excluded.seq, idempotency = excluded.idempotency, at = excluded.at)
               UPDATE vaults SET seq = $3, digest = $6, head = $7, signature = $8,
                   dropped = CASE WHEN $9 THEN $3 ELSE dropped END WHERE vault = $1";
    let (vault, number, digest) = (commit.vault.0.as_slice(), commit.idempotency.as_slice(), commit.head_digest.0.as_slice());
    let (slot, seq, at) = (int(rules::commit_slot(commit.seq))?, int(commit.seq)?, int(commit.at.0)?);
    let signature = commit.head.signature.0.as_slice();
    run(db, sql, &[&vault, &slot, &seq, &number, &at, &digest, &commit.head.head, &signature, &dropped]).await?;
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

pub(super) async fn revisions(
    db: &Transaction<'_>,
    account: AccountId,
    vault: VaultId,
    range: Range,
    bytes_max: usize,
) -> Result<Option<RevisionPage>> {
    if !owns(db, account, vault).await? {
        return Ok(None);
    }
    let (seq, item) = range.from.map_or((0, [0; 16]), |from| (bound(from.seq), from.item.0));
    let first = bound(range.after).saturating_add(1).max(seq);
    let sql = format!(
        "SELECT {REVISION}, seq FROM revisions
         WHERE vault = $1 AND seq >= $2 AND seq <= $3 AND (seq, item) > ($4, $5) ORDER BY vault, seq, item"
    );
    let statement = db.prepare_cached(&sql).await?;
    let portal = db.bind(&statement, &[&vault.0.as_slice(), &first, &bound(range.up_to), &seq, &item.as_slice()]).await?;
    let mut page = Page::new(bytes_max);
    loop {
        let rows = db.query_portal(&portal, ROWS_AT_A_TIME).await?;
        if rows.is_empty() {
            return Ok(Some(page.finish()));
        }
        for row in &rows {
            if !page.add(number(row, 6)?, to_revision(row)?) {
                return Ok(Some(page.finish()));
            }
        }
    }
}

pub(super) async fn dropped_since(db: &impl GenericClient, vault: VaultId, seq: u64) -> Result<bool> {
    let row = find(db, "SELECT dropped FROM vaults WHERE vault = $1", &[&vault.0.as_slice()]).await?;
    let dropped = row.map(|row| number(&row, 0)).transpose()?;
    Ok(dropped.is_none_or(|dropped| dropped > seq))
}

pub(super) async fn put_chunk(db: &Transaction<'_>, chunk: &NewChunk, bytes_max: u64) -> Result<ChunkStored> {
    if lock(db, chunk.account, chunk.vault).await?.is_none() {
        return Ok(ChunkStored::NoVault);
    }
    let Ok(place) = i64::try_from(chunk.index) else { return Ok(ChunkStored::TooLarge) };
    let (vault, attachment) = (chunk.vault.0.as_slice(), chunk.attachment.0.as_slice());
    let sql = "SELECT sealed = $1 FROM chunks WHERE vault = $2 AND attachment = $3 AND place = $4";
    if let Some(row) = find(db, sql, &[&chunk.sealed, &vault, &attachment, &place]).await? {
        return Ok(if row.try_get(0)? { ChunkStored::Done } else { ChunkStored::Different });
    }
    let sql = "SELECT coalesce(sum(length(sealed)), 0)::bigint FROM chunks WHERE vault = $1 AND attachment = $2";
    let stored = find(db, sql, &[&vault, &attachment]).await?.map(|row| number(&row, 0)).transpose()?;
    if stored.unwrap_or(0).saturating_add(chunk.sealed.len() as u64) > bytes_max {
        return Ok(ChunkStored::TooLarge);
    }
    let sql = "INSERT INTO chunks VALUES ($1, $2, $3, $4, $5)";
    run(db, sql, &[&vault, &attachment, &place, &int(chunk.at.0)?, &chunk.sealed]).await?;
    Ok(ChunkStored::Done)
}

pub(super) async fn chunk(
    db: &impl GenericClient,
    account: AccountId,
    vault: VaultId,
    attachment: AttachmentId,
    index: u64,
) -> Result<Option<Vec<u8>>> {
    let Ok(place) = i64::try_from(index) else { return Ok(None) };
    let sql = "SELECT c.sealed FROM chunks c JOIN vaults v ON v.vault = c.vault
               WHERE c.vault = $1 AND c.attachment = $2 AND c.place = $3 AND v.account = $4";
    let row = find(db, sql, &[&vault.0.as_slice(), &attachment.0.as_slice(), &place, &account.0.as_slice()]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

pub(super) async fn delete_attachment(db: &Transaction<'_>, account: AccountId, vault: VaultId, attachment: AttachmentId) -> Result<bool> {
    if lock(db, account, vault).await?.is_none() {
        return Ok(false);
    }
    let sql = "DELETE FROM chunks WHERE vault = $1 AND attachment = $2";
    Ok(run(db, sql, &[&vault.0.as_slice(), &attachment.0.as_slice()]).await? > 0)
}
