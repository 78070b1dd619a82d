//! All rows out and in. A dump reads on a connection of its own, in one transaction, while the writer goes on.

use super::writer::Writer;
use super::{accounts, file};
use crate::StoreError;
use crate::columns::{Column, decode, encode};
use crate::rows::{DumpRow, Identity};
use crate::store::Result;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use std::path::Path;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Rows on their way between the threads.
const ROWS_AHEAD: usize = 64;

/// A table, how its rows are read in order, and how one is written.
struct Table {
    name: &'static str,
    columns: usize,
    select: &'static str,
    insert: &'static str,
}

const TABLES: [Table; 28] = [
    Table {
        name: "accounts",
        columns: 14,
        select: "SELECT * FROM accounts ORDER BY account",
        insert: "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "devices",
        columns: 8,
        select: "SELECT * FROM devices ORDER BY account, device",
        insert: "INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "sessions",
        columns: 6,
        select: "SELECT * FROM sessions ORDER BY account, session",
        insert: "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "enrolments",
        columns: 5,
        select: "SELECT * FROM enrolments ORDER BY account, token",
        insert: "INSERT INTO enrolments VALUES (?, ?, ?, ?, ?)",
    },
    Table {
        name: "sign_ins",
        columns: 3,
        select: "SELECT * FROM sign_ins ORDER BY account, sign_in",
        insert: "INSERT INTO sign_ins VALUES (?, ?, ?)",
    },
    Table {
        name: "invitations",
        columns: 3,
        select: "SELECT * FROM invitations ORDER BY invitation",
        insert: "INSERT INTO invitations VALUES (?, ?, ?)",
    },
    Table {
        name: "events",
        columns: 6,
        select: "SELECT * FROM events ORDER BY account, seq",
        insert: "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "retractions",
        columns: 4,
        select: "SELECT * FROM retractions ORDER BY account, of_seq, side",
        insert: "INSERT INTO retractions VALUES (?, ?, ?, ?)",
    },
    Table {
        name: "machine_vaults",
        columns: 4,
        select: "SELECT * FROM machine_vaults ORDER BY account, device, vault",
        insert: "INSERT INTO machine_vaults VALUES (?, ?, ?, ?)",
    },
    Table {
        name: "vaults",
        columns: 12,
        select: "SELECT vault, account, seq, digest, dropped, created, creation, name_revision, key, name, head, signature
                 FROM vaults ORDER BY vault",
        insert: "INSERT INTO vaults VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "commits",
        columns: 5,
        select: "SELECT v.vault, c.slot, c.seq, c.idempotency, c.at FROM vaults v JOIN commits c ON c.vault_no = v.no
                 ORDER BY v.vault, c.slot",
        insert: "INSERT INTO commits VALUES ((SELECT no FROM vaults WHERE vault = ?), ?, ?, ?, ?)",
    },
    Table {
        name: "revisions",
        columns: 8,
        select: "SELECT v.vault, r.seq, r.item, r.number, r.kind, r.prev, r.overview, r.detail
                 FROM vaults v JOIN revisions r ON r.vault_no = v.no ORDER BY v.vault, r.seq, r.item",
        insert: "INSERT INTO revisions VALUES ((SELECT no FROM vaults WHERE vault = ?), ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "chunks",
        columns: 5,
        select: "SELECT v.vault, c.attachment, c.place, c.at, c.sealed FROM vaults v JOIN chunks c ON c.vault_no = v.no
                 ORDER BY v.vault, c.attachment, c.place",
        insert: "INSERT INTO chunks VALUES ((SELECT no FROM vaults WHERE vault = ?), ?, ?, ?, ?)",
    },
    Table {
        name: "mails",
        columns: 12,
        select: "SELECT * FROM mails ORDER BY mail",
        insert: "INSERT INTO mails VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "mail_hours",
        columns: 3,
        select: "SELECT * FROM mail_hours ORDER BY template, hour",
        insert: "INSERT INTO mail_hours VALUES (?, ?, ?)",
    },
    Table {
        name: "mail_stops",
        columns: 6,
        select: "SELECT * FROM mail_stops ORDER BY template",
        insert: "INSERT INTO mail_stops VALUES (?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "log_leaves",
        columns: 2,
        select: "SELECT * FROM log_leaves ORDER BY entry",
        insert: "INSERT INTO log_leaves VALUES (?, ?)",
    },
    Table {
        name: "log_tiles",
        columns: 3,
        select: "SELECT * FROM log_tiles ORDER BY level, place",
        insert: "INSERT INTO log_tiles VALUES (?, ?, ?)",
    },
    Table {
        name: "log_head",
        columns: 5,
        select: "SELECT * FROM log_head ORDER BY one",
        insert: "INSERT INTO log_head VALUES (?, ?, ?, ?, ?)",
    },
    Table {
        name: "status_entries",
        columns: 3,
        select: "SELECT * FROM status_entries ORDER BY entry",
        insert: "INSERT INTO status_entries VALUES (?, ?, ?)",
    },
    Table {
        name: "signal_receivers",
        columns: 10,
        select: "SELECT * FROM signal_receivers ORDER BY receiver",
        insert: "INSERT INTO signal_receivers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "signal_streams",
        columns: 19,
        select: "SELECT * FROM signal_streams ORDER BY stream",
        insert: "INSERT INTO signal_streams VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "signal_subjects",
        columns: 3,
        select: "SELECT * FROM signal_subjects ORDER BY stream, account",
        insert: "INSERT INTO signal_subjects VALUES (?, ?, ?)",
    },
    Table {
        name: "signals",
        columns: 11,
        select: "SELECT * FROM signals ORDER BY signal",
        insert: "INSERT INTO signals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table { name: "sites", columns: 5, select: "SELECT * FROM sites ORDER BY site", insert: "INSERT INTO sites VALUES (?, ?, ?, ?, ?)" },
    Table {
        name: "breach_matches",
        columns: 9,
        select: "SELECT * FROM breach_matches ORDER BY matching",
        insert: "INSERT INTO breach_matches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "breach_accounts",
        columns: 13,
        select: "SELECT * FROM breach_accounts ORDER BY matching, account",
        insert: "INSERT INTO breach_accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    },
    Table {
        name: "breach_candidates",
        columns: 5,
        select: "SELECT * FROM breach_candidates ORDER BY matching, account, pair",
        insert: "INSERT INTO breach_candidates VALUES (?, ?, ?, ?, ?)",
    },
];

/// Gives every row to `sink` until it has enough.
pub(super) async fn dump(path: &Path, sink: &mut (dyn FnMut(DumpRow) -> bool + Send)) -> Result<()> {
    let connection = file::open_reader(path, file::Takes::Own).map_err(|_| StoreError::Unavailable)?;
    let (rows, mut taken) = channel(ROWS_AHEAD);
    let reading = tokio::task::spawn_blocking(move || read_all(&connection, &rows));
    while let Some(row) = taken.recv().await {
        if !sink(row) {
            taken.close();
            while taken.try_recv().is_ok() {}
            break;
        }
    }
    drop(taken);
    reading.await.map_err(|_| StoreError::Unavailable)?
}

fn read_all(connection: &Connection, rows: &Sender<DumpRow>) -> Result<()> {
    let moment = connection.unchecked_transaction()?;
    for table in &TABLES {
        let mut statement = moment.prepare(table.select)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let row = DumpRow { table: table.name.to_owned(), columns: encode(&read_row(row, table.columns)?)? };
            if rows.blocking_send(row).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn read_row(row: &Row<'_>, columns: usize) -> Result<Vec<Column>> {
    let column = |index| -> Result<Column> {
        Ok(match row.get_ref(index)? {
            ValueRef::Null => Column::Null,
            ValueRef::Integer(number) => Column::Number(number),
            ValueRef::Text(_) => Column::Text(row.get(index)?),
            ValueRef::Blob(bytes) => Column::Bytes(bytes.to_vec()),
            ValueRef::Real(_) => return Err(StoreError::Damaged("a fraction where there are none")),
        })
    };
    (0..columns).map(column).collect()
}

impl ToSql for Column {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Takes every row into an empty database.
pub(super) async fn load(writer: &Writer, identity: &Identity, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<()> {
    let (given, taken) = channel(ROWS_AHEAD);
    let identity = identity.clone();
    let writing = writer.run(move |db| write_all(db, &identity, taken));
    let feeding = async move {
        for row in rows {
            if given.send(Some(row)).await.is_err() {
                return;
            }
        }
        // Said in so many words, so that a caller who goes away half-way is not taken for the end.
        let _writer_gave_up = given.send(None).await;
    };
    tokio::join!(writing, feeding).0
}

fn write_all(db: &Connection, identity: &Identity, mut rows: Receiver<Option<DumpRow>>) -> Result<()> {
    let not_empty = accounts::identity(db)?.is_some() || is_filled(db)?;
    if not_empty {
        return Err(StoreError::Damaged("the database to load into is not empty"));
    }
    accounts::create_identity(db, identity)?;
    loop {
        match rows.blocking_recv() {
            Some(Some(row)) => write_row(db, &row)?,
            Some(None) => return Ok(()),
            None => return Err(StoreError::Unavailable),
        }
    }
}

fn is_filled(db: &Connection) -> Result<bool> {
    for table in &TABLES {
        if db.prepare(&format!("SELECT 1 FROM {} LIMIT 1", table.name))?.exists([])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn write_row(db: &Connection, row: &DumpRow) -> Result<()> {
    let table = TABLES.iter().find(|table| table.name == row.table);
    let table = table.ok_or(StoreError::Damaged("a row of a backup whose table is not known"))?;
    db.prepare_cached(table.insert)?.execute(params_from_iter(decode(&row.columns, table.columns)?))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tables_are_those_of_the_list_that_moves_go_by() {
        let own: Vec<_> = super::TABLES.iter().map(|table| table.name).collect();
        let list: Vec<_> = crate::postgres::TABLE_KEYS.iter().map(|(name, _)| *name).collect();
        assert_eq!(own, list);
    }
}
