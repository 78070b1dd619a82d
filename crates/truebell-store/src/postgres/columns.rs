//! Columns to values and back, and the few ways a statement is run. A column that is not what it must be is damage, never absence.

use super::failure::Result;
use crate::StoreError;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use truebell_core::hash::Hash32;
use truebell_core::time::UnixMillis;

/// A statement's parameters.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// At most one row.
pub(super) async fn find(db: &impl GenericClient, sql: &str, params: Params<'_>) -> Result<Option<Row>> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.query_opt(&statement, params).await?)
}

/// All rows.
pub(super) async fn list(db: &impl GenericClient, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.query(&statement, params).await?)
}

/// How many rows it changed.
pub(super) async fn run(db: &impl GenericClient, sql: &str, params: Params<'_>) -> Result<u64> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.execute(&statement, params).await?)
}

/// Exactly `N` bytes.
pub(super) fn fixed<const N: usize>(row: &Row, column: usize) -> Result<[u8; N]> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(bytes.try_into().map_err(|_| StoreError::Damaged("an id or a digest of another length"))?)
}

/// Exactly `N` bytes, or nothing.
pub(super) fn optional_fixed<const N: usize>(row: &Row, column: usize) -> Result<Option<[u8; N]>> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(|_| fixed(row, column)).transpose()
}

/// A number that is never negative.
pub(super) fn number(row: &Row, column: usize) -> Result<u64> {
    let stored: i64 = row.try_get(column)?;
    Ok(u64::try_from(stored).map_err(|_| StoreError::Damaged("a number below zero"))?)
}

/// A number that fits a smaller type.
pub(super) fn small<T: TryFrom<u64>>(row: &Row, column: usize) -> Result<T> {
    Ok(T::try_from(number(row, column)?).map_err(|_| StoreError::Damaged("a number beyond its column"))?)
}

/// A time.
pub(super) fn time(row: &Row, column: usize) -> Result<UnixMillis> {
    number(row, column).map(UnixMillis)
}

/// A time that may not have come.
pub(super) fn optional_time(row: &Row, column: usize) -> Result<Option<UnixMillis>> {
    let stored: Option<i64> = row.try_get(column)?;
    stored.map(|_| time(row, column)).transpose()
}

/// A digest.
pub(super) fn digest(row: &Row, column: usize) -> Result<Hash32> {
    fixed(row, column).map(Hash32)
}

/// A number as PostgreSQL keeps it.
pub(super) fn int(number: u64) -> Result<i64> {
    Ok(i64::try_from(number).map_err(|_| StoreError::Damaged("a number beyond every column"))?)
}

/// A number to compare with: beyond the largest stored one, all are alike.
pub(super) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
