//! Columns to values and back. A column that is not what it must be is damage, never absence.

use crate::StoreError;
use crate::store::Result;
use rusqlite::Row;
use truebell_core::hash::Hash32;
use truebell_core::time::UnixMillis;

/// A number that is never negative.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
}

/// A time.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<UnixMillis> {
    number(row, column).map(UnixMillis)
}

/// A time that may not have come.
pub(super) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixMillis>> {
    let stored: Option<i64> = row.get(column)?;
    stored.map(|_| time(row, column)).transpose()
}

/// A digest.
pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash32> {
    row.get(column).map(Hash32)
}

/// A number as SQLite keeps it.
pub(super) fn int(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| StoreError::Damaged("a number beyond every column"))
}

/// A number to compare with: beyond the largest stored one, all are alike.
pub(super) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
