//! SQLite's side of a move: its triggers, one moment of it, and a step written into it.
//!
//! Here one process writes: the fence of the process is all the fence there is.

use super::writer::Writer;
use super::{Sqlite, accounts, file};
use crate::StoreError;
use crate::columns::Column;
use crate::moving::{
    Ask, Cursor, Emit, Fence, Item, Key, Kind, Lease, Mark, Moment, Movable, MoveRow, NO_PART, Owner, Page, Read, Role, RowKeys, Shape,
    Stretch, Unit, Whose, Writing, apply_step, digests, key_of, read_step, row_digest, shapes,
};
use crate::rows::Identity;
use crate::store::Result;
use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender};
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;

/// How a table's columns are named where rows are read: the vault's id stands in its own table.
fn named(shape: &Shape, column: &str) -> String {
    if shape.owner == Owner::Vault && column == "vault" { "v.vault".to_owned() } else { format!("t.{column}") }
}

/// `SELECT` of a shape's columns, and the account its rows belong to.
fn select(shape: &Shape) -> String {
    let columns: Vec<String> = shape.columns.iter().map(|column| named(shape, column)).collect();
    let from = match shape.owner {
        Owner::Vault => format!("vaults v JOIN {} t ON t.vault_no = v.no", shape.name),
        Owner::Account | Owner::Nobody => format!("{} t", shape.name),
    };
    format!("SELECT {}, {} FROM {from}", columns.join(", "), owner(shape))
}

fn owner(shape: &Shape) -> &'static str {
    match shape.owner {
        Owner::Account => "t.account",
        Owner::Vault => "v.account",
        Owner::Nobody => "NULL",
    }
}

fn key_columns(shape: &Shape) -> Vec<String> {
    shape.key_names().map(|column| named(shape, column)).collect()
}

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// A row's key as the journal has it.
fn key_expression(shape: &Shape, row: &str) -> String {
    let part = |column: &str, kind| match kind {
        _ if shape.owner == Owner::Vault && column == "vault" => {
            format!("(SELECT lower(hex(vault)) FROM vaults WHERE no = {row}.vault_no)")
        }
        Kind::Number => format!("{row}.{column}"),
        Kind::Text | Kind::Bytes => format!("lower(hex({row}.{column}))"),
    };
    shape.key_names().zip(shape.key_kinds()).map(|(column, kind)| part(column, kind)).collect::<Vec<_>>().join(" || '.' || ")
}

fn owner_expression(shape: &Shape, row: &str) -> String {
    match shape.owner {
        Owner::Account => format!("lower(hex({row}.account))"),
        Owner::Vault => format!("(SELECT lower(hex(account)) FROM vaults WHERE no = {row}.vault_no)"),
        Owner::Nobody => "NULL".to_owned(),
    }
}

fn start_journal(db: &Connection) -> Result<()> {
    stop_journal(db)?;
    for shape in shapes()? {
        let (name, old, new) = (shape.name, key_expression(shape, "OLD"), key_expression(shape, "NEW"));
        let note = |row: &str, key: &str| {
            format!("INSERT INTO move_journal (owner, tbl, key) SELECT {}, '{name}', {key}", owner_expression(shape, row))
        };
        for (event, notes) in [
            ("INSERT", format!("{};", note("NEW", &new))),
            ("DELETE", format!("{};", note("OLD", &old))),
            // A row that gets another key is one that goes and one that comes.
            ("UPDATE", format!("{}; {} WHERE {old} <> {new};", note("NEW", &new), note("OLD", &old))),
        ] {
            db.execute_batch(&format!(
                "CREATE TRIGGER move_{name}_{event} AFTER {event} ON {name} WHEN (SELECT muted FROM moves) = 0 BEGIN {notes} END"
            ))?;
        }
    }
    Ok(())
}

fn stop_journal(db: &Connection) -> Result<()> {
    let mut statement = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'move\\_%' ESCAPE '\\'")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for name in names {
        db.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    db.execute_batch("DELETE FROM move_journal")?;
    Ok(())
}

