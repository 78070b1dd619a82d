//! An SQLite file, opened to write.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection as File, Error, ErrorCode, OpenFlags, params_from_iter};
use zeroize::Zeroizing;

use super::database::{Connection, Failure, Row};
use super::words::{Statement, Value, Words};
use crate::source::SourceError;

/// How long a step waits for whoever else writes.
const WAIT: Duration = Duration::from_secs(10);

pub(super) struct Sqlite {
    file: Arc<Mutex<File>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        let unreachable = || SourceError::Unreachable(format!("sqlite:{}", path.display()));
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = File::open_with_flags(path, flags).map_err(|_| unreachable())?;
        file.busy_timeout(WAIT).map_err(|_| unreachable())?;
        // What was committed has to be there after a loss of power too, whatever the site itself can do without.
        match file.pragma_update(None, "synchronous", "FULL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                return Err(SourceError::NotADatabase(format!("sqlite:{}", path.display())));
            }
            other => other.map_err(|_| unreachable())?,
        }
        Ok(Self { file: Arc::new(Mutex::new(file)) })
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce(&File) -> Result<T, Error> + Send + 'static) -> Result<T, Failure> {
        let file = Arc::clone(&self.file);
        let work = move || work(&file.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Lost)?.map_err(|error| failure(&error))
    }
}

/// SQLite has one code for whatever is wrong with a statement, and says the rest in words.
fn failure(error: &Error) -> Failure {
    let said = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::Busy,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => Failure::Forbidden,
        _ if said.contains("no such table") => Failure::NoTable,
        _ if said.contains("no such column") => Failure::NoColumn,
        Some(code) => Failure::Refused(format!("{code:?}")),
        None => Failure::Refused("client".to_owned()),
    }
}

fn bound(values: &[Value]) -> impl Iterator<Item = Option<&str>> {
    values.iter().map(|value| value.as_ref().map(|value| value.as_str()))
}

fn read(file: &File, text: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
    let mut statement = file.prepare_cached(text)?;
    let count = statement.column_count();
    let mut rows = statement.query(params_from_iter(bound(values)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let value = |at: usize| {
            Ok(match row.get_ref(at)? {
                ValueRef::Text(bytes) => Some(Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())),
                _ => None,
            })
        };
        found.push((0..count).map(value).collect::<Result<Row, Error>>()?);
    }
    Ok(found)
}

#[async_trait]
impl Connection for Sqlite {
    fn words(&self) -> Words {
        Words::Sqlite
    }

    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let (text, values) = (statement.text.clone(), statement.values.clone());
        self.work(move |file| read(file, &text, &values)).await
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64, Failure> {
        let (text, values) = (statement.text.clone(), statement.values.clone());
        self.work(move |file| file.execute(&text, params_from_iter(bound(&values))).map(|rows| rows as u64)).await
    }

    async fn cast_of(&mut self, statement: &str) -> Result<Option<String>, Failure> {
        let text = statement.to_owned();
        self.work(move |file| file.prepare(&text).map(|_| None)).await
    }

    async fn has_transactions(&mut self, _table: &str) -> Result<bool, Failure> {
        Ok(true)
    }
}
