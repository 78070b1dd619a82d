//! The steps of the schema, as files, and what a database's own list of steps says about who can work with it.
//!
//! Steps expand first and contract later. An *expanding* step only adds (a table, an index, a column that may be left out), so the
//! version before goes on working on it, even started anew: its `compatible_from` is that version's newest step. A *contracting*
//! step takes something away that older versions need; its `compatible_from` is the first step of the versions that need it no
//! longer, and older ones refuse to start. A step once landed never changes; its checksum is recorded.
//!
//! For that every INSERT outside a dump names its columns.

use crate::open::OpenError;
use sha2::{Digest, Sha256};

/// One step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// From 1 without a gap; the same on both databases.
    pub(crate) number: u32,
    /// The file's name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) sql: &'static str,
    /// The newest step a program must know at least to work on a database that has taken this one.
    pub(crate) compatible_from: u32,
}

impl Migration {
    /// Names its text.
    pub(crate) fn checksum(&self) -> [u8; 32] {
        Sha256::digest(self.sql.as_bytes()).into()
    }
}

/// The steps of both databases, in order: number, file, `compatible_from`.
macro_rules! steps {
    ($($number:literal, $file:literal, $compatible_from:literal;)*) => {
        const SQLITE: &[Migration] = &[$(Migration {
            number: $number,
            name: $file,
            sql: include_str!(concat!("migrations/sqlite/", $file, ".sql")),
            compatible_from: $compatible_from,
        },)*];
        const POSTGRES: &[Migration] = &[$(Migration {
            number: $number,
            name: $file,
            sql: include_str!(concat!("migrations/postgres/", $file, ".sql")),
            compatible_from: $compatible_from,
        },)*];
    };
}

steps! {
    1, "0001_initial", 1;
    2, "0002_compatible_from", 2;
    // Only adds, but events of a version before it would be missing from the log.
    3, "0003_log", 3;
    4, "0004_status_entries", 3;
    // Only adds, but events of a version before it would be missing from the streams, and nobody would be told of them.
    5, "0005_signals", 5;
    // Only adds, but a version before it would serve a database that was left.
    6, "0006_moves", 6;
    7, "0007_retractions", 6;
    // Only adds, but a version before it sends whatever waits.
    8, "0008_mail_breaker", 8;
    // Only adds, but a version before it would take a machine for a person's device, and let it do anything.
    9, "0009_machine_vaults", 9;
    10, "0010_response", 9;
}

/// SQLite's steps.
pub(crate) fn sqlite() -> &'static [Migration] {
    #[cfg(feature = "next-schema")]
    if let Some(steps) = next::steps(SQLITE) {
        return steps;
    }
    SQLITE
}

/// PostgreSQL's steps.
pub(crate) fn postgres() -> &'static [Migration] {
    #[cfg(feature = "next-schema")]
    if let Some(steps) = next::steps(POSTGRES) {
        return steps;
    }
    POSTGRES
}

/// The newest step this program knows.
pub(crate) fn newest() -> u32 {
    newest_of(sqlite())
}

fn newest_of(known: &[Migration]) -> u32 {
    known.last().map_or(0, |step| step.number)
}

/// What a database says of itself.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// Number and checksum of each step taken, in order.
    pub(crate) steps: Vec<(u32, Vec<u8>)>,
    /// The highest `compatible_from` of them.
    pub(crate) needs: u32,
}

impl Recorded {
    fn newest(&self) -> u32 {
        self.steps.last().map_or(0, |(number, _)| *number)
    }
}

