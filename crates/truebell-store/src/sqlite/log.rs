//! The transparency log: leaves that wait, their places, tiles, and the published checkpoint.

use super::columns::{int, number, time};
use crate::StoreError;
use crate::rows::{LogAppend, LogHead, LogPlace, Published};
use crate::rules::{NOT_WAITING, has_published, log_or_empty};
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::hash::Hash32;
use truebell_core::log::{TileId, derive_entry};

/// Adds the leaf of a SET with this digest, in the transaction of the SET itself.
pub(super) fn insert_leaf(db: &Connection, digest: &Hash32) -> Result<()> {
    let mut insert = db.prepare_cached("INSERT INTO log_leaves (entry) VALUES (?) ON CONFLICT DO NOTHING")?;
    insert.execute([derive_entry(digest).0])?;
    Ok(())
}

pub(super) fn head(db: &Connection) -> Result<LogHead> {
    let mut statement = db.prepare_cached("SELECT size, published_size, published_at, published FROM log_head")?;
    let read = |row: &Row<'_>| {
        let published = Published { size: number(row, 1)?, at: time(row, 2)?, note: row.get(3)? };
        Ok(LogHead { size: number(row, 0)?, published: has_published(published) })
    };
    Ok(log_or_empty(statement.query_row([], read).optional()?))
}

pub(super) fn waiting(db: &Connection, limit: u32) -> Result<Vec<Hash32>> {
    let mut statement = db.prepare_cached("SELECT entry FROM log_leaves WHERE place IS NULL ORDER BY entry LIMIT ?")?;
    let rows = statement.query_map([limit], |row| row.get(0).map(Hash32))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn append(db: &Connection, append: &LogAppend) -> Result<bool> {
    if head(db)?.size != append.from {
        return Ok(false);
    }
    let mut place = append.from;
    let mut give = db.prepare_cached("UPDATE log_leaves SET place = ? WHERE entry = ? AND place IS NULL")?;
    for entry in &append.entries {
        if give.execute(params![int(place)?, entry.0])? != 1 {
            return Err(NOT_WAITING);
        }
        place += 1;
    }
    let mut keep =
        db.prepare_cached("INSERT INTO log_tiles (level, place, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body")?;
    for (tile, body) in &append.tiles {
        keep.execute(params![tile.level, int(tile.index)?, body])?;
    }
    let mut grow = db.prepare_cached(
        "INSERT INTO log_head (one, size, published_size, published_at, published) VALUES (1, ?, 0, 0, '')
         ON CONFLICT DO UPDATE SET size = excluded.size",
    )?;
    grow.execute([int(place)?])?;
    Ok(true)
}

pub(super) fn publish(db: &Connection, new: &Published) -> Result<bool> {
    let head = head(db)?;
    if new.size > head.size || head.published.is_some_and(|published| published.size > new.size) {
        return Ok(false);
    }
    let mut statement = db.prepare_cached(
        "INSERT INTO log_head (one, size, published_size, published_at, published) VALUES (1, 0, ?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET published_size = ?1, published_at = ?2, published = ?3",
    )?;
    statement.execute(params![int(new.size)?, int(new.at.0)?, new.note])?;
    Ok(true)
}

pub(super) fn tiles(db: &Connection, tiles: &[TileId]) -> Result<Vec<Option<Vec<u8>>>> {
    let mut statement = db.prepare_cached("SELECT body FROM log_tiles WHERE level = ? AND place = ?")?;
    let mut find = |tile: &TileId| {
        let Ok(index) = int(tile.index) else { return Ok(None) };
        statement.query_row(params![tile.level, index], |row| row.get(0)).optional().map_err(StoreError::from)
    };
    tiles.iter().map(&mut find).collect()
}

pub(super) fn places(db: &Connection, entries: &[Hash32]) -> Result<Vec<Option<LogPlace>>> {
    let mut statement = db.prepare_cached("SELECT place FROM log_leaves WHERE entry = ?")?;
    let read = |row: &Row<'_>| {
        let place: Option<i64> = row.get(0)?;
        place.map_or(Ok(LogPlace::Waiting), |_| number(row, 0).map(LogPlace::At))
    };
    let mut find = |entry: &Hash32| statement.query_row([entry.0], read).optional().map_err(StoreError::from);
    entries.iter().map(&mut find).collect()
}
