//! From a line of configuration to a store: where the database is, and why it cannot be opened.
//!
//! Never here: a password in a message.

use crate::Store;
use crate::moving::{Movable, MoveRow, Role};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of ours: `sqlite:/var/lib/truebell/truebell.db`.
    Sqlite(PathBuf),
    /// A PostgreSQL server: `postgres://user:password@host/database?sslmode=verify-full`.
    Postgres(String),
}

/// A text that is no location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database location is not understood: write sqlite:/path/to/file or postgres://user@host/database")]
pub struct NotALocation;

impl FromStr for Location {
    type Err = NotALocation;
    fn from_str(text: &str) -> Result<Self, NotALocation> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:").ok_or(NotALocation)?;
        let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        if path.is_empty() || path.starts_with("//") { Err(NotALocation) } else { Ok(Self::Sqlite(path.into())) }
    }
}

impl fmt::Display for Location {
    /// Without the user and password of a URL.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(out, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let place = rest.split('?').next().map_or("", |rest| rest.rsplit_once('@').map_or(rest, |(_, place)| place));
                write!(out, "postgres://{place}")
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Why a database was not opened. Nothing in it was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A newer version of this program wrote it, and this one cannot work with what that one made.
    #[error("the database was written by a newer Truebell (schema {found}, this one knows {known}): install that version or a newer one")]
    NewerSchema {
        /// Its newest step.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// It was opened to be read, and lacks steps.
    #[error(
        "the database is of an older Truebell (schema {found}, this one knows {known}): start its server with this version first, which brings it up to date"
    )]
    OlderSchema {
        /// Its newest step.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A recorded step is not the one this program would take.
    #[error(
        "step {step} of the database's schema is not the one this Truebell knows: it was changed by hand or by an unreleased version; restore a backup"
    )]
    AlteredSchema {
        /// Which.
        step: u32,
    },
    /// It holds tables of something else.
    #[error("the database belongs to another program: name an empty database, or the one Truebell made")]
    NotOurs,
    /// It is no database, or its pages contradict each other.
    #[error("the database is damaged: restore a backup; nothing in it was changed")]
    Damaged,
    /// Another process has it open.
    #[error("another process is using the database: stop that server first")]
    Locked,
    /// The system refused.
    #[error("the database cannot be opened ({0}): check that its folder exists, has room, and belongs to the server's user")]
    Io(std::io::ErrorKind),
    /// A database server does not answer.
    #[error("the database server at {0} does not answer: check that it runs and that the address is right")]
    Unreachable(String),
    /// Something long is at work in the database.
    #[error(
        "the database at {0} is at work on something long (a backup?), and its schema could not be brought up to date: start again when that is done; servers that run go on"
    )]
    Busy(String),
    /// A database server does not let us in.
    #[error("the database server at {0} refuses this user, password or database: check the location")]
    Refused(String),
    /// TLS with a database server is not possible, or shows that it is another.
    #[error("no trustworthy TLS connection to the database server at {place}: {why}")]
    Tls {
        /// The location.
        place: String,
        /// What is wrong.
        why: DistrustsTls,
    },
    /// A database server takes no writes.
    #[error("the database at {0} cannot be written to: it is a standby, or its server is read-only")]
    ReadOnly(String),
    /// The data is somewhere else now.
    #[error("the data of this database was moved to {0}: use that one (set `store` to it)")]
    Moved(String),
    /// A move to this database was not ended.
    #[error(
        "this database is the unfinished target of a move from {0}: use that one; a server started on it ends the move, or `truebell store move --abort` does"
    )]
    Unfinished(String),
    /// A location that says something impossible.
    #[error(transparent)]
    Location(#[from] NotALocation),
}

/// What is wrong with TLS to a database server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DistrustsTls {
    /// No authority that counts signed its certificate.
    #[error("its certificate is not signed by an authority this server trusts; name the authority's certificate with sslrootcert")]
    Untrusted,
    /// The certificate is another host's.
    #[error("its certificate is for another name than the location's host; correct the host, or say sslmode=verify-ca if any name will do")]
    Misnamed,
    /// Out of date.
    #[error("its certificate has run out or is not valid yet; renew it, unless this machine's clock is wrong")]
    Expired,
    /// It has TLS switched off.
    #[error("it speaks no TLS; set ssl = on there, or say sslmode=disable where nobody can listen in between")]
    NotSpoken,
    /// Nobody to trust.
    #[error("this machine has no certificate authorities; install them, or name one with sslrootcert")]
    NoRoots,
    /// The authority's file cannot be read.
    #[error("the file that sslrootcert names, {path}, cannot be read ({1})", path = .0.display())]
    Unreadable(PathBuf, std::io::ErrorKind),
    /// The authority's file is something else.
    #[error("the file that sslrootcert names, {path}, holds no certificate in PEM", path = .0.display())]
    NoCertificate(PathBuf),
    /// Anything else.
    #[error("the two cannot agree on one; check its certificate")]
    Other,
}

