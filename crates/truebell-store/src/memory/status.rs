//! The operator's journal: added to and read whole.

use super::state::State;
use crate::rows::StatusEntry;
use crate::tables::StatusEntryRow;

impl State {
    pub(super) fn add_status(&mut self, new: &StatusEntry) {
        let row = StatusEntryRow { entry: new.entry, at: new.at, body: new.body.clone() };
        self.status_entries.entry(new.entry).or_insert(row);
    }

    pub(super) fn status_entries(&self, known: u64) -> Option<Vec<StatusEntry>> {
        if self.status_entries.len() as u64 == known {
            return None;
        }
        let read = |row: &StatusEntryRow| StatusEntry { entry: row.entry, at: row.at, body: row.body.clone() };
        let mut entries: Vec<_> = self.status_entries.values().map(read).collect();
        entries.sort_by_key(|entry| (entry.at, entry.entry));
        Some(entries)
    }
}
