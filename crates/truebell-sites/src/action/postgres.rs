//! A session of PostgreSQL that may write.

use async_trait::async_trait;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error};
use zeroize::Zeroizing;

use super::database::{Connection, Failure, Row};
use super::words::{Statement, Words};
use crate::source::{Location, SourceError, connect_postgres};

/// No step holds the site up, or waits, for long.
const SESSION: &str = "-c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s";

pub(super) struct Postgres {
    client: Client,
}

impl Postgres {
    pub(super) async fn open(url: &str, location: &Location) -> Result<Self, SourceError> {
        Ok(Self { client: connect_postgres(url, location, SESSION).await? })
    }
}

fn failure(error: &Error) -> Failure {
    let Some(code) = error.code() else {
        return if error.is_closed() || error.as_db_error().is_none() { Failure::Lost } else { Failure::Refused("client".to_owned()) };
    };
    match code {
        // A replica refuses to write in its own words.
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE || *code == SqlState::READ_ONLY_SQL_TRANSACTION => Failure::Forbidden,
        code if *code == SqlState::UNDEFINED_TABLE => Failure::NoTable,
        code if *code == SqlState::UNDEFINED_COLUMN => Failure::NoColumn,
        code if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED => Failure::Busy,
        code if *code == SqlState::T_R_DEADLOCK_DETECTED || *code == SqlState::T_R_SERIALIZATION_FAILURE => Failure::Busy,
        // A server that is stopping says so before it hangs up; 40003 is “completion unknown”.
        code if code.code().starts_with("57") || code.code().starts_with("08") || code.code() == "40003" => Failure::Lost,
        code => Failure::Refused(code.code().to_owned()),
    }
}

#[async_trait]
impl Connection for Postgres {
    fn words(&self) -> Words {
        Words::Postgres
    }

    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let values: Vec<Option<&str>> = statement.values.iter().map(|value| value.as_ref().map(|value| value.as_str())).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.client.query(&statement.text, &values).await.map_err(|error| failure(&error))?;
        let text = |row: &tokio_postgres::Row, at: usize| match row.try_get::<_, Option<String>>(at) {
            Ok(text) => Ok(text.map(Zeroizing::new)),
            Err(_) => Err(Failure::Refused("client".to_owned())),
        };
        rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect()).collect()
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64, Failure> {
        let values: Vec<Option<&str>> = statement.values.iter().map(|value| value.as_ref().map(|value| value.as_str())).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        if values.is_empty() {
            // `BEGIN`, `COMMIT` and `ROLLBACK` are no statements that can be prepared everywhere.
            return self.client.batch_execute(&statement.text).await.map(|()| 0).map_err(|error| failure(&error));
        }
        self.client.execute(&statement.text, &values).await.map_err(|error| failure(&error))
    }

    async fn cast_of(&mut self, statement: &str) -> Result<Option<String>, Failure> {
        let prepared = self.client.prepare(statement).await.map_err(|error| failure(&error))?;
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        Ok(prepared.columns().first().map(|column| format!("{}.{}", quoted(column.type_().schema()), quoted(column.type_().name()))))
    }

    async fn has_transactions(&mut self, _table: &str) -> Result<bool, Failure> {
        Ok(true)
    }
}
