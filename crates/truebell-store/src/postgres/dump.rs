//! All rows out and in. A dump reads one moment through a portal while writers go on; a load copies table by table.

use super::accounts;
use super::columns::find;
use super::failure::{Result, of_commit};
use crate::StoreError;
use crate::columns::{Column, decode, encode};
use crate::migrations;
use crate::rows::{DumpRow, Identity};
use deadpool_postgres::{Client, Transaction};
use std::pin::Pin;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{IsolationLevel, Row};

/// Rows fetched at a time.
const ROWS_AT_A_TIME: i32 = 128;

const I: Type = Type::INT8;
const B: Type = Type::BYTEA;
const T: Type = Type::TEXT;

/// A table, its key in order, and its columns' types.
struct Table {
    name: &'static str,
    key: &'static str,
    types: &'static [Type],
}

const TABLES: [Table; 28] = [
    Table { name: "accounts", key: "account", types: &[B, I, B, I, I, I, I, B, T, T, B, B, B, B] },
    Table { name: "devices", key: "account, device", types: &[B, B, B, T, T, I, I, I] },
    Table { name: "sessions", key: "account, session", types: &[B, B, B, B, I, I] },
    Table { name: "enrolments", key: "account, token", types: &[B, B, B, B, I] },
    Table { name: "sign_ins", key: "account, sign_in", types: &[B, B, I] },
    Table { name: "invitations", key: "invitation", types: &[B, I, I] },
    Table { name: "events", key: "account, seq", types: &[B, I, B, T, B, T] },
    Table { name: "retractions", key: "account, of_seq, side", types: &[B, I, I, I] },
    Table { name: "machine_vaults", key: "account, device, vault", types: &[B, B, B, B] },
    Table { name: "vaults", key: "vault", types: &[B, B, I, B, I, I, B, I, B, B, B, B] },
    Table { name: "commits", key: "vault, slot", types: &[B, I, I, B, I] },
    Table { name: "revisions", key: "vault, seq, item", types: &[B, I, B, I, I, B, B, B] },
    Table { name: "chunks", key: "vault, attachment, place", types: &[B, B, I, I, B] },
    Table { name: "mails", key: "mail", types: &[B, B, B, I, I, I, I, I, I, T, T, T] },
    Table { name: "mail_hours", key: "template, hour", types: &[T, I, I] },
    Table { name: "mail_stops", key: "template", types: &[T, I, I, I, I, I] },
    Table { name: "log_leaves", key: "entry", types: &[I, B] },
    Table { name: "log_tiles", key: "level, place", types: &[I, I, B] },
    Table { name: "log_head", key: "one", types: &[I, I, I, I, T] },
    Table { name: "status_entries", key: "entry", types: &[B, I, T] },
    Table { name: "signal_receivers", key: "receiver", types: &[B, B, I, I, I, I, I, I, T, T] },
    Table { name: "signal_streams", key: "stream", types: &[B, B, I, I, I, I, I, I, I, I, I, I, I, B, T, T, T, T, T] },
    Table { name: "signal_subjects", key: "stream, account", types: &[B, B, I] },
    Table { name: "signals", key: "signal", types: &[B, B, I, I, I, B, B, B, T, T, T] },
    Table { name: "sites", key: "site", types: &[B, I, B, T, T] },
    Table { name: "breach_matches", key: "matching", types: &[B, B, I, I, B, I, B, T, T] },
    Table { name: "breach_accounts", key: "matching, account", types: &[B, B, I, I, I, B, I, I, B, I, B, I, T] },
    Table { name: "breach_candidates", key: "matching, account, pair", types: &[B, B, B, I, B] },
];

/// Each table's name and key, parents before children.
#[expect(clippy::indexing_slicing, reason = "counted up to the length, while compiling")]
pub(crate) const TABLE_KEYS: &[(&str, &str)] = &{
    let mut keys = [("", ""); TABLES.len()];
    let mut index = 0;
    while index < TABLES.len() {
        keys[index] = (TABLES[index].name, TABLES[index].key);
        index += 1;
    }
    keys
};

