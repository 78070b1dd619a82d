//! A session of MariaDB or MySQL that may write.

use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Params, Value};
use zeroize::Zeroizing;

use super::database::{Connection, Failure, Row};
use super::words::{Statement, Words};
use crate::source::{Location, SourceError, mariadb};

/// What does not fit is refused instead of cut; a row that changed is looked at anew; nobody is waited for long.
const SESSION: [&str; 4] = [
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = 10",
    "SET SESSION lock_wait_timeout = 10",
];

pub(super) struct MariaDb {
    session: Conn,
}

impl MariaDb {
    pub(super) async fn open(url: &str, location: &Location) -> Result<Self, SourceError> {
        Ok(Self { session: mariadb::connect(url, location, &SESSION).await? })
    }
}

fn failure(error: &Error) -> Failure {
    let Error::Server(said) = error else { return Failure::Lost };
    match said.code {
        code if mariadb::FORBIDDEN.contains(&code) => Failure::Forbidden,
        // A server or a transaction that only reads: `--read-only`, a replica.
        1290 | 1792 | 1836 => Failure::Forbidden,
        mariadb::NO_TABLE => Failure::NoTable,
        mariadb::NO_COLUMN => Failure::NoColumn,
        // A wait that was too long, a deadlock, a record that changed since it was read, a statement that took too long.
        1205 | 1213 | 1020 | 1969 | 3024 => Failure::Busy,
        code if mariadb::LOST.contains(&code) => Failure::Lost,
        code => Failure::Refused(code.to_string()),
    }
}

fn bound(statement: &Statement) -> Params {
    let value = |value: &super::words::Value| value.as_ref().map_or(Value::NULL, |value| Value::Bytes(value.as_bytes().to_vec()));
    if statement.values.is_empty() { Params::Empty } else { Params::Positional(statement.values.iter().map(value).collect()) }
}

#[async_trait]
impl Connection for MariaDb {
    fn words(&self) -> Words {
        Words::MariaDb
    }

    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let rows: Vec<mysql_async::Row> =
            self.session.exec(statement.text.as_str(), bound(statement)).await.map_err(|error| failure(&error))?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|at| mariadb::text_of(row, at).map(Zeroizing::new)).collect()).collect())
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64, Failure> {
        let done = if statement.values.is_empty() {
            self.session.query_drop(statement.text.as_str()).await
        } else {
            self.session.exec_drop(statement.text.as_str(), bound(statement)).await
        };
        done.map(|()| self.session.affected_rows()).map_err(|error| failure(&error))
    }

    async fn cast_of(&mut self, statement: &str) -> Result<Option<String>, Failure> {
        self.session.prep(statement).await.map(|_| None).map_err(|error| failure(&error))
    }

    async fn has_transactions(&mut self, table: &str) -> Result<bool, Failure> {
        let (schema, table) = table.rsplit_once('.').map_or((None, table), |(schema, table)| (Some(schema), table));
        let question = "SELECT COUNT(*) FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE \
                        WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ? AND e.TRANSACTIONS = 'YES'";
        let found: Option<u64> = self.session.exec_first(question, (schema, table)).await.map_err(|error| failure(&error))?;
        Ok(found == Some(1))
    }
}
