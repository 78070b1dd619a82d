//! The transparency log: leaves that wait, their places, tiles, and the published checkpoint.
//!
//! Events write their leaves without touching a row of others; who gives places locks the one row of `log_head`.

use super::columns::{bound, find, fixed, int, list, number, run, time};
use super::failure::Result;
use crate::rows::{LogAppend, LogHead, LogPlace, Published};
use crate::rules::{NOT_WAITING, has_published, log_or_empty};
use deadpool_postgres::{GenericClient, Transaction};
use std::collections::BTreeMap;
use truebell_core::hash::Hash32;
use truebell_core::log::{TileId, derive_entry};

/// Adds the leaf of a SET with this digest, in the transaction of the SET itself.
pub(super) async fn insert_leaf(db: &Transaction<'_>, digest: &Hash32) -> Result<()> {
    let entry = derive_entry(digest);
    run(db, "INSERT INTO log_leaves (entry) VALUES ($1) ON CONFLICT DO NOTHING", &[&entry.0.as_slice()]).await?;
    Ok(())
}

const HEAD: &str = "SELECT size, published_size, published_at, published FROM log_head";
const HEAD_FOR_UPDATE: &str = "SELECT size, published_size, published_at, published FROM log_head FOR UPDATE";

async fn read_head(db: &impl GenericClient, sql: &str) -> Result<Option<LogHead>> {
    let Some(row) = find(db, sql, &[]).await? else { return Ok(None) };
    let published = Published { size: number(&row, 1)?, at: time(&row, 2)?, note: row.try_get(3)? };
    Ok(Some(LogHead { size: number(&row, 0)?, published: has_published(published) }))
}

pub(super) async fn head(db: &impl GenericClient) -> Result<LogHead> {
    Ok(log_or_empty(read_head(db, HEAD).await?))
}

pub(super) async fn waiting(db: &impl GenericClient, limit: u32) -> Result<Vec<Hash32>> {
    let sql = "SELECT entry FROM log_leaves WHERE place IS NULL ORDER BY entry LIMIT $1";
    list(db, sql, &[&i64::from(limit)]).await?.iter().map(|row| fixed(row, 0).map(Hash32)).collect()
}

/// Holds the head, which is made first if there is none: of two who make it, the second is refused and tries again.
async fn hold_head(db: &Transaction<'_>, makes: impl FnOnce(&LogHead) -> bool) -> Result<Option<LogHead>> {
    if let Some(head) = read_head(db, HEAD_FOR_UPDATE).await? {
        return Ok(Some(head));
    }
    let head = LogHead::default();
    if !makes(&head) {
        return Ok(None);
    }
    run(db, "INSERT INTO log_head (one, size, published_size, published_at, published) VALUES (1, 0, 0, 0, '')", &[]).await?;
    Ok(Some(head))
}

pub(super) async fn append(db: &Transaction<'_>, append: &LogAppend) -> Result<bool> {
    let head = hold_head(db, |head| head.size == append.from).await?;
    if head.is_none_or(|head| head.size != append.from) {
        return Ok(false);
    }
    let end = append.from + append.entries.len() as u64;
    let entries: Vec<&[u8]> = append.entries.iter().map(|entry| entry.0.as_slice()).collect();
    let places: Vec<i64> = (int(append.from)?..int(end)?).collect();
    let give = "UPDATE log_leaves SET place = given.place FROM unnest($1::bytea[], $2::bigint[]) AS given (entry, place)
                WHERE log_leaves.entry = given.entry AND log_leaves.place IS NULL";
    if run(db, give, &[&entries, &places]).await? != append.entries.len() as u64 {
        return Err(NOT_WAITING.into());
    }
    let keep =
        "INSERT INTO log_tiles (level, place, body) VALUES ($1, $2, $3) ON CONFLICT (level, place) DO UPDATE SET body = excluded.body";
    for (tile, body) in &append.tiles {
        run(db, keep, &[&i64::from(tile.level), &int(tile.index)?, &body.as_slice()]).await?;
    }
    run(db, "UPDATE log_head SET size = $1", &[&int(end)?]).await?;
    Ok(true)
}

pub(super) async fn publish(db: &Transaction<'_>, new: &Published) -> Result<bool> {
    let Some(head) = hold_head(db, |_| new.size == 0).await? else { return Ok(false) };
    if new.size > head.size || head.published.is_some_and(|published| published.size > new.size) {
        return Ok(false);
    }
    let sql = "UPDATE log_head SET published_size = $1, published_at = $2, published = $3";
    run(db, sql, &[&int(new.size)?, &int(new.at.0)?, &new.note]).await?;
    Ok(true)
}

pub(super) async fn tiles(db: &impl GenericClient, tiles: &[TileId]) -> Result<Vec<Option<Vec<u8>>>> {
    // Beyond the largest number of a column there is no tile.
    let (levels, places): (Vec<i64>, Vec<i64>) = tiles.iter().map(|tile| (i64::from(tile.level), bound(tile.index))).unzip();
    let sql =
        "SELECT level, place, body FROM log_tiles JOIN unnest($1::bigint[], $2::bigint[]) AS asked (level, place) USING (level, place)";
    let mut found = BTreeMap::new();
    for row in list(db, sql, &[&levels, &places]).await? {
        let body: Vec<u8> = row.try_get(2)?;
        found.insert((number(&row, 0)?, number(&row, 1)?), body);
    }
    Ok(tiles.iter().map(|tile| found.get(&(u64::from(tile.level), tile.index)).cloned()).collect())
}

pub(super) async fn places(db: &impl GenericClient, entries: &[Hash32]) -> Result<Vec<Option<LogPlace>>> {
    let asked: Vec<&[u8]> = entries.iter().map(|entry| entry.0.as_slice()).collect();
    let mut found = BTreeMap::new();
    for row in list(db, "SELECT entry, place FROM log_leaves WHERE entry = ANY ($1)", &[&asked]).await? {
        let place: Option<i64> = row.try_get(1)?;
        let place = if place.is_none() { LogPlace::Waiting } else { LogPlace::At(number(&row, 1)?) };
        found.insert(Hash32(fixed(&row, 0)?), place);
    }
    Ok(entries.iter().map(|entry| found.get(entry).copied()).collect())
}
