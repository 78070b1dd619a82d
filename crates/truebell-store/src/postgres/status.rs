//! The operator's journal: added to and read whole.

use super::columns::{find, fixed, int, list, number, run, time};
use super::failure::Result;
use crate::StoreError;
use crate::rows::StatusEntry;
use deadpool_postgres::Transaction;

pub(super) async fn add(db: &Transaction<'_>, entry: &StatusEntry) -> Result<()> {
    let sql = "INSERT INTO status_entries (entry, at, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    run(db, sql, &[&entry.entry.as_slice(), &int(entry.at.0)?, &entry.body]).await?;
    Ok(())
}

pub(super) async fn entries(db: &Transaction<'_>, known: u64) -> Result<Option<Vec<StatusEntry>>> {
    let count = find(db, "SELECT count(*) FROM status_entries", &[]).await?.ok_or(StoreError::Damaged("a count without a row"))?;
    if number(&count, 0)? == known {
        return Ok(None);
    }
    let rows = list(db, "SELECT entry, at, body FROM status_entries ORDER BY at, entry", &[]).await?;
    let read = |row| Ok(StatusEntry { entry: fixed(row, 0)?, at: time(row, 1)?, body: row.try_get(2)? });
    Ok(Some(rows.iter().map(read).collect::<Result<_>>()?))
}