/// A database that was opened, whatever its part in a move.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Movable>,
    /// What it says about a move.
    pub row: Option<MoveRow>,
}

/// Opens a database, makes its tables if it is new, and takes the steps its schema lacks. For a process that serves it. One that a
/// newer version has taken further is opened as it is, if this version can work with it.
pub async fn open(location: &Location) -> Result<Arc<dyn Store>, OpenError> {
    let Opened { store, row } = open_movable(location).await?;
    check_served(row.as_ref())?;
    Ok(store)
}

/// The same for a database that may be part of a move: whether it is the one that counts, its row says.
pub async fn open_movable(location: &Location) -> Result<Opened, OpenError> {
    let store: Arc<dyn Movable> = match location {
        Location::Sqlite(path) => Arc::new(Sqlite::open(path)?),
        Location::Postgres(url) => Arc::new(Postgres::open(location, url).await?),
    };
    let row = store.move_row().await.map_err(|_| OpenError::Unreachable(location.to_string()))?;
    Ok(Opened { store, row })
}

/// What is at a place that a move could go to.
pub enum Found {
    /// Nothing yet: tables can be made there.
    Nothing,
    /// Tables of this version. Only to be read.
    Ours(Opened),
}

/// Looks at a place without changing anything there.
pub async fn look_at(location: &Location) -> Result<Found, OpenError> {
    let opened: Result<Arc<dyn Movable>, OpenError> = match location {
        Location::Sqlite(path) if Sqlite::is_new(path)? => return Ok(Found::Nothing),
        Location::Sqlite(path) => Sqlite::open_to_read(path).map(|store| Arc::new(store) as _),
        Location::Postgres(url) => Postgres::open_to_read(location, url).await.map(|store| Arc::new(store) as _),
    };
    match opened {
        // No step was ever taken there, and there is no table of anybody else.
        Err(OpenError::OlderSchema { found: 0, .. }) => Ok(Found::Nothing),
        Err(error) => Err(error),
        Ok(store) => {
            let row = store.move_row().await.map_err(|_| OpenError::Unreachable(location.to_string()))?;
            Ok(Found::Ours(Opened { store, row }))
        }
    }
}

/// Opens a database to read it while another process serves it: for backups. It must be there already, with this version's schema;
/// every write is refused as [`StoreError::ReadOnly`](crate::StoreError::ReadOnly).
pub async fn open_to_read(location: &Location) -> Result<Arc<dyn Store>, OpenError> {
    let store: Arc<dyn Movable> = match location {
        Location::Sqlite(path) => Arc::new(Sqlite::open_to_read(path)?),
        Location::Postgres(url) => Arc::new(Postgres::open_to_read(location, url).await?),
    };
    let row = store.move_row().await.map_err(|_| OpenError::Unreachable(location.to_string()))?;
    check_served(row.as_ref())?;
    Ok(store)
}

/// Only one of the databases of a move counts.
fn check_served(row: Option<&MoveRow>) -> Result<(), OpenError> {
    match row {
        Some(row) if row.role == Role::Moved => Err(OpenError::Moved(row.place.clone())),
        Some(row) if matches!(row.role, Role::Target | Role::Ready) => Err(OpenError::Unfinished(row.place.clone())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_read_and_shown_without_its_password() {
        let cases = [
            ("sqlite:/var/lib/truebell.db", "sqlite:/var/lib/truebell.db"),
            ("sqlite:///var/lib/truebell.db", "sqlite:/var/lib/truebell.db"),
            ("sqlite:here.db", "sqlite:here.db"),
            ("postgres://ada:s3cr@t@db.example/truebell?password=x", "postgres://db.example/truebell"),
            ("postgresql://localhost/truebell", "postgres://localhost/truebell"),
        ];
        for (text, shown) in cases {
            assert_eq!(text.parse::<Location>().map(|location| format!("{location} {location:?}")), Ok(format!("{shown} {shown}")));
        }
    }

    #[test]
    fn what_is_no_location_is_refused_in_a_sentence() {
        for text in ["", "sqlite:", "sqlite://host/file", "mysql://localhost", "/var/lib/truebell.db"] {
            assert_eq!(text.parse::<Location>(), Err(NotALocation), "{text}");
        }
    }
}
