//! The local copy: sealed and signed data only, in SQLite with a write-ahead log. What is acknowledged is on the disk.
//!
//! Never here: a key, an opened item. `rows.rs` has the statements; this file opens, checks and begins transactions.

pub(super) mod rows;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::path::Path;
use truebell_core::event::{self, Chain, Link, Trust};
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Record;
use truebell_engine::sync::{Facts, KnownAddress, Local};

/// Why the local copy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// A record does not verify, or the file is no database.
    #[error(
        "the local copy is damaged at {at}; nothing was changed; `truebell sync --rebuild` fetches it again; {}",
        kept_words(*.kept)
    )]
    Damaged {
        /// Table and row.
        at: String,
        /// Unsynced edits that can be read; they are kept by a rebuild.
        kept: usize,
    },
    /// No room.
    #[error("the disk is full: nothing was changed; make room and try again")]
    Full,
    /// Nothing can be written there.
    #[error("the local copy cannot be written: reading goes on, editing does not; check the permissions of the profile folder")]
    ReadOnly,
    /// Written by a newer version.
    #[error("the local copy was written by a newer version of Truebell: update this one")]
    Newer,
    /// Anything else SQLite says.
    #[error("the local copy cannot be used: {0}")]
    Sqlite(rusqlite::Error),
}

fn kept_words(kept: usize) -> String {
    match kept {
        0 => "no unsynced edit can be read in it".into(),
        1 => "one unsynced edit could be read and is kept".into(),
        kept => format!("{kept} unsynced edits could be read and are kept"),
    }
}

impl From<rusqlite::Error> for ReplicaError {
    fn from(error: rusqlite::Error) -> Self {
        let damaged = |at: &str| Self::Damaged { at: at.into(), kept: 0 };
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Self::Full,
                ErrorCode::ReadOnly => Self::ReadOnly,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => damaged("the database file"),
                _ => Self::Sqlite(error),
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => damaged("a row of the database"),
            _ => Self::Sqlite(error),
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, ReplicaError>;

/// The version of the schema this program writes (`PRAGMA user_version`).
const SCHEMA: i64 = 2;
const TRACE_LEN: u32 = 50;

/// The local copy.
pub(super) struct Replica {
    connection: Connection,
}

impl Replica {
    /// Opens it, and makes its tables if it is new.
    pub(super) fn open(file: &Path) -> Result<Self> {
        Self::prepare(Connection::open(file)?)
    }

    /// One that goes with the process.
    pub(super) fn in_memory() -> Result<Self> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(connection: Connection) -> Result<Self> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        // Else a statement is planned anew for every other value it is given, which costs more than running it.
        connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(64);
        let mut replica = Self { connection };
        match replica.connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? {
            0 => {
                let tx = replica.begin()?;
                tx.execute_batch(include_str!("schema.sql"))?;
                tx.execute_batch(include_str!("schema-2.sql"))?;
                tx.pragma_update(None, "user_version", SCHEMA)?;
                tx.commit()?;
            }
            1 => {
                let tx = replica.begin()?;
                tx.execute_batch(include_str!("schema-2.sql"))?;
                tx.pragma_update(None, "user_version", SCHEMA)?;
                tx.commit()?;
            }
            SCHEMA => {}
            _ => return Err(ReplicaError::Newer),
        }
        Ok(replica)
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Lets the file grow no further, as a full disk does, or as far as it likes.
    #[cfg(feature = "simulation")]
    pub(super) fn limit_room(&self, is_full: bool) -> Result<()> {
        let pages: i64 = if is_full { 1 } else { 0xffff_fffe };
        self.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        Ok(())
    }

    /// To read outside a transaction.
    pub(super) fn read(&self) -> &Connection {
        &self.connection
    }

    /// How far this device is. Checked against the vaults' signed heads: a row that was changed on the disk shows here.
    pub(super) fn load_local(&self, trust: &Trust) -> Result<Local> {
        let chain: Chain = rows::meta(&self.connection, "chain")?.unwrap_or_default();
        let record = self.record()?;
        let (facts, email) = self.load_facts(trust, &chain, record.as_ref())?;
        let record = record.map_or(0, |record| record.number);
        let mut local = Local { chain, facts, record, email, ..Local::default() };
        for row in rows::vaults(&self.connection)? {
            if !row.made {
                continue;
            }
            let damaged = || ReplicaError::Damaged { at: format!("vaults, {}", row.vault), kept: 0 };
            let head = row.head.parse_unverified().map_err(|_| damaged())?;
            let mut vault =
                truebell_engine::sync::LocalVault { seq: head.seq, head: row.head.digest(), made: head.made, ..Default::default() };
            vault.set(rows::items(&self.connection, row.vault)?);
            if vault.digest.digest() != head.digest {
                return Err(ReplicaError::Damaged { at: format!("items, {}", row.vault), kept: 0 });
            }
            local.vaults.insert(row.vault, vault);
        }
        Ok(local)
    }

    /// What the events here prove. Where they are damaged that is said by the inbox, and does not keep anybody from their items.
    /// And the address as the record has it, by what they proved when that was taken: an address this device changed since is in the
    /// events at once, and in the record with the next sync.
    fn load_facts(&self, trust: &Trust, end: &Chain, record: Option<&Record>) -> Result<(Facts, Option<KnownAddress>)> {
        let record_at: Option<u64> = rows::meta(&self.connection, "record_at")?;
        let (mut facts, mut chain, mut email) = (Facts::default(), Chain::default(), None);
        for row in rows::events(&self.connection)?.into_iter().filter(|row| !row.lost) {
            let Ok(link) = event::verify_link(&row.body, trust, &chain) else { return Ok((Facts::incomplete(), None)) };
            chain = link.after(&chain);
            // What an operator says of a notice says nothing of the account.
            if let Link::Event(event) = &link {
                facts.learn(event);
            }
            if record_at == Some(chain.seq) {
                email = record.and_then(|record| facts.known_address(&record.email));
            }
        }
        Ok(if chain == *end { (facts, email) } else { (Facts::incomplete(), None) })
    }

    /// The account's record, if one was synced.
    pub(super) fn record(&self) -> Result<Option<Record>> {
        rows::meta(&self.connection, "record")
    }

    /// Adds lines to the trace and drops the oldest; and says since when this device is up to date.
    pub(super) fn note(&mut self, lines: &[impl serde::Serialize], as_of: Option<UnixMillis>) -> Result<()> {
        let tx = self.begin()?;
        for line in lines {
            tx.prepare_cached("INSERT INTO trace (body) VALUES (?1)")?.execute([serde_json::to_string(line).unwrap_or_default()])?;
        }
        tx.prepare_cached("DELETE FROM trace WHERE place <= (SELECT max(place) FROM trace) - ?1")?.execute([TRACE_LEN])?;
        if let Some(as_of) = as_of {
            rows::put_meta(&tx, "as_of", &as_of)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// The trace, newest first.
    pub(super) fn trace<T: serde::de::DeserializeOwned>(&self) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached("SELECT body FROM trace ORDER BY place DESC")?;
        let bodies = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(bodies.iter().filter_map(|body| serde_json::from_str(body).ok()).collect())
    }
}

/// Starts a chain and a keyset where a device was just enrolled.
pub(super) fn enrol(tx: &Transaction<'_>, chain_seen: Chain, epoch: u64, keyset: &[u8]) -> Result<()> {
    rows::put_meta(tx, "seen_at_enrolment", &chain_seen)?;
    rows::put_keyset(tx, epoch, keyset)
}