fn move_row(db: &Connection) -> Result<Option<MoveRow>> {
    let mut statement = db.prepare_cached("SELECT role, id, place, cursor, step, state FROM moves")?;
    let read = |row: &Row<'_>| {
        let (role, cursor): (String, String) = (row.get(0)?, row.get(3)?);
        Ok((role, cursor, row.get(1)?, row.get(2)?, super::columns::number(row, 4)?, row.get(5)?))
    };
    let Some((role, cursor, id, place, step, state)) = statement.query_row([], read).optional()? else { return Ok(None) };
    let role = Role::parse(&role).ok_or(StoreError::Damaged("a database's part in a move"))?;
    Ok(Some(MoveRow { role, id, place, cursor: Cursor::parse(&cursor)?, step, state }))
}

fn put_move_row(db: &Connection, row: Option<&MoveRow>) -> Result<()> {
    let Some(row) = row else {
        db.execute_batch("DELETE FROM moves")?;
        return Ok(());
    };
    let mut statement = db.prepare_cached(
        "INSERT INTO moves (one, role, id, place, cursor, step, muted, state) VALUES (1, ?, ?, ?, ?, 0, 0, ?)
         ON CONFLICT (one) DO UPDATE SET role = excluded.role, id = excluded.id, place = excluded.place, state = excluded.state,
         cursor = CASE id WHEN excluded.id THEN cursor ELSE excluded.cursor END, step = CASE id WHEN excluded.id THEN step ELSE 0 END",
    )?;
    statement.execute(params![row.role.as_str(), row.id, row.place, row.cursor.to_string(), row.state])?;
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

/// One moment, seen by a connection inside a transaction.
struct Seen<'a>(&'a Connection);

impl Moment for Seen<'_> {
    async fn mark(&mut self) -> Result<Mark> {
        let last: i64 = self.0.query_row("SELECT ifnull(max(seq), 0) FROM move_journal", [], |row| row.get(0))?;
        Ok(Mark(last.to_string()))
    }

    async fn changed_tables(&mut self) -> Result<BTreeSet<String>> {
        let mut statement = self.0.prepare_cached("SELECT DISTINCT tbl FROM move_journal")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    async fn journal(&mut self, table: &Shape, after: &str, limit: usize) -> Result<Page> {
        let sql = "SELECT key, max(owner) FROM move_journal WHERE tbl = ? AND key > ? GROUP BY key ORDER BY key LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params![table.name, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    async fn rows_by_key(&mut self, table: &Shape, keys: &[Key]) -> Result<Vec<Vec<Column>>> {
        let is: Vec<String> = key_columns(table).iter().map(|column| format!("{column} = ?")).collect();
        let mut statement = self.0.prepare_cached(&format!("{} WHERE {}", select(table), is.join(" AND ")))?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let mut rows = statement.query(params_from_iter(key))?;
            if let Some(row) = rows.next()? {
                found.push(read_row(row, table.columns.len())?);
            }
        }
        Ok(found)
    }

    async fn accounts_from(&mut self, from: [u8; 16], limit: u32) -> Result<Vec<AccountId>> {
        let mut statement = self.0.prepare_cached("SELECT account FROM accounts WHERE account >= ? ORDER BY account LIMIT ?")?;
        let rows = statement.query_map(params![from, limit], |row| row.get(0).map(AccountId))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    async fn rows_of_accounts(&mut self, table: &Shape, whose: Whose<'_>, emit: &mut Emit<'_>) -> Result<()> {
        let ranges: Vec<_> = match whose {
            Whose::Between(from, to) => vec![(from, to)],
            Whose::These(accounts) => accounts.iter().map(|account| (account.0, account.0)).collect(),
        };
        let owner = owner(table);
        let mut order = vec![owner.to_owned()];
        order.extend(key_columns(table).into_iter().filter(|column| column != owner));
        let sql = format!("{} WHERE {owner} >= ? AND {owner} <= ? ORDER BY {}", select(table), order.join(", "));
        let mut statement = self.0.prepare_cached(&sql)?;
        for (from, to) in ranges {
            let mut rows = statement.query(params![from, to])?;
            while let Some(row) = rows.next()? {
                let owner = AccountId(row.get(table.columns.len())?);
                emit.row(owner, read_row(row, table.columns.len())?).await?;
            }
        }
        Ok(())
    }

    async fn rows_after(&mut self, table: &Shape, after: Option<&Key>, limit: u32) -> Result<Vec<Vec<Column>>> {
        let key = key_columns(table).join(", ");
        let after = after.map_or_else(Key::new, Key::clone);
        let from = if after.is_empty() { String::new() } else { format!("WHERE ({key}) > ({})", places(after.len())) };
        let mut statement = self.0.prepare_cached(&format!("{} {from} ORDER BY {key} LIMIT {limit}", select(table)))?;
        let mut rows = statement.query(params_from_iter(&after))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_row(row, table.columns.len())?);
        }
        Ok(found)
    }
}

