//! A site's accounts, read where the site keeps them and never written (that is `action`): tables of PostgreSQL, MariaDB, MySQL
//! and SQLite, CSV and JSON lines.
//!
//! Read in pages, in the order of the accounts' ids, so that memory stays the same however many there are, and so that a reader that
//! lost its connection goes on where it was. A page is of its own moment: an account that changes meanwhile has another
//! [`Generation`](crate::password::Generation), which whoever acts later compares. Never here: what a password is worth (`password`).

mod account;
mod csv;
mod error;
mod file;
mod look;
pub(crate) mod mariadb;
mod postgres;
mod preset;
mod sql;
mod sqlite;
mod table;

#[cfg(test)]
pub(crate) mod testbed;
#[cfg(test)]
mod tests;

pub use account::{Account, Held, State};
pub use error::SourceError;
pub use look::{Look, MaskedAccount, look};
pub use preset::Preset;
pub use table::{Flag, Join, Table, When};

pub(crate) use account::account;
pub(crate) use mariadb::use_ring;
pub(crate) use postgres::connect as connect_postgres;
pub(crate) use sql::Quote;

use async_trait::async_trait;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a source has read up to. Opaque; its text can be kept and read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The id of the last account, a number.
    Number(i64),
    /// The id of the last account, a text.
    Text(String),
    /// Bytes of a file.
    Offset(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(out, "n{number}"),
            Self::Text(text) => write!(out, "t{text}"),
            Self::Offset(offset) => write!(out, "o{offset}"),
        }
    }
}

impl FromStr for Place {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let mut letters = text.chars();
        let kind = letters.next();
        let rest = letters.as_str();
        let place = match kind {
            Some('n') => rest.parse().ok().map(Self::Number),
            Some('t') => Some(Self::Text(rest.to_owned())),
            Some('o') => rest.parse().ok().map(Self::Offset),
            _ => None,
        };
        place.ok_or(SourceError::NotAPlace)
    }
}

/// Some accounts, in the order of their ids.
#[derive(Debug, Default)]
pub struct Page {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Rows without an id or an address, which are nobody's account.
    pub skipped: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// A place that accounts are read from.
#[async_trait]
pub trait Source: Send {
    /// The accounts behind `after`, at most `limit` of them; the first ones without it. Asked again after a failure, it answers the same.
    async fn page(&mut self, after: Option<&Place>, limit: u32) -> Result<Page, SourceError>;
}

/// Where a source is. Shown without user and password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// `sqlite:/srv/shop/db.sqlite3`
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`
    Postgres(String),
    /// `mariadb://user:password@host/database`, or `mysql://…`.
    MariaDb(String),
    /// `csv:/srv/export.csv`: RFC 4180, with a header line.
    Csv(PathBuf),
    /// `jsonl:/srv/export.jsonl`: an object a line.
    JsonLines(PathBuf),
}

impl FromStr for Location {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        if text.starts_with("mariadb://") || text.starts_with("mysql://") {
            return Ok(Self::MariaDb(text.to_owned()));
        }
        match text.split_once(':').filter(|(_, path)| !path.is_empty() && !path.starts_with("//")) {
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some(("csv", path)) => Ok(Self::Csv(path.into())),
            Some(("jsonl", path)) => Ok(Self::JsonLines(path.into())),
            _ => Err(SourceError::NotALocation),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(out, "sqlite:{}", path.display()),
            Self::Csv(path) => write!(out, "csv:{}", path.display()),
            Self::JsonLines(path) => write!(out, "jsonl:{}", path.display()),
            Self::Postgres(url) => write!(out, "postgres://{}", without_credentials(url)),
            Self::MariaDb(url) => write!(out, "mariadb://{}", without_credentials(url)),
        }
    }
}

/// Host and database.
fn without_credentials(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    // A password may hold a question mark, and an `@` may stand behind one.
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    place.split('?').next().unwrap_or_default()
}

impl fmt::Debug for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Opens a source and checks that its columns are there. Nothing is ever written to it.
pub async fn open(location: &Location, table: &Table) -> Result<Box<dyn Source>, SourceError> {
    Ok(match location {
        Location::Sqlite(path) => Box::new(sqlite::Sqlite::open(path, table)?),
        Location::Postgres(url) => Box::new(postgres::Postgres::open(url, location, table).await?),
        Location::MariaDb(url) => Box::new(mariadb::MariaDb::open(url, location, table).await?),
        Location::Csv(path) => Box::new(file::File::open(path, file::Form::Csv, table)?),
        Location::JsonLines(path) => Box::new(file::File::open(path, file::Form::JsonLines, table)?),
    })
}
