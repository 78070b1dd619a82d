//! PostgreSQL's side of a move: its triggers and gate, one moment of it, a step written into it, and the fence for other processes.
//!
//! The gate is a statement trigger on every table: a transaction that writes shares an advisory lock until it ends, and is refused once
//! the database was left. What the mover itself writes passes both.

use super::columns::{find, list, number, run};
use super::failure::{self, MOVED, Result as Tried, before_commit, of_commit};
use super::{Postgres, accounts};
use crate::StoreError;
use crate::columns::Column;
use crate::moving::{
    Ask, Cursor, Emit, Fence, Item, Key, Kind, Lease, Mark, Moment, Movable, MoveRow, NO_PART, Owner, Page, Read, Role, RowKeys, Shape,
    Stretch, Unit, Whose, Writing, apply_step, digests, key_of, read_step, row_digest, shapes,
};
use crate::rows::Identity;
use crate::store::Result;
use async_trait::async_trait;
use deadpool_postgres::{Client, Object, Transaction};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;

/// Names the gate's lock among the database's advisory locks: "Tbmv".
const GATE: i64 = 0x5462_6d76;
/// Names the lead's lock: "Tbml".
const LEAD: i64 = 0x5462_6d6c;
/// Rows fetched at a time.
const ROWS_AT_A_TIME: i32 = 64;
/// Marks the mover's own transactions.
const AS_MOVER: &str = "SELECT set_config('truebell.mover', 'on', true)";

type Value = Box<dyn ToSql + Sync + Send>;

fn array_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "bigint[]",
        Kind::Text => "text[]",
        Kind::Bytes => "bytea[]",
    }
}

/// A column of many rows.
fn array(kind: Kind, columns: impl Iterator<Item = Column>) -> Result<Value> {
    const MISFIT: StoreError = StoreError::Damaged("a row of a move that does not fit its table");
    let (mut numbers, mut texts, mut blobs) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        match (kind, column) {
            (Kind::Number, Column::Number(number)) => numbers.push(Some(number)),
            (Kind::Text, Column::Text(text)) => texts.push(Some(text)),
            (Kind::Bytes, Column::Bytes(bytes)) => blobs.push(Some(bytes)),
            (Kind::Number, Column::Null) => numbers.push(None),
            (Kind::Text, Column::Null) => texts.push(None),
            (Kind::Bytes, Column::Null) => blobs.push(None),
            _ => return Err(MISFIT),
        }
    }
    Ok(match kind {
        Kind::Number => Box::new(numbers),
        Kind::Text => Box::new(texts),
        Kind::Bytes => Box::new(blobs),
    })
}

/// Rows, turned into one array for each column.
fn arrays(kinds: &[Kind], rows: Vec<Vec<Column>>) -> Result<Vec<Value>> {
    let mut rows: Vec<_> = rows.into_iter().map(Vec::into_iter).collect();
    kinds.iter().map(|kind| array(*kind, rows.iter_mut().map(|row| row.next().unwrap_or(Column::Null)))).collect()
}

fn borrowed(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
}

/// `unnest($1::…, …) AS k (k0, …)` of a shape's key, and the condition that a row of `t` has it.
fn key_table(shape: &Shape) -> (String, String) {
    let types: Vec<String> = shape.key_kinds().enumerate().map(|(at, kind)| format!("${}::{}", at + 1, array_type(kind))).collect();
    let names: Vec<String> = (0..types.len()).map(|at| format!("k{at}")).collect();
    let same: Vec<String> = shape.key_names().zip(&names).map(|(column, name)| format!("t.{column} = k.{name}")).collect();
    (format!("unnest({}) AS k ({})", types.join(", "), names.join(", ")), same.join(" AND "))
}

fn key_arrays(shape: &Shape, keys: &[Key]) -> Result<Vec<Value>> {
    arrays(&shape.key_kinds().collect::<Vec<_>>(), keys.to_vec())
}

fn columns_of(shape: &Shape) -> String {
    shape.columns.iter().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ")
}

fn from(shape: &Shape) -> String {
    match shape.owner {
        Owner::Vault => format!("{} t JOIN vaults v ON v.vault = t.vault", shape.name),
        Owner::Account | Owner::Nobody => format!("{} t", shape.name),
    }
}

fn owner(shape: &Shape) -> &'static str {
    match shape.owner {
        Owner::Account => "t.account",
        Owner::Vault => "v.account",
        Owner::Nobody => "NULL",
    }
}