/// Gives every row to `sink` until it has enough.
pub(super) async fn dump(client: &mut Client, sink: &mut (dyn FnMut(DumpRow) -> bool + Send)) -> Result<()> {
    let moment = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
    let newest = find(&moment, "SELECT max(number) FROM migrations", &[]).await?;
    if newest.map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?.flatten() > Some(i64::from(migrations::newest())) {
        return Err(StoreError::Damaged("a dump by a program older than the schema would leave things out").into());
    }
    for table in &TABLES {
        let statement = moment.prepare(&format!("SELECT * FROM {} ORDER BY {}", table.name, table.key)).await?;
        let portal = moment.bind(&statement, &[]).await?;
        loop {
            let rows = moment.query_portal(&portal, ROWS_AT_A_TIME).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                if !sink(DumpRow { table: table.name.to_owned(), columns: encode(&read_row(row, table)?)? }) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn read_row(row: &Row, table: &Table) -> Result<Vec<Column>> {
    let column = |(index, kind): (usize, &Type)| -> Result<Column> {
        Ok(match *kind {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map_or(Column::Null, Column::Number),
            Type::TEXT => row.try_get::<_, Option<String>>(index)?.map_or(Column::Null, Column::Text),
            _ => row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(Column::Null, Column::Bytes),
        })
    };
    table.types.iter().enumerate().map(column).collect()
}

/// Takes every row into an empty database.
pub(super) async fn load(client: &mut Client, identity: &Identity, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<()> {
    let transaction = client.transaction().await?;
    check_empty(&transaction).await?;
    accounts::create_identity(&transaction, identity).await?;
    let mut next = rows.next();
    while let Some(first) = next {
        next = load_table(&transaction, first, rows).await?;
    }
    transaction.commit().await.map_err(|error| of_commit(&error))?;
    Ok(())
}

async fn check_empty(db: &Transaction<'_>) -> Result<()> {
    db.batch_execute("LOCK TABLE identity IN EXCLUSIVE MODE").await?;
    let mut filled = accounts::identity(db).await?.is_some();
    for table in &TABLES {
        filled |= find(db, &format!("SELECT 1 FROM {} LIMIT 1", table.name), &[]).await?.is_some();
    }
    if filled { Err(StoreError::Damaged("the database to load into is not empty").into()) } else { Ok(()) }
}

/// Copies rows for as long as they belong to the table of the first. The first that does not.
async fn load_table(db: &Transaction<'_>, first: DumpRow, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<Option<DumpRow>> {
    let table = TABLES.iter().find(|table| table.name == first.table);
    let table = table.ok_or(StoreError::Damaged("a row of a backup whose table is not known"))?;
    let sink = db.copy_in(&format!("COPY {} FROM STDIN (FORMAT binary)", table.name)).await?;
    let mut copy = std::pin::pin!(BinaryCopyInWriter::new(sink, table.types));
    write_row(copy.as_mut(), table, &first).await?;
    for row in rows {
        if row.table != table.name {
            copy.finish().await?;
            return Ok(Some(row));
        }
        write_row(copy.as_mut(), table, &row).await?;
    }
    copy.finish().await?;
    Ok(None)
}

async fn write_row(copy: Pin<&mut BinaryCopyInWriter>, table: &Table, row: &DumpRow) -> Result<()> {
    let columns = decode(&row.columns, table.types.len())?;
    let typed = columns.into_iter().zip(table.types).map(|(column, kind)| typed(column, kind));
    let values = typed.collect::<Result<Vec<_>>>()?;
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
    Ok(copy.write(&values).await?)
}

fn typed(column: Column, kind: &Type) -> Result<Box<dyn ToSql + Sync + Send>> {
    Ok(match (column, kind) {
        (Column::Null, &Type::INT8) => Box::new(None::<i64>),
        (Column::Null, &Type::TEXT) => Box::new(None::<String>),
        (Column::Null, _) => Box::new(None::<Vec<u8>>),
        (Column::Number(number), &Type::INT8) => Box::new(number),
        (Column::Text(text), &Type::TEXT) => Box::new(text),
        (Column::Bytes(bytes), &Type::BYTEA) => Box::new(bytes),
        _ => return Err(StoreError::Damaged("a row of a backup that does not fit its table").into()),
    })
}
