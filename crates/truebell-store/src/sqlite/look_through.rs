//! Looking through a large file for damage while it serves.
//!
//! A small file is checked as it is opened. A large one would keep everybody waiting for that (a gigabyte takes seconds to minutes, by
//! the disk), and a server that starts in the middle of a bad day must start. So it serves at once and is looked through beside that,
//! by a connection of its own that works a fifth of the time at most. Table by table: as long as one is looked through, the write-ahead
//! log cannot begin anew, so no look should be longer than it must. It finds pages that contradict each other (`PRAGMA quick_check`), not an index that lacks
//! a row: for that, everything would have to be read many times.
//!
//! Damage that is found stops nothing that still works: `/readyz` and the log say it, and a person decides.

use super::file::{self, Takes};
use super::place::Place;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Steps of SQLite between two pauses: a few milliseconds of work.
const STEPS: i32 = 1000;
/// For each moment of work, so many of rest.
const REST: u32 = 4;
/// No longer rest than this: a slow disk is slow enough.
const REST_MAX: Duration = Duration::from_millis(200);

/// What a look has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing wrong.
    Whole,
    /// Pages that contradict each other.
    Damaged,
    /// The store was closed before the end, or the file could not be read to the end.
    NotSeen,
}

/// Begins to look, on a thread of its own that ends with the store.
pub(super) fn begin(path: &Path, place: &Arc<Place>) {
    let (path, place) = (path.to_owned(), Arc::downgrade(place));
    let looking = move || {
        let started = Instant::now();
        let found = look_through(&path, &place, REST);
        let seconds = started.elapsed().as_secs();
        match found {
            Found::Whole => tracing::info!(seconds, "the database was looked through: no damage"),
            Found::Damaged => {
                tracing::error!(seconds, "the database is damaged: stop the server, keep a copy of the file, and restore a backup");
                if let Some(place) = place.upgrade() {
                    place.mark_damaged();
                }
            }
            Found::NotSeen => tracing::info!(seconds, "the database was not looked through to the end"),
        }
    };
    // Without the thread there is no look, and everything else is as before.
    if let Err(error) = std::thread::Builder::new().name("look-through".into()).spawn(looking) {
        tracing::warn!(%error, "the database is not looked through for damage");
    }
}

/// Looks through every table and its indexes.
pub(super) fn look_through(path: &Path, place: &Weak<Place>, rest: u32) -> Found {
    let Ok(mut connection) = file::open_reader(path, Takes::Compatible) else { return Found::NotSeen };
    let (watched, mut worked_since) = (Weak::clone(place), Instant::now());
    let pause = move || {
        std::thread::sleep(worked_since.elapsed().saturating_mul(rest).min(REST_MAX));
        worked_since = Instant::now();
        watched.strong_count() == 0
    };
    if connection.progress_handler(STEPS, Some(pause)).is_err() {
        return Found::NotSeen;
    }
    match look_at_tables(&mut connection) {
        Ok(true) => Found::Whole,
        Ok(false) => Found::Damaged,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) => Found::Damaged,
        Err(_) => Found::NotSeen,
    }
}

fn look_at_tables(connection: &mut Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let sql = format!("PRAGMA quick_check(\"{}\")", table.replace('"', "\"\""));
        let said: String = connection.query_row(&sql, [], |row| row.get(0))?;
        if said != "ok" {
            return Ok(false);
        }
    }
    Ok(true)
}