/// The writer's transaction while it writes a step.
struct Target<'a>(&'a Connection);

/// The key's columns as they stand in the table, each with what it is compared with.
fn key_is(shape: &Shape) -> String {
    let part = |column: &str| match column {
        "vault" if shape.owner == Owner::Vault => "vault_no = (SELECT no FROM vaults WHERE vault = ?)".to_owned(),
        _ => format!("{column} = ?"),
    };
    shape.key_names().map(part).collect::<Vec<_>>().join(" AND ")
}

fn insert(shape: &Shape) -> String {
    let own = |column: &String| if shape.owner == Owner::Vault && column == "vault" { "vault_no".to_owned() } else { column.clone() };
    let columns: Vec<String> = shape.columns.iter().map(own).collect();
    let value = |column: &String| if column == "vault_no" { "(SELECT no FROM vaults WHERE vault = ?)" } else { "?" };
    let values: Vec<&str> = columns.iter().map(value).collect();
    let key: Vec<String> = shape.key.iter().filter_map(|index| columns.get(*index)).cloned().collect();
    let set: Vec<String> =
        columns.iter().filter(|column| !key.contains(column)).map(|column| format!("{column} = excluded.{column}")).collect();
    let change = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
    let (name, columns, values, key) = (shape.name, columns.join(", "), values.join(", "), key.join(", "));
    format!("INSERT INTO {name} ({columns}) VALUES ({values}) ON CONFLICT ({key}) DO {change}")
}

impl Writing for Target<'_> {
    async fn remove(&mut self, table: &Shape, keys: Vec<Key>) -> Result<()> {
        let mut statement = self.0.prepare_cached(&format!("DELETE FROM {} WHERE {}", table.name, key_is(table)))?;
        for key in &keys {
            statement.execute(params_from_iter(key))?;
        }
        Ok(())
    }

    async fn free(&mut self, table: &Shape, keys: Vec<Key>) -> Result<()> {
        for column in table.unique.iter().filter_map(|index| table.columns.get(*index)) {
            let own = key_expression(table, table.name);
            let sql = format!("UPDATE {} SET {column} = 'moving ' || {own} WHERE {}", table.name, key_is(table));
            let mut statement = self.0.prepare_cached(&sql)?;
            for key in &keys {
                statement.execute(params_from_iter(key))?;
            }
        }
        Ok(())
    }

    async fn put(&mut self, table: &Shape, rows: Vec<Vec<Column>>) -> Result<()> {
        let mut statement = self.0.prepare_cached(&insert(table))?;
        for row in &rows {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    async fn reached(&mut self, cursor: &Cursor, step: u64) -> Result<()> {
        let mut statement = self.0.prepare_cached("UPDATE moves SET cursor = ?, step = step + 1 WHERE step = ?")?;
        let rows = statement.execute(params![cursor.to_string(), super::columns::int(step)?])?;
        if rows == 1 { Ok(()) } else { Err(NO_PART) }
    }
}

fn wipe(db: &Connection) -> Result<()> {
    stop_journal(db)?;
    for shape in shapes()?.iter().rev() {
        db.execute_batch(&format!("DELETE FROM {}", shape.name))?;
    }
    db.execute_batch("DELETE FROM identity; DELETE FROM moves")?;
    Ok(())
}

fn is_empty(db: &Connection) -> Result<bool> {
    let mut filled = accounts::identity(db)?.is_some();
    for shape in shapes()? {
        filled |= db.prepare(&format!("SELECT 1 FROM {} LIMIT 1", shape.name))?.exists([])?;
    }
    Ok(!filled)
}

/// Does something with one moment, on a thread that may wait and a connection of its own.
async fn at_one_moment<T: Send + 'static>(path: &Path, work: impl FnOnce(&Connection, &Handle) -> Result<T> + Send + 'static) -> Result<T> {
    let (path, handle) = (path.to_owned(), Handle::current());
    let working = tokio::task::spawn_blocking(move || {
        let connection = file::open_reader(&path, file::Takes::Own).map_err(|_| StoreError::Unavailable)?;
        let moment = connection.unchecked_transaction()?;
        work(&moment, &handle)
    });
    working.await.map_err(|_| StoreError::Unavailable)?
}