fn read_row(row: &Row, shape: &Shape) -> Result<Vec<Column>> {
    let column = |(index, kind): (usize, &Kind)| -> Tried<Column> {
        Ok(match kind {
            Kind::Number => row.try_get::<_, Option<i64>>(index)?.map_or(Column::Null, Column::Number),
            Kind::Text => row.try_get::<_, Option<String>>(index)?.map_or(Column::Null, Column::Text),
            Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(Column::Null, Column::Bytes),
        })
    };
    shape.kinds.iter().enumerate().map(column).collect::<Tried<_>>().map_err(before_commit)
}

/// One moment, seen by a transaction that repeats its reads.
struct Seen<'a>(&'a Transaction<'a>);

impl Seen<'_> {
    async fn list(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        list(self.0, sql, &borrowed(values)).await.map_err(before_commit)
    }
}

impl Moment for Seen<'_> {
    async fn mark(&mut self) -> Result<Mark> {
        let rows = self.list("SELECT pg_current_snapshot()::text", &[]).await?;
        let row = rows.first().ok_or(StoreError::Unavailable)?;
        Ok(Mark(row.try_get(0).map_err(|error| before_commit(error.into()))?))
    }

    async fn changed_tables(&mut self) -> Result<BTreeSet<String>> {
        let rows = self.list("SELECT DISTINCT tbl FROM move_journal", &[]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Tried<_>>().map_err(before_commit)
    }

    async fn journal(&mut self, table: &Shape, after: &str, limit: usize) -> Result<Page> {
        let sql = "SELECT key, max(owner) FROM move_journal WHERE tbl = $1 AND key > $2 GROUP BY key ORDER BY key LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = list(self.0, sql, &[&table.name, &after, &limit]).await.map_err(before_commit)?;
        let read = |row: &Row| -> Tried<_> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        rows.iter().map(read).collect::<Tried<_>>().map_err(before_commit)
    }

    async fn rows_by_key(&mut self, table: &Shape, keys: &[Key]) -> Result<Vec<Vec<Column>>> {
        let (key, same) = key_table(table);
        let sql = format!("SELECT {} FROM {key} JOIN {} t ON {same}", columns_of(table), table.name);
        let rows = self.list(&sql, &key_arrays(table, keys)?).await?;
        rows.iter().map(|row| read_row(row, table)).collect()
    }

    async fn accounts_from(&mut self, from: [u8; 16], limit: u32) -> Result<Vec<AccountId>> {
        let sql = "SELECT account FROM accounts WHERE account >= $1 ORDER BY account LIMIT $2";
        let rows = list(self.0, sql, &[&from.as_slice(), &i64::from(limit)]).await.map_err(before_commit)?;
        let read = |row: &Row| super::columns::fixed(row, 0).map(AccountId);
        rows.iter().map(read).collect::<Tried<_>>().map_err(before_commit)
    }

    async fn rows_of_accounts(&mut self, table: &Shape, whose: Whose<'_>, emit: &mut Emit<'_>) -> Result<()> {
        let owner = owner(table);
        let mut order = vec![owner.to_owned()];
        order.extend(table.key_names().map(|column| format!("t.{column}")).filter(|column| column != owner));
        let (columns, from, order) = (columns_of(table), from(table), order.join(", "));
        let (is_asked, values): (&str, Vec<Value>) = match whose {
            Whose::Between(first, last) => ("BETWEEN $1 AND $2", vec![Box::new(first.to_vec()), Box::new(last.to_vec())]),
            Whose::These(accounts) => {
                let ids: Vec<Vec<u8>> = accounts.iter().map(|account| account.0.to_vec()).collect();
                ("= ANY($1::bytea[])", vec![Box::new(ids)])
            }
        };
        let sql = format!("SELECT {columns}, {owner} FROM {from} WHERE {owner} {is_asked} ORDER BY {order}");
        let failed = |error: tokio_postgres::Error| before_commit(error.into());
        let statement = self.0.prepare_cached(&sql).await.map_err(failed)?;
        let portal = self.0.bind(&statement, &borrowed(&values)).await.map_err(failed)?;
        loop {
            let rows = self.0.query_portal(&portal, ROWS_AT_A_TIME).await.map_err(failed)?;
            for row in &rows {
                let owner = super::columns::fixed(row, table.columns.len()).map(AccountId).map_err(before_commit)?;
                emit.row(owner, read_row(row, table)?).await?;
            }
            if rows.len() < ROWS_AT_A_TIME as usize {
                return Ok(());
            }
        }
    }

    async fn rows_after(&mut self, table: &Shape, after: Option<&Key>, limit: u32) -> Result<Vec<Vec<Column>>> {
        let key = table.key_names().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
        let after = after.map_or_else(Key::new, Key::clone);
        let places: Vec<String> = (1..=after.len()).map(|at| format!("${at}")).collect();
        let beyond = if after.is_empty() { String::new() } else { format!("WHERE ({key}) > ({})", places.join(", ")) };
        let values: Vec<Value> = after.into_iter().map(value).collect();
        let sql = format!("SELECT {} FROM {} t {beyond} ORDER BY {key} LIMIT {limit}", columns_of(table), table.name);
        let rows = self.list(&sql, &values).await?;
        rows.iter().map(|row| read_row(row, table)).collect()
    }
}

