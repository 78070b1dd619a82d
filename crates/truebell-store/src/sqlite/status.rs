//! The operator's journal: added to and read whole.

use super::columns::{int, number, time};
use crate::rows::StatusEntry;
use crate::store::Result;
use rusqlite::{Connection, Row, params};

pub(super) fn add(db: &Connection, entry: &StatusEntry) -> Result<()> {
    let mut insert = db.prepare_cached("INSERT INTO status_entries (entry, at, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")?;
    insert.execute(params![entry.entry, int(entry.at.0)?, entry.body])?;
    Ok(())
}

pub(super) fn entries(db: &Connection, known: u64) -> Result<Option<Vec<StatusEntry>>> {
    let count = db.prepare_cached("SELECT count(*) FROM status_entries")?.query_row([], |row| number(row, 0))?;
    if count == known {
        return Ok(None);
    }
    let mut statement = db.prepare_cached("SELECT entry, at, body FROM status_entries ORDER BY at, entry")?;
    let read = |row: &Row<'_>| Ok(StatusEntry { entry: row.get(0)?, at: time(row, 1)?, body: row.get(2)? });
    Ok(Some(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?))
}
