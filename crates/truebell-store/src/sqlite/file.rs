//! Opening the file: whose it is, whether it is whole, its settings and its schema.

use super::failure::of_open;
use crate::migrations::{self, Migration, Recorded};
use crate::open::OpenError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// Marks a file as ours: "Tbel".
const APPLICATION_ID: i64 = 0x5462_656c;
/// Up to this size the whole file is checked on opening; a larger one is looked through while it serves.
const CHECKED_BYTES_MAX: u64 = 64 << 20;
/// Prepared statements kept by each connection.
const STATEMENTS_KEPT: usize = 128;

type Result<T> = std::result::Result<T, OpenError>;

/// Held while this process serves the file. Another process is refused as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: Option<File>,
}

/// Takes the lock beside the file. Where nothing can be written, nobody else writes either.
pub(super) fn lock(path: &Path) -> Result<Lock> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = match File::options().create(true).truncate(false).write(true).open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem && path.exists() => return Ok(Lock { file: None }),
        Err(error) => return Err(OpenError::Io(error.kind())),
    };
    match file.try_lock() {
        Ok(()) => Ok(Lock { file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(OpenError::Io(error.kind())),
    }
}

/// A connection that writes, on a file whose schema is this version's.
pub(super) fn open_writer(path: &Path, lock: &Lock) -> Result<Connection> {
    make_writer(path).map_err(|error| match error {
        // SQLite says that a file beside it is not there, and means that it could not be made.
        OpenError::Io(_) if lock.file.is_none() => OpenError::Io(ErrorKind::ReadOnlyFilesystem),
        error => error,
    })
}

fn make_writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| of_open(&error))?;
    configure(&connection, 4096)?;
    let is_new = check_ours(&connection)?;
    if !is_new {
        check_whole(&connection, path)?;
    }
    migrate(&mut connection)?;
    Ok(connection)
}

/// Which schemas a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// This version's, and newer ones that it can work with.
    Compatible,
    /// This version's only: to read everything there is.
    Own,
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path, takes: Takes) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| of_open(&error))?;
    configure(&connection, 1024)?;
    if check_ours(&connection)? {
        return Err(OpenError::NotOurs);
    }
    match takes {
        Takes::Compatible => migrations::check_readable(migrations::sqlite(), &recorded(&connection)?)?,
        Takes::Own => migrations::check_own(migrations::sqlite(), &recorded(&connection)?)?,
    }
    Ok(connection)
}

/// Write-ahead log; each commit on the disk before it is answered; little memory; a row that is replaced counts as deleted for triggers.
fn configure(connection: &Connection, cache_kib: u32) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.busy_timeout(Duration::from_secs(5)).map_err(|error| of_open(&error))?;
    // Else a statement is planned anew for every other value it is given, which costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| of_open(&error))?;
    let settings =
        format!("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA cache_size = -{cache_kib};");
    connection.execute_batch(&settings).map_err(|error| of_open(&error))
}

/// Whether the file is new and empty. One with somebody else's tables is refused.
fn check_ours(connection: &Connection) -> Result<bool> {
    let ask = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| of_open(&error));
    match (ask("PRAGMA application_id")?, ask("SELECT count(*) FROM sqlite_master")?) {
        (APPLICATION_ID, _) => Ok(false),
        (0, 0) => Ok(true),
        _ => Err(OpenError::NotOurs),
    }
}

/// Whether checking all of it would keep everybody waiting.
pub(super) fn is_large(path: &Path) -> Result<bool> {
    Ok(std::fs::metadata(path).map_err(|error| OpenError::Io(error.kind()))?.len() > CHECKED_BYTES_MAX)
}

fn check_whole(connection: &Connection, path: &Path) -> Result<()> {
    if is_large(path)? {
        return Ok(());
    }
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(|error| of_open(&error))?;
    if found == "ok" { Ok(()) } else { Err(OpenError::Damaged) }
}

fn recorded(connection: &Connection) -> Result<Recorded> {
    let read = || {
        let is_there = connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migrations'")?.exists([])?;
        if !is_there {
            return Ok(Recorded::default());
        }
        let mut statement = connection.prepare("SELECT number, checksum FROM migrations ORDER BY number")?;
        let steps: Vec<_> = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let needs = match steps.len() {
            // The column came with the second step.
            0 | 1 => 1,
            _ => connection.query_row("SELECT max(compatible_from) FROM migrations", [], |row| row.get(0))?,
        };
        Ok(Recorded { steps, needs })
    };
    read().map_err(|error: rusqlite::Error| of_open(&error))
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let steps = migrations::pending(migrations::sqlite(), &recorded(connection)?)?;
    if steps.is_empty() {
        return Ok(());
    }
    // The log is chosen before the first table is made, outside any transaction; the file remembers it.
    connection.execute_batch("PRAGMA journal_mode = WAL").map_err(|error| of_open(&error))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| of_open(&error))?;
    take(&transaction, steps).and_then(|()| transaction.commit()).map_err(|error| of_open(&error))
}

fn take(transaction: &Transaction<'_>, steps: &[Migration]) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    for step in steps {
        transaction.execute_batch(step.sql)?;
        let sql = "INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)";
        transaction.execute(sql, params![step.number, step.name, step.checksum()])?;
        if step.number > 1 {
            let sql = "UPDATE migrations SET compatible_from = ? WHERE number = ?";
            transaction.execute(sql, params![step.compatible_from, step.number])?;
        }
    }
    Ok(())
}