fn value(column: Column) -> Value {
    match column {
        Column::Null => Box::new(None::<i64>),
        Column::Number(number) => Box::new(number),
        Column::Text(text) => Box::new(text),
        Column::Bytes(bytes) => Box::new(bytes),
    }
}

/// A transaction that writes a step.
struct Target<'a>(&'a Transaction<'a>);

impl Target<'_> {
    async fn run(&self, sql: &str, values: &[Value]) -> Result<()> {
        run(self.0, sql, &borrowed(values)).await.map(drop).map_err(before_commit)
    }
}

impl Writing for Target<'_> {
    async fn remove(&mut self, table: &Shape, keys: Vec<Key>) -> Result<()> {
        let (key, same) = key_table(table);
        self.run(&format!("DELETE FROM {} t USING {key} WHERE {same}", table.name), &key_arrays(table, &keys)?).await
    }

    async fn free(&mut self, table: &Shape, keys: Vec<Key>) -> Result<()> {
        for column in table.unique.iter().filter_map(|index| table.columns.get(*index)) {
            let (key, same) = key_table(table);
            let own = key_expression(table, "t");
            let sql = format!("UPDATE {} t SET {column} = 'moving ' || {own} FROM {key} WHERE {same}", table.name);
            self.run(&sql, &key_arrays(table, &keys)?).await?;
        }
        Ok(())
    }

    async fn put(&mut self, table: &Shape, rows: Vec<Vec<Column>>) -> Result<()> {
        let types: Vec<String> = table.kinds.iter().enumerate().map(|(at, kind)| format!("${}::{}", at + 1, array_type(*kind))).collect();
        let key: Vec<&str> = table.key_names().collect();
        let others = table.columns.iter().filter(|column| !key.contains(&column.as_str()));
        let set: Vec<String> = others.map(|column| format!("{column} = excluded.{column}")).collect();
        let change = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
        let (name, columns, types, key) = (table.name, table.columns.join(", "), types.join(", "), key.join(", "));
        let sql = format!("INSERT INTO {name} ({columns}) SELECT * FROM unnest({types}) ON CONFLICT ({key}) DO {change}");
        self.run(&sql, &arrays(&table.kinds, rows)?).await
    }

    async fn reached(&mut self, cursor: &Cursor, step: u64) -> Result<()> {
        // Of two movers the second waits here for the first, and then finds another step.
        let sql = "UPDATE moves SET cursor = $1, step = step + 1 WHERE step = $2";
        let step = i64::try_from(step).map_err(|_| NO_PART)?;
        let rows = run(self.0, sql, &[&cursor.to_string(), &step]).await.map_err(before_commit)?;
        if rows == 1 { Ok(()) } else { Err(NO_PART) }
    }
}

/// A row's key as the journal has it.
fn key_expression(shape: &Shape, row: &str) -> String {
    let part = |column: &str, kind| match kind {
        Kind::Number => format!("{row}.{column}::text"),
        Kind::Text => format!("encode(convert_to({row}.{column}, 'UTF8'), 'hex')"),
        Kind::Bytes => format!("encode({row}.{column}, 'hex')"),
    };
    shape.key_names().zip(shape.key_kinds()).map(|(column, kind)| part(column, kind)).collect::<Vec<_>>().join(" || '.' || ")
}

fn owner_expression(shape: &Shape, row: &str) -> String {
    match shape.owner {
        Owner::Account => format!("encode({row}.account, 'hex')"),
        Owner::Vault => format!("(SELECT encode(account, 'hex') FROM vaults WHERE vault = {row}.vault)"),
        Owner::Nobody => "NULL".to_owned(),
    }
}

