//! The live move of a database with 10,000 accounts, with somebody writing all the while: how long it takes against a bare copy of the same
//! rows, and how long a write waits at the switch. To another SQLite file, and to the PostgreSQL that `TRUEBELL_TEST_POSTGRES` names.

use crate::account::Account;
use crate::load::Connection;
use crate::report::{Figure, Report};
use crate::server::Served;
use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection as Database;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;
use truebell_server::control::{Answer, Asked, ask};
use truebell_server::moving::{Hidden, Order, Phase, Status};

/// Accounts in the database, one of them real and the others like it.
const ACCOUNTS: usize = 10_000;
/// Logins of each.
const LOGINS: usize = 5;
/// Pause between two writes of the one who writes.
const PAUSE: Duration = Duration::from_millis(5);

/// Everything about moves.
pub(crate) async fn moving(report: &mut Report) -> Result<()> {
    if report.wants("move to another file") {
        let folder = tempfile::tempdir()?;
        let to = format!("sqlite:{}", folder.path().join("moved.db").display());
        let (status, seconds, copy) = one_move(folder.path(), &to).await?;
        let reference = Some(("copying the rows, nobody writing", copy));
        report.add(Figure { name: "move to another file, 10,000 accounts", value: seconds, unit: "s", reference, aim: "" });
        fence(report, "move to another file, writes waited", &status);
    }
    if report.wants("move to PostgreSQL") {
        let admin = std::env::var("TRUEBELL_TEST_POSTGRES").context("`cargo xtask bench` starts a PostgreSQL; by hand, name one")?;
        let folder = tempfile::tempdir()?;
        let (status, seconds, copy) = one_move(folder.path(), &new_database(&admin)?).await?;
        let reference = Some(("copying the rows to a file, nobody writing", copy));
        report.add(Figure { name: "move to PostgreSQL, 10,000 accounts", value: seconds, unit: "s", reference, aim: "" });
        fence(report, "move to PostgreSQL, writes waited", &status);
    }
    Ok(())
}

fn fence(report: &mut Report, name: &'static str, status: &Status) {
    report.add(Figure { name, value: status.move_fence_ms_max, unit: "ms", reference: None, aim: "under 100 ms" });
}

/// Moves, with one account writing; how it stands then, how long it took, and how long the bare copy took.
async fn one_move(folder: &Path, to: &str) -> Result<(Status, f64, f64)> {
    let served = Served::truebell(folder)?;
    let info = super::info(&served.address).await?;
    let mut connection = Connection::open(&served.address, 0).await?;
    let ada = Account::sign_up(&mut connection, info.server, 0).await?;
    let logins = (0..LOGINS).map(|number| ada.seal_login(number)).collect::<Result<Vec<_>>>()?;
    connection.post(&ada.next_commit(logins)?).await?;
    drop((connection, served));
    let file = folder.join("truebell.db");
    multiply(&file)?;
    let copy = copy_rows(folder, &file)?;

    let served = Served::truebell(folder)?;
    let mut connection = Connection::open(&served.address, 0).await?;
    let begun = Instant::now();
    order(folder, Order::To { to: Hidden(to.to_owned()), keep_ms: 3_600_000 }).await?;
    let mut asked = begun;
    loop {
        connection.post(&ada.next_commit(vec![ada.seal_login(0)?])?).await?;
        tokio::time::sleep(PAUSE).await;
        if asked.elapsed() < Duration::from_millis(100) {
            continue;
        }
        asked = Instant::now();
        let status = order(folder, Order::Status).await?.context("the move is gone")?;
        ensure!(status.stopped.is_none(), "the move stopped: {status:?}");
        if status.phase == Phase::Kept {
            return Ok((status, begun.elapsed().as_secs_f64(), copy));
        }
    }
}

async fn order(data: &Path, order: Order) -> Result<Option<Status>> {
    let data = data.to_owned();
    match tokio::task::spawn_blocking(move || ask(&data, &Asked::Move(order))).await?? {
        Some(Answer::Moving(status)) => Ok(Some(*status)),
        Some(Answer::NotMoving) => Ok(None),
        other => bail!("the server answered {other:?}"),
    }
}

/// Makes many accounts out of one, each with ids of its own.
fn multiply(file: &Path) -> Result<()> {
    let database = Database::open(file)?;
    database.execute_batch("BEGIN")?;
    for table in ["accounts", "devices", "sessions", "events", "vaults", "commits", "revisions"] {
        let mut statement = database.prepare("SELECT name FROM pragma_table_info(?)")?;
        let columns: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let values: Vec<String> = columns.iter().map(|column| one_of_many(column)).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        database.execute_batch(&format!(
            "WITH RECURSIVE many (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM many WHERE i < {ACCOUNTS})
             INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t, many"
        ))?;
    }
    database.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    let made: isize = database.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?;
    ensure!(made.unsigned_abs() == ACCOUNTS, "{made} accounts");
    Ok(())
}

/// A column of the i-th account, out of the first one's.
fn one_of_many(column: &str) -> String {
    match column {
        "account" => "unhex(printf('a%031x', i))".to_owned(),
        "device" => "unhex(printf('d%031x', i))".to_owned(),
        "vault" => "unhex(printf('f%031x', i))".to_owned(),
        "session" | "event" => "randomblob(16)".to_owned(),
        "token" => "randomblob(32)".to_owned(),
        "no" | "vault_no" => "i".to_owned(),
        "email" | "email_key" => format!("i || t.{column}"),
        _ => format!("t.{column}"),
    }
}

/// The reference: every row into a new file, in one transaction, without a look at any.
fn copy_rows(folder: &Path, file: &Path) -> Result<f64> {
    let copy = folder.join("copy.db");
    drop(truebell_store::sqlite::Sqlite::open(&copy)?);
    let database = Database::open(&copy)?;
    database.execute_batch(&format!("PRAGMA synchronous = FULL; ATTACH '{}' AS there", file.display()))?;
    let begun = Instant::now();
    database.execute_batch("BEGIN")?;
    for table in ["accounts", "devices", "sessions", "events", "vaults", "commits", "revisions", "mails", "log_leaves"] {
        database.execute_batch(&format!("INSERT INTO main.{table} SELECT * FROM there.{table}"))?;
    }
    database.execute_batch("COMMIT")?;
    Ok(begun.elapsed().as_secs_f64())
}

/// An empty database beside the one that is named.
fn new_database(admin: &str) -> Result<String> {
    let name = format!("truebell_bench_{}", std::process::id());
    let made = Command::new("psql").args([admin, "-q", "-c", &format!("CREATE DATABASE {name}")]).status()?;
    ensure!(made.success(), "psql could not create a database");
    let (base, _) = admin.rsplit_once('/').context("a URL")?;
    Ok(format!("{base}/{name}"))
}
