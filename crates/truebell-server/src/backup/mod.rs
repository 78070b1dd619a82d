//! Backups: everything a server is, in one sealed file; made while it serves, checked by restoring it, restored whole or not at all.
//! The format is in `docs/formats/backup.md`. Never here: a partial restore, or a restore that clients are not told of.

mod aside;
mod error;
mod frames;
mod make;
mod reader;
mod restore;
mod run;
mod tally;
mod writer;

pub use error::BackupError;
pub use make::{Made, Making, make};
pub use reader::Contents;
pub use restore::{Restored, Restoring, inspect, restore, restore_key};
pub use run::{Done, RunError, Wish, back_up, bring_back};
pub use tally::Tally;

use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use truebell_core::hash::Hash32;
use truebell_core::ids::ServerId;
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;
use truebell_store::rows::{DumpRow, Identity};

/// One entry of a backup, in this order: one manifest, any number of rows, one end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
enum Entry {
    #[n(0)]
    Manifest(#[n(0)] Manifest),
    #[n(1)]
    Row(#[n(0)] DumpRow),
    #[n(2)]
    End(#[n(0)] Totals),
}

/// What a backup is of.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Manifest {
    /// When it was made.
    #[n(0)]
    pub made: UnixMillis,
    /// The form of its rows.
    #[n(1)]
    pub schema: u32,
    /// The server.
    #[n(2)]
    pub server: ServerId,
    #[n(3)]
    key: PublicKey,
    #[cbor(n(4), with = "minicbor::bytes")]
    generation: [u8; 16],
    /// Its restore epoch then.
    #[n(5)]
    pub restore_epoch: u64,
    #[n(6)]
    created: UnixMillis,
    /// The key file's text.
    #[n(7)]
    key_file: String,
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Manifest({}, {})", self.server, self.made.utc())
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key_file);
    }
}

impl Manifest {
    fn identity(&self) -> Identity {
        Identity {
            server: self.server,
            key: self.key,
            generation: self.generation,
            restore_epoch: self.restore_epoch,
            created: self.created,
        }
    }
}

/// How many rows each table has, and a digest over them that does not depend on their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Totals {
    #[n(0)]
    tables: BTreeMap<String, Total>,
}

impl Totals {
    /// Rows in all tables.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|total| total.rows).sum()
    }

    /// Rows of one table.
    pub fn rows_of(&self, table: &str) -> u64 {
        self.tables.get(table).map_or(0, |total| total.rows)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
struct Total {
    #[n(0)]
    rows: u64,
    #[n(1)]
    digest: Hash32,
}

#[cfg(test)]
mod tests;