/// A look that no snapshot is too old for: a transaction that repeats its reads locks the row, and is told if that has changed.
fn gate() -> String {
    format!(
        "CREATE OR REPLACE FUNCTION truebell_gate() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF current_setting('truebell.mover', true) = 'on' THEN RETURN NULL; END IF;
             PERFORM pg_advisory_xact_lock_shared({GATE});
             IF current_setting('transaction_isolation') <> 'read committed' THEN PERFORM 1 FROM moves FOR SHARE; END IF;
             IF EXISTS (SELECT 1 FROM moves WHERE role = 'moved') THEN
                 RAISE EXCEPTION 'this database was moved' USING ERRCODE = '{MOVED}';
             END IF;
             RETURN NULL;
         END $$"
    )
}

fn note(shape: &Shape) -> String {
    let name = shape.name;
    let insert = |row: &str| {
        let (owner, key) = (owner_expression(shape, row), key_expression(shape, row));
        format!("INSERT INTO move_journal (owner, tbl, key) VALUES ({owner}, '{name}', {key});")
    };
    let (old, new) = (insert("OLD"), insert("NEW"));
    format!(
        "CREATE OR REPLACE FUNCTION truebell_note_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF current_setting('truebell.mover', true) = 'on' THEN RETURN NULL; END IF;
             IF TG_OP = 'DELETE' THEN {old}
             ELSIF TG_OP = 'INSERT' THEN {new}
             ELSE
                 {new}
                 -- A row that gets another key is one that goes and one that comes.
                 IF {} <> {} THEN {old} END IF;
             END IF;
             RETURN NULL;
         END $$",
        key_expression(shape, "OLD"),
        key_expression(shape, "NEW")
    )
}

impl Postgres {
    /// Does a piece of a move in a transaction, as the mover.
    async fn as_mover(&self, statements: &[String]) -> Result<()> {
        let mut client = self.writing_client().await?;
        let tried = async {
            let transaction = client.transaction().await?;
            transaction.batch_execute(AS_MOVER).await?;
            for statement in statements {
                transaction.batch_execute(statement).await?;
            }
            transaction.commit().await.map_err(|error| of_commit(&error).into())
        };
        tried.await.map_err(before_commit)
    }

