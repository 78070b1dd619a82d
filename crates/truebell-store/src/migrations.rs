//! The steps of the schema, as files, and what a database's own list of steps says about who wrote it.
//!
//! Steps expand first and contract later: a version and the one before it can work on one database. A step once landed never
//! changes; its checksum is recorded.

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
}

impl Migration {
    /// Names its text.
    pub(crate) fn checksum(&self) -> [u8; 32] {
        Sha256::digest(self.sql.as_bytes()).into()
    }
}

/// SQLite's steps.
pub(crate) const SQLITE: &[Migration] =
    &[Migration { number: 1, name: "0001_initial", sql: include_str!("migrations/sqlite/0001_initial.sql") }];

/// PostgreSQL's steps.
pub(crate) const POSTGRES: &[Migration] =
    &[Migration { number: 1, name: "0001_initial", sql: include_str!("migrations/postgres/0001_initial.sql") }];

/// The steps still to take, given those recorded (number and checksum, in order).
pub(crate) fn pending(known: &'static [Migration], recorded: &[(u32, Vec<u8>)]) -> Result<&'static [Migration], OpenError> {
    let newest = recorded.last().map_or(0, |(number, _)| *number);
    let newest_known = known.last().map_or(0, |step| step.number);
    if newest > newest_known {
        return Err(OpenError::NewerSchema { found: newest, known: newest_known });
    }
    for (step, (number, checksum)) in known.iter().zip(recorded) {
        if step.number != *number || step.checksum().as_slice() != checksum {
            return Err(OpenError::AlteredSchema { step: *number });
        }
    }
    known.get(recorded.len()..).ok_or(OpenError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_has_the_form_of_the_newest_step() {
        for steps in [SQLITE, POSTGRES] {
            assert_eq!(steps.last().map(|step| step.number), Some(crate::SCHEMA));
        }
    }

    #[test]
    fn a_newer_database_and_an_altered_step_are_refused() {
        let first = SQLITE[0].checksum().to_vec();
        assert_eq!(pending(SQLITE, &[]).map(<[_]>::len), Ok(1));
        assert_eq!(pending(SQLITE, &[(1, first.clone())]).map(<[_]>::len), Ok(0));
        assert_eq!(pending(SQLITE, &[(1, first), (2, vec![])]).map(<[_]>::len), Err(OpenError::NewerSchema { found: 2, known: 1 }));
        assert_eq!(pending(SQLITE, &[(1, vec![0; 32])]).map(<[_]>::len), Err(OpenError::AlteredSchema { step: 1 }));
    }
}
