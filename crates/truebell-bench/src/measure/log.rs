//! The transparency log with a million leaves, in a real SQLite file: how long a proof takes, and what a leaf costs on the disk.

use crate::report::{Figure, Report};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::sync::Arc;
use tokio::time::Instant;
use truebell_core::hash::Hash32;
use truebell_core::ids::ServerId;
use truebell_core::log::derive_entry;
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;
use truebell_server::chance::{ChanceSource, MachineChance};
use truebell_server::clock::MachineClock;
use truebell_server::log::{Logged, Publisher, Witnesses, grow, over_http, prove};
use truebell_server::{App, ServerKeys, Settings};
use truebell_store::Store;
use truebell_store::rows::{DumpRow, Identity};
use truebell_store::sqlite::Sqlite;

/// Leaves of the log.
const LEAVES: u64 = 1_000_000;
/// Proofs that are made; the mean counts.
const PROOFS: u64 = 2000;

fn digest(number: u64) -> Hash32 {
    Hash32::derive_plain(&number.to_be_bytes())
}

/// A leaf that waits for its place, as a dump has it.
fn leaf(number: u64) -> Option<DumpRow> {
    let mut columns = minicbor::Encoder::new(Vec::new());
    columns.array(2).ok()?.null().ok()?.bytes(&derive_entry(&digest(number)).0).ok()?;
    Some(DumpRow { table: "log_leaves".into(), columns: columns.into_writer() })
}

/// The database and its write-ahead log, in bytes.
fn size(file: &Path) -> u64 {
    ["", "-wal"].iter().filter_map(|more| std::fs::metadata(format!("{}{more}", file.display())).ok()).map(|data| data.len()).sum()
}

/// Everything about the log.
pub(crate) async fn log(report: &mut Report) -> Result<()> {
    if !report.wants("log of a million") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("truebell.db");
    let store = Arc::new(Sqlite::open(&file)?);
    let empty = size(&file);
    let chance = MachineChance;
    let keys = ServerKeys {
        signing: SigningKey::make_random(&mut *chance.chance()),
        opaque: ServerSetup::make_random(&mut *chance.chance()),
        sealing: SealKey::make_random(&mut *chance.chance()),
    };
    let identity =
        Identity { server: ServerId([1; 16]), key: keys.signing.public(), generation: [1; 16], restore_epoch: 0, created: UnixMillis(0) };
    store.load(&identity, &mut (0..LEAVES).filter_map(leaf)).await?;
    let start = Instant::now();
    ensure!(grow(&*store).await? == LEAVES, "a leaf did not get its place");
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = LEAVES as f64 / start.elapsed().as_secs_f64();
    let app = App::new(store.clone(), keys, identity.clone(), Settings::default(), Arc::new(MachineClock), Arc::new(chance));
    Publisher::new(Witnesses::default(), 0, over_http()).publish(&app).await?;
    report.add(Figure { name: "log: leaves placed, hashed and stored", value: rate, unit: "/s", reference: None, aim: "" });
    time_proofs(report, &*store, &identity).await?;
    drop((app, store));
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let value = (size(&file) - empty) as f64 / LEAVES as f64;
    let reference = Some(("its digest alone", 32.0));
    report.add(Figure { name: "a leaf in a log of a million, on disk", value, unit: "bytes", reference, aim: "under 200 bytes" });
    Ok(())
}

async fn time_proofs(report: &mut Report, store: &dyn Store, identity: &Identity) -> Result<()> {
    // Spread over the whole log, so that few proofs share their tiles.
    let some = || (0..PROOFS).map(|number| digest(number * (LEAVES / PROOFS)));
    let start = Instant::now();
    for digest in some() {
        ensure!(matches!(prove(store, identity, &digest).await?, Logged::Proven(_)), "an event is not in the log");
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = |start: Instant| start.elapsed().as_secs_f64() * 1e6 / PROOFS as f64;
    let value = each(start);
    let start = Instant::now();
    for digest in some() {
        store.log_places(&[derive_entry(&digest)]).await?.pop().flatten().context("an entry is not there")?;
    }
    let reference = Some(("reading one row of it", each(start)));
    report.add(Figure { name: "inclusion proof in a log of a million", value, unit: "µs", reference, aim: "under 5 ms" });
    Ok(())
}