/// The steps still to take. None where the database is newer and this program can work with it.
pub(crate) fn pending(known: &'static [Migration], recorded: &Recorded) -> Result<&'static [Migration], OpenError> {
    let newest = newest_of(known);
    if recorded.needs > newest {
        return Err(OpenError::NewerSchema { found: recorded.newest(), known: newest });
    }
    for (step, (number, checksum)) in known.iter().zip(&recorded.steps) {
        if step.number != *number || step.checksum().as_slice() != checksum {
            return Err(OpenError::AlteredSchema { step: *number });
        }
    }
    Ok(known.get(recorded.steps.len()..).unwrap_or(&[]))
}

/// `Ok` if nothing lacks, whether or not there is more.
pub(crate) fn check_readable(known: &'static [Migration], recorded: &Recorded) -> Result<(), OpenError> {
    if pending(known, recorded)?.is_empty() {
        return Ok(());
    }
    Err(OpenError::OlderSchema { found: recorded.newest(), known: newest_of(known) })
}

/// `Ok` if the schema is exactly this program's: what reads everything, a backup or a move, must know everything.
pub(crate) fn check_own(known: &'static [Migration], recorded: &Recorded) -> Result<(), OpenError> {
    check_readable(known, recorded)?;
    let (found, known) = (recorded.newest(), newest_of(known));
    if found > known { Err(OpenError::NewerSchema { found, known }) } else { Ok(()) }
}

/// A further step, so that tests can run an older and a newer version of one program side by side.
#[cfg(feature = "next-schema")]
pub(crate) mod next {
    use super::{Migration, newest_of};
    use std::sync::OnceLock;

    static CONTRACTS: OnceLock<bool> = OnceLock::new();

    /// From now on this process knows one step more: one that expands, or one that contracts.
    pub fn pretend(contracts: bool) {
        // The first call counts.
        let _known = CONTRACTS.set(contracts);
    }

    pub(super) fn steps(known: &'static [Migration]) -> Option<&'static [Migration]> {
        let contracts = *CONTRACTS.get()?;
        let number = newest_of(known) + 1;
        let sql = "ALTER TABLE accounts ADD COLUMN next_note text; CREATE TABLE next_notes (note text NOT NULL PRIMARY KEY);
                   ALTER TABLE sessions ADD COLUMN next_note text; ALTER TABLE events ADD COLUMN next_note text;
                   ALTER TABLE revisions ADD COLUMN next_note text; ALTER TABLE commits ADD COLUMN next_note text;";
        let compatible_from = if contracts { number } else { number - 1 };
        let next = Migration { number, name: "next", sql, compatible_from };
        Some(Box::leak([known, &[next]].concat().into_boxed_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_has_the_form_of_the_newest_step() {
        assert_eq!((newest(), newest_of(POSTGRES)), (crate::SCHEMA, crate::SCHEMA));
    }

    #[test]
    fn no_step_asks_for_more_than_itself_or_less_than_those_before() {
        let mut before = 1;
        for step in SQLITE {
            assert!((before..=step.number).contains(&step.compatible_from), "{}", step.name);
            before = step.compatible_from;
        }
    }

    const KNOWN: &[Migration] = &[
        Migration { number: 1, name: "first", sql: "1", compatible_from: 1 },
        Migration { number: 2, name: "second", sql: "2", compatible_from: 1 },
    ];

    fn recorded(numbers: std::ops::RangeInclusive<u32>, needs: u32) -> Recorded {
        let checksum = |number: u32| KNOWN.iter().find(|step| step.number == number).map_or(vec![7], |step| step.checksum().to_vec());
        Recorded { steps: numbers.map(|number| (number, checksum(number))).collect(), needs }
    }

    #[test]
    fn an_older_program_works_on_what_was_expanded_and_refuses_what_was_contracted() {
        let newer = |found| Err(OpenError::NewerSchema { found, known: 2 });
        let older = |found| Err(OpenError::OlderSchema { found, known: 2 });
        // What is there, what it needs; steps to take, whether it serves reads, whether it may be backed up.
        for (database, steps, readable, own) in [
            (Recorded::default(), Ok(2), older(0), older(0)),
            (recorded(1..=1, 1), Ok(1), older(1), older(1)),
            (recorded(1..=2, 1), Ok(0), Ok(()), Ok(())),
            (recorded(1..=3, 1), Ok(0), Ok(()), newer(3)),
            (recorded(1..=4, 2), Ok(0), Ok(()), newer(4)),
            (recorded(1..=4, 3), newer(4).map(|()| 0), newer(4), newer(4)),
        ] {
            assert_eq!(pending(KNOWN, &database).map(<[_]>::len), steps, "{database:?}");
            assert_eq!(check_readable(KNOWN, &database), readable, "{database:?}");
            assert_eq!(check_own(KNOWN, &database), own, "{database:?}");
        }
    }

    #[test]
    fn an_altered_step_is_refused_however_new_the_database() {
        let mut database = recorded(1..=3, 1);
        database.steps[1].1 = vec![0; 32];
        assert_eq!(pending(KNOWN, &database).map(<[_]>::len), Err(OpenError::AlteredSchema { step: 2 }));
    }
}
