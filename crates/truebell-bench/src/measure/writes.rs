//! Writing: a large import over the wire, and single items made durable.

use super::{ITEMS, LOAD_TIME};
use crate::account::Account;
use crate::load::{Connection, per_second};
use crate::report::{Figure, Report};
use crate::server::Served;
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;
use tokio::time::Instant;
use truebell_core::ids::ServerId;
use truebell_core::seal::{OVERHEAD_BYTES, padded_len};

/// Items in one commit of an import.
const BATCH: usize = 1000;
/// Vaults written to at once.
const WRITERS: usize = 32;

/// Fills Ada's vault with 10,000 logins, and leaves one commit of ten on top.
pub(super) async fn fill(report: &mut Report, connection: &mut Connection, ada: &Account, folder: &Path) -> Result<()> {
    let empty = stored_bytes(folder)?;
    let start = Instant::now();
    let mut sealed_bytes = 0;
    for batch in 0..ITEMS / BATCH {
        let items = (batch * BATCH..(batch + 1) * BATCH).map(|number| ada.seal_login(number)).collect::<Result<Vec<_>>>()?;
        sealed_bytes += items.iter().map(|(_, sealed)| sealed.overview.len() + sealed.detail.len()).sum::<usize>();
        connection.post(&ada.next_commit(items)?).await?;
    }
    let value = start.elapsed().as_secs_f64();
    report.add(Figure {
        name: "10,000 items sealed, sent and stored",
        value,
        unit: "s",
        reference: None,
        aim: "part of 3 s for an import",
    });
    let stored = stored_bytes(folder)? - empty;
    let ten = (0..10).map(|number| ada.seal_login(number)).collect::<Result<Vec<_>>>()?;
    connection.post(&ada.next_commit(ten)?).await?;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let (value, least) = (sealed_bytes as f64 / ITEMS as f64, (2 * (OVERHEAD_BYTES + padded_len(64))) as f64);
    report.add(Figure { name: "sealed bytes of a login", value, unit: "bytes", reference: Some(("two empty parts", least)), aim: "" });
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let kept = stored as f64 / ITEMS as f64;
    report.add(Figure {
        name: "bytes SQLite keeps for a login",
        value: kept,
        unit: "bytes",
        reference: Some(("sealed bytes", value)),
        aim: "at most 1.3 of the sealed size",
    });
    Ok(())
}

/// What the server's database takes, its write-ahead log counted as the pages it will become.
fn stored_bytes(folder: &Path) -> Result<u64> {
    let database = rusqlite::Connection::open_with_flags(folder.join("truebell.db"), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    Ok(database.query_row(size, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)?)
}

pub(super) async fn measure(report: &mut Report, served: &Served, server: ServerId, folder: &Path) -> Result<()> {
    if !report.wants("item writes") {
        return Ok(());
    }
    let reference = Some(("bare SQLite commits", bare_commits(folder)?));
    let mut accounts = Vec::new();
    for number in 0..WRITERS {
        let mut connection = Connection::open(&served.address, 1000 + number).await?;
        accounts.push(Account::sign_up(&mut connection, server, 1000 + number).await?);
    }
    let accounts = Arc::new(accounts);
    let value = per_second(&served.address, WRITERS, LOAD_TIME, move |mut connection: Connection, number| {
        let accounts = Arc::clone(&accounts);
        async move {
            if let Some(account) = accounts.get(number) {
                let commit = account.next_commit(vec![account.seal_login(number)?])?;
                connection.post(&commit).await?;
            }
            Ok(connection)
        }
    })
    .await?;
    report.add(Figure {
        name: "item writes, durable, 32 vaults at once",
        value,
        unit: "/s",
        reference,
        aim: "at least half of bare commits",
    });
    Ok(())
}

/// One row of a login's size for each commit, with the server's own settings: WAL, synchronous = FULL.
fn bare_commits(folder: &Path) -> Result<f64> {
    let database = rusqlite::Connection::open(folder.join("bare.db"))?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.pragma_update(None, "synchronous", "full")?;
    database.execute_batch("CREATE TABLE item (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL)")?;
    let mut insert = database.prepare("INSERT INTO item (sealed) VALUES (?1)")?;
    let (start, sealed, mut commits) = (Instant::now(), vec![7_u8; 700], 0_u32);
    while start.elapsed() < LOAD_TIME {
        insert.execute([&sealed])?;
        commits += 1;
    }
    Ok(f64::from(commits) / start.elapsed().as_secs_f64())
}
