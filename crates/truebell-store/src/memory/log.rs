//! The transparency log: leaves that wait, their places, tiles, and the published checkpoint.

use super::state::State;
use crate::rows::{LogAppend, LogHead, LogPlace, Published};
use crate::rules::{NOT_WAITING, has_published};
use crate::store::Result;
use crate::tables::{LogHeadRow, LogLeafRow, LogTileRow};
use truebell_core::hash::Hash32;
use truebell_core::log::{TileId, derive_entry};
use truebell_core::time::UnixMillis;

impl State {
    /// Adds the leaf of a SET with this digest, in the transaction of the SET itself.
    pub(super) fn insert_leaf(&mut self, digest: &Hash32) {
        let entry = derive_entry(digest);
        self.log_leaves.entry(entry).or_insert(LogLeafRow { place: None, entry });
    }

    fn log_head_row(&mut self) -> &mut LogHeadRow {
        let new = LogHeadRow { one: 1, size: 0, published_size: 0, published_at: UnixMillis(0), published: String::new() };
        self.log_head.entry(1).or_insert(new)
    }

    pub(super) fn log_head(&self) -> LogHead {
        let Some(row) = self.log_head.get(&1) else { return LogHead::default() };
        let published = Published { size: row.published_size, at: row.published_at, note: row.published.clone() };
        LogHead { size: row.size, published: has_published(published) }
    }

    pub(super) fn log_waiting(&self, limit: u32) -> Vec<Hash32> {
        let waiting = self.log_leaves.values().filter(|leaf| leaf.place.is_none());
        waiting.take(limit as usize).map(|leaf| leaf.entry).collect()
    }

    pub(super) fn log_append(&mut self, append: LogAppend) -> Result<bool> {
        if self.log_head().size != append.from {
            return Ok(false);
        }
        let waits = |entry: &Hash32| self.log_leaves.get(entry).is_some_and(|leaf| leaf.place.is_none());
        let distinct: std::collections::BTreeSet<_> = append.entries.iter().collect();
        if !append.entries.iter().all(waits) || distinct.len() != append.entries.len() {
            return Err(NOT_WAITING);
        }
        let mut place = append.from;
        for entry in append.entries {
            self.log_leaves.insert(entry, LogLeafRow { place: Some(place), entry });
            place += 1;
        }
        for (tile, body) in append.tiles {
            let key = (u64::from(tile.level), tile.index);
            self.log_tiles.insert(key, LogTileRow { level: key.0, place: key.1, body });
        }
        self.log_head_row().size = place;
        Ok(true)
    }

    pub(super) fn log_publish(&mut self, new: Published) -> bool {
        let head = self.log_head();
        if new.size > head.size || head.published.is_some_and(|published| published.size > new.size) {
            return false;
        }
        let row = self.log_head_row();
        (row.published_size, row.published_at, row.published) = (new.size, new.at, new.note);
        true
    }

    pub(super) fn log_tiles(&self, tiles: &[TileId]) -> Vec<Option<Vec<u8>>> {
        let find = |tile: &TileId| self.log_tiles.get(&(u64::from(tile.level), tile.index)).map(|row| row.body.clone());
        tiles.iter().map(find).collect()
    }

    pub(super) fn log_places(&self, entries: &[Hash32]) -> Vec<Option<LogPlace>> {
        let find = |entry: &Hash32| self.log_leaves.get(entry).map(|leaf| leaf.place.map_or(LogPlace::Waiting, LogPlace::At));
        entries.iter().map(find).collect()
    }
}