    /// Changes the triggers of one table. Waits for writers at work there, a little while at a time, so that no queue grows behind it.
    async fn change_triggers(&self, mut statements: Vec<String>) -> Result<()> {
        const TRIES: u32 = 200;
        statements.insert(0, "SET LOCAL lock_timeout = '100ms'".to_owned());
        let mut tries = 0;
        loop {
            match self.as_mover(&statements).await {
                Err(StoreError::Unavailable) if tries < TRIES => tries += 1,
                done => return done,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn put_triggers(&self, shape: &Shape) -> Result<()> {
        let name = shape.name;
        let statements = vec![
            note(shape),
            format!("DROP TRIGGER IF EXISTS truebell_note ON {name}; DROP TRIGGER IF EXISTS truebell_gate ON {name}"),
            format!(
                "CREATE TRIGGER truebell_note AFTER INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION truebell_note_{name}();
                 CREATE TRIGGER truebell_gate BEFORE INSERT OR UPDATE OR DELETE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION truebell_gate()"
            ),
        ];
        self.change_triggers(statements).await
    }
}

async fn move_row(db: &impl deadpool_postgres::GenericClient) -> Tried<Option<MoveRow>> {
    let Some(row) = find(db, "SELECT role, id, place, cursor, step, state FROM moves", &[]).await? else { return Ok(None) };
    let role = Role::parse(row.try_get(0)?).ok_or(StoreError::Damaged("a database's part in a move"))?;
    let cursor = Cursor::parse(row.try_get(3)?)?;
    let (id, step) = (super::columns::fixed(&row, 1)?, number(&row, 4)?);
    Ok(Some(MoveRow { role, id, place: row.try_get(2)?, cursor, step, state: row.try_get(5)? }))
}

async fn put_move_row(db: &Transaction<'_>, row: Option<&MoveRow>) -> Tried<()> {
    let Some(row) = row else {
        run(db, "DELETE FROM moves", &[]).await?;
        return Ok(());
    };
    run(db, PUT_MOVE_ROW, &[&row.role.as_str(), &row.id.as_slice(), &row.place, &row.cursor.to_string(), &row.state]).await?;
    Ok(())
}

const PUT_MOVE_ROW: &str = "INSERT INTO moves (one, role, id, place, cursor, step, state) VALUES (1, $1, $2, $3, $4, 0, $5)
    ON CONFLICT (one) DO UPDATE SET role = excluded.role, id = excluded.id, place = excluded.place, state = excluded.state,
    cursor = CASE moves.id WHEN excluded.id THEN moves.cursor ELSE excluded.cursor END,
    step = CASE moves.id WHEN excluded.id THEN moves.step ELSE 0 END";

/// A transaction that holds the gate's lock alone. Its connection leaves the pool with it, so that nothing of it comes back.
struct Gate(Option<Object>);

impl Gate {
    fn leave(&mut self) -> Option<deadpool_postgres::ClientWrapper> {
        self.0.take().map(Object::take)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // Closed, it lets go.
        drop(self.leave());
    }
}

#[async_trait]
impl Fence for Gate {
    async fn hand_over(mut self: Box<Self>, row: &MoveRow) -> Result<()> {
        let client = self.leave().ok_or(StoreError::Unavailable)?;
        let values: [&(dyn ToSql + Sync); 5] = [&row.role.as_str(), &row.id.as_slice(), &row.place, &row.cursor.to_string(), &row.state];
        client.execute(PUT_MOVE_ROW, &values).await.map_err(|error| before_commit(error.into()))?;
        client.batch_execute("NOTIFY truebell_moves").await.map_err(|error| before_commit(error.into()))?;
        client.batch_execute("COMMIT").await.map_err(|error| of_commit(&error))
    }

    async fn release(mut self: Box<Self>) {
        if let Some(client) = self.leave() {
            // A connection that is gone holds nothing.
            let _ = client.batch_execute("ROLLBACK").await;
        }
    }
}

#[async_trait]
impl Movable for Postgres {
    async fn schema(&self) -> Result<u32> {
        let client = self.client().await?;
        let read = async {
            let row = find(&client, "SELECT max(number) FROM migrations", &[]).await?.ok_or(StoreError::Damaged("no schema"))?;
            super::columns::small(&row, 0)
        };
        read.await.map_err(before_commit)
    }

    async fn move_row(&self) -> Result<Option<MoveRow>> {
        let mut tries = 1;
        loop {
            let client = self.client().await?;
            match move_row(&client).await {
                Err(error) if tries < super::TRIES && failure::is_passing(&error) => tries += 1,
                done => return done.map_err(before_commit),
            }
        }
    }

    async fn put_move_row(&self, row: Option<&MoveRow>) -> Result<()> {
        let mut client = self.writing_client().await?;
        let tried = async {
            let transaction = client.transaction().await?;
            put_move_row(&transaction, row).await?;
            transaction.batch_execute("NOTIFY truebell_moves").await?;
            transaction.commit().await.map_err(|error| of_commit(&error).into())
        };
        tried.await.map_err(before_commit)
    }

    async fn start_journal(&self) -> Result<()> {
        self.as_mover(&[gate(), "DELETE FROM move_journal".to_owned()]).await?;
        for shape in shapes()? {
            self.put_triggers(shape).await?;
        }
        Ok(())
    }

    async fn stop_journal(&self) -> Result<()> {
        for shape in shapes()? {
            let name = shape.name;
            let drop = format!("DROP TRIGGER IF EXISTS truebell_note ON {name}; DROP TRIGGER IF EXISTS truebell_gate ON {name}");
            self.change_triggers(vec![drop, format!("DROP FUNCTION IF EXISTS truebell_note_{name}()")]).await?;
        }
        self.as_mover(&["DROP FUNCTION IF EXISTS truebell_gate()".to_owned(), "DELETE FROM move_journal".to_owned()]).await
    }

    async fn journal_rows(&self) -> Result<u64> {
        let client = self.client().await?;
        let read = async {
            let row = find(&client, "SELECT count(*) FROM move_journal", &[]).await?.ok_or(StoreError::Damaged("a count without a row"))?;
            number(&row, 0)
        };
        read.await.map_err(before_commit)
    }

    async fn forget(&self, mark: &Mark) -> Result<()> {
        let client = self.writing_client().await?;
        let sql = "DELETE FROM move_journal WHERE pg_visible_in_snapshot(xid, ($1::text)::pg_snapshot)";
        run(&client, sql, &[&mark.0]).await.map(drop).map_err(before_commit)
    }

    async fn read_step(&self, ask: &Ask, out: Sender<Item>) -> Result<Read> {
        let mut client = self.client().await?;
        let moment = a_moment(&mut client).await?;
        read_step(&mut Seen(&moment), ask, &out).await
    }

    async fn apply_step(&self, mut items: Receiver<Item>) -> Result<()> {
        let mut client = self.writing_client().await?;
        let failed = |error: tokio_postgres::Error| before_commit(error.into());
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.batch_execute(AS_MOVER).await.map_err(failed)?;
        apply_step(&mut Target(&transaction), &mut items).await?;
        transaction.commit().await.map_err(|error| of_commit(&error))
    }

    async fn stretch_digests(&self, stretch: &Stretch) -> Result<Vec<(Unit, Hash32)>> {
        let mut client = self.client().await?;
        let moment = a_moment(&mut client).await?;
        digests(&mut Seen(&moment), stretch).await
    }

    async fn row_digests(&self, rows: &RowKeys) -> Result<Vec<Option<Hash32>>> {
        let mut client = self.client().await?;
        let moment = a_moment(&mut client).await?;
        let mut seen = Seen(&moment);
        let mut found = Vec::with_capacity(rows.0.len());
        // Keys of one table stand together: one look for each run of them.
        for run in rows.0.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((table, _)) = run.first() else { continue };
            let shape = shapes()?.get(*table).ok_or(StoreError::Damaged("a table that is not known"))?;
            let keys: Vec<Key> = run.iter().map(|(_, key)| key.clone()).collect();
            let mut there = std::collections::BTreeMap::new();
            for row in seen.rows_by_key(shape, &keys).await? {
                there.insert(key_of(shape, &row), row_digest(shape, &row)?);
            }
            found.extend(keys.iter().map(|key| there.get(key).copied()));
        }
        Ok(found)
    }

    async fn is_empty(&self) -> Result<bool> {
        let client = self.client().await?;
        let read = async {
            let mut filled = accounts::identity(&client).await?.is_some();
            for shape in shapes()? {
                filled |= find(&client, &format!("SELECT 1 FROM {} LIMIT 1", shape.name), &[]).await?.is_some();
            }
            Ok(!filled)
        };
        read.await.map_err(before_commit)
    }

    async fn wipe(&self) -> Result<()> {
        self.stop_journal().await?;
        let names: Vec<&str> = shapes()?.iter().map(|shape| shape.name).collect();
        self.as_mover(&[format!("TRUNCATE {}", names.join(", ")), "DELETE FROM identity; DELETE FROM moves".to_owned()]).await
    }

    async fn make_ready(&self, identity: &Identity, row: &MoveRow) -> Result<()> {
        let mut client = self.writing_client().await?;
        let tried = async {
            let transaction = client.transaction().await?;
            accounts::create_identity(&transaction, identity).await?;
            put_move_row(&transaction, Some(row)).await?;
            transaction.commit().await.map_err(|error| of_commit(&error).into())
        };
        tried.await.map_err(before_commit)
    }

    async fn lease(&self) -> Result<Option<Lease>> {
        let client = Object::take(self.writing_client().await?);
        let taken = client.query_one("SELECT pg_try_advisory_lock($1)", &[&LEAD]).await.and_then(|row| row.try_get(0));
        let taken: bool = taken.map_err(|error| before_commit(error.into()))?;
        Ok(taken.then(|| Lease(Some(client))))
    }

    async fn fence(&self, wait: Duration) -> Result<Option<Box<dyn Fence>>> {
        let client = self.writing_client().await?;
        let wait = wait.as_millis().max(1);
        let tried = async {
            client.batch_execute(&format!("BEGIN; SET LOCAL lock_timeout = '{wait}ms'")).await?;
            client.batch_execute(&format!("SELECT pg_advisory_xact_lock({GATE})")).await
        };
        let tried = tried.await;
        let gate = Box::new(Gate(Some(client)));
        match tried {
            Ok(()) => Ok(Some(gate)),
            Err(error) => {
                gate.release().await;
                let busy = [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED];
                if error.code().is_some_and(|code| busy.contains(code)) { Ok(None) } else { Err(before_commit(error.into())) }
            }
        }
    }
}

async fn a_moment(client: &mut Client) -> Result<Transaction<'_>> {
    let building = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    building.start().await.map_err(|error| before_commit(error.into()))
}
