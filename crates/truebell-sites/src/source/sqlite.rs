//! A table in an SQLite file, opened to read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Row};

use super::account::account;
use super::sql::Quote;
use super::table::Table;
use super::{Page, Place, Source, SourceError};

/// How long a page waits for whoever writes.
const WAIT: Duration = Duration::from_secs(5);

pub(super) struct Sqlite {
    connection: Arc<Mutex<Connection>>,
    table: Table,
}

impl Sqlite {
    pub(super) fn open(path: &Path, table: &Table) -> Result<Self, SourceError> {
        let place = format!("sqlite:{}", path.display());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|_| SourceError::Unreachable(place.clone()))?;
        connection.busy_timeout(WAIT).map_err(|error| failure(&error, &place))?;
        let mut table = table.clone();
        let has = |table: &Table, column: &str| connection.prepare(&Quote::Back.probe(table, column)).map(|_| ());
        let flags = std::mem::take(&mut table.flags);
        let is_missing = |column: &str| has(&table, column).is_err_and(|error| is_no_column(&error));
        let flags = flags.into_iter().filter(|flag| !(flag.is_optional && is_missing(&flag.column))).collect();
        table.flags = flags;
        for column in std::iter::once(table.id.as_str()).chain(table.columns()) {
            has(&table, column).map_err(|error| of_probe(&error, &place, &table, column))?;
        }
        Ok(Self { connection: Arc::new(Mutex::new(connection)), table })
    }
}

/// SQLite has one code for all of them, and says the rest in words.
fn of_probe(error: &Error, place: &str, table: &Table, column: &str) -> SourceError {
    let said = error.to_string();
    let names = table.joins.iter().map(|join| &join.table).chain([&table.name]);
    if let Some(missing) = names.into_iter().find(|name| said.contains(&format!("no such table: {name}"))) {
        return SourceError::NoTable(missing.clone());
    }
    if is_no_column(error) {
        return SourceError::NoColumn { table: table.name.clone(), column: column.to_owned() };
    }
    failure(error, place)
}

fn is_no_column(error: &Error) -> bool {
    error.to_string().contains("no such column")
}

fn failure(error: &Error, place: &str) -> SourceError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => SourceError::NotADatabase(place.to_owned()),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SourceError::Lost,
        // Every column was there when it was opened.
        Some(ErrorCode::Unknown | ErrorCode::SchemaChanged) => SourceError::Changed(place.to_owned()),
        code => SourceError::Refused(format!("{code:?}")),
    }
}

fn text(column: &str) -> String {
    format!("CAST({column} AS TEXT)")
}

/// The account of a row, and its place.
fn read(table: &Table, row: &Row<'_>) -> Result<(Option<Place>, Option<super::Account>), Error> {
    let text = |at: usize| {
        Ok(match row.get_ref(at)? {
            ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        })
    };
    let count = table.columns().len();
    let id = text(count + 1)?;
    let place = match row.get_ref(0)? {
        ValueRef::Integer(number) => Some(Place::Number(number)),
        ValueRef::Text(_) => id.clone().map(Place::Text),
        _ => None,
    };
    let values = (1..=count).map(text).collect::<Result<Vec<_>, Error>>()?;
    Ok((place, account(table, id, values)))
}

fn page(connection: &Connection, table: &Table, after: Option<Value>, limit: u32) -> Result<Page, SourceError> {
    let failure = |error: Error| failure(&error, &table.name);
    let statement = Quote::Back.page(table, after.is_some().then_some("?2"), text, "?1");
    let mut statement = connection.prepare_cached(&statement).map_err(failure)?;
    let mut rows = match after {
        Some(after) => statement.query((limit, after)),
        None => statement.query((limit,)),
    }
    .map_err(failure)?;
    let mut page = Page::default();
    let mut count = 0;
    while let Some(row) = rows.next().map_err(failure)? {
        let (place, account) = read(table, row).map_err(failure)?;
        count += 1;
        page.next = Some(place.ok_or_else(|| SourceError::OddId(table.name.clone()))?);
        page.skipped += u64::from(account.is_none());
        page.accounts.extend(account);
    }
    if count < limit {
        page.next = None;
    }
    Ok(page)
}

#[async_trait]
impl Source for Sqlite {
    async fn page(&mut self, after: Option<&Place>, limit: u32) -> Result<Page, SourceError> {
        let after = match after {
            None => None,
            Some(Place::Number(number)) => Some(Value::Integer(*number)),
            Some(Place::Text(text)) => Some(Value::Text(text.clone())),
            Some(Place::Offset(_)) => return Err(SourceError::NotAPlace),
        };
        let (connection, table) = (Arc::clone(&self.connection), self.table.clone());
        let work = move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            page(&connection, &table, after, limit)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| SourceError::Lost)?
    }
}