/// Nobody else writes to a file of ours.
struct NoOthers(Arc<Writer>);

#[async_trait]
impl Fence for NoOthers {
    async fn hand_over(self: Box<Self>, row: &MoveRow) -> Result<()> {
        let row = row.clone();
        self.0.run(move |db| put_move_row(db, Some(&row))).await
    }

    async fn release(self: Box<Self>) {}
}

#[async_trait]
impl Movable for Sqlite {
    async fn schema(&self) -> Result<u32> {
        self.readers.look(|db| Ok(db.query_row("SELECT max(number) FROM migrations", [], |row| row.get(0))?)).await
    }

    async fn move_row(&self) -> Result<Option<MoveRow>> {
        self.readers.look(move_row).await
    }

    async fn put_move_row(&self, row: Option<&MoveRow>) -> Result<()> {
        let row = row.cloned();
        self.writer()?.run(move |db| put_move_row(db, row.as_ref())).await
    }

    async fn start_journal(&self) -> Result<()> {
        self.writer()?.run(start_journal).await
    }

    async fn stop_journal(&self) -> Result<()> {
        self.writer()?.run(stop_journal).await
    }

    async fn journal_rows(&self) -> Result<u64> {
        let count = |db: &Connection| Ok(db.query_row("SELECT count(*) FROM move_journal", [], |row| super::columns::number(row, 0))?);
        self.readers.look(count).await
    }

    async fn forget(&self, mark: &Mark) -> Result<()> {
        let upto: i64 = mark.0.parse().map_err(|_| StoreError::Damaged("a place in a move's journal"))?;
        if upto == 0 {
            return Ok(());
        }
        self.writer()?
            .run(move |db| {
                db.prepare_cached("DELETE FROM move_journal WHERE seq <= ?")?.execute([upto])?;
                Ok(())
            })
            .await
    }

    async fn read_step(&self, ask: &Ask, out: Sender<Item>) -> Result<Read> {
        let ask = ask.clone();
        at_one_moment(&self.path, move |db, handle| handle.block_on(read_step(&mut Seen(db), &ask, &out))).await
    }

    async fn apply_step(&self, mut items: Receiver<Item>) -> Result<()> {
        let handle = Handle::current();
        self.writer()?
            .run(move |db| {
                db.execute_batch("UPDATE moves SET muted = 1")?;
                handle.block_on(apply_step(&mut Target(db), &mut items))?;
                db.execute_batch("UPDATE moves SET muted = 0")?;
                Ok(())
            })
            .await
    }

    async fn stretch_digests(&self, stretch: &Stretch) -> Result<Vec<(Unit, Hash32)>> {
        let stretch = stretch.clone();
        at_one_moment(&self.path, move |db, handle| handle.block_on(digests(&mut Seen(db), &stretch))).await
    }

    async fn row_digests(&self, rows: &RowKeys) -> Result<Vec<Option<Hash32>>> {
        let rows = rows.clone();
        at_one_moment(&self.path, move |db, handle| {
            let mut moment = Seen(db);
            let tables = shapes()?;
            let digest = |(table, key): &(usize, Key)| -> Result<Option<Hash32>> {
                let shape = tables.get(*table).ok_or(StoreError::Damaged("a table that is not known"))?;
                let found = handle.block_on(moment.rows_by_key(shape, std::slice::from_ref(key)))?;
                found.iter().find(|row| key_of(shape, row) == *key).map(|row| row_digest(shape, row)).transpose()
            };
            rows.0.iter().map(digest).collect()
        })
        .await
    }

    async fn is_empty(&self) -> Result<bool> {
        self.readers.read(is_empty).await
    }

    async fn wipe(&self) -> Result<()> {
        self.writer()?.run(wipe).await
    }

    async fn make_ready(&self, identity: &Identity, row: &MoveRow) -> Result<()> {
        let (identity, row) = (identity.clone(), row.clone());
        self.writer()?
            .run(move |db| {
                accounts::create_identity(db, &identity)?;
                put_move_row(db, Some(&row))
            })
            .await
    }

    async fn lease(&self) -> Result<Option<Lease>> {
        Ok(Some(Lease(None)))
    }

    async fn fence(&self, _wait: Duration) -> Result<Option<Box<dyn Fence>>> {
        self.writer()?;
        let writer = self.writer.clone().ok_or(StoreError::ReadOnly)?;
        Ok(Some(Box::new(NoOthers(writer))))
    }
}
