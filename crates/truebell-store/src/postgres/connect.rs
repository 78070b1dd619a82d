//! From a URL to a pool of connections: TLS, time limits, and the schema.
//!
//! Without a word about TLS in the location, a server on this machine is spoken to in the clear, and any other only over TLS that
//! proves its name; with one, as `tls.rs` says.

use super::tls::{self, Tls};
use crate::migrations::{self, Migration, Recorded};
use crate::open::{Location, NotALocation, OpenError};
use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use std::net::IpAddr;
use std::time::Duration;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error, Socket, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The other half of a connection, which moves its bytes.
pub(super) type Beside = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// Most connections of one server process.
const CONNECTIONS_MAX: usize = 16;
/// Longest wait for a connection, new or returned.
const WAIT: Duration = Duration::from_secs(5);
/// Time limits of every statement: for a lock, and as a whole.
const LIMITS: &str = "-c lock_timeout=10s -c statement_timeout=60s -c default_transaction_isolation=read\\ committed";
/// How long a step waits for its tables. Whoever serves on them waits behind it, so it gives up soon and comes back.
const STEP_LOCK: &str = "SET LOCAL lock_timeout = '2s'";
/// How often, and after what time.
const STEP_TRIES: u32 = 15;
const STEP_REST: Duration = Duration::from_secs(1);
/// Names our lock among the cluster's advisory locks: "Tbel".
const MIGRATION_LOCK: i64 = 0x5462_656c;

type Result<T> = std::result::Result<T, OpenError>;

/// What opening may do to the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// Take the steps it lacks.
    Migrate,
    /// Nothing: it must be this version's.
    Own,
}

/// A pool, and how a connection beside it is made.
pub(super) async fn open(location: &Location, url: &str, schema: Schema) -> Result<(Pool, Way)> {
    let way = Way::read(location, url)?;
    let pool = way.pool()?;
    let mut tries = 1;
    while let Err(error) = prepare(location, &pool, schema).await {
        if !matches!(error, OpenError::Busy(_)) || tries == STEP_TRIES {
            return Err(error);
        }
        tries += 1;
        tokio::time::sleep(STEP_REST).await;
    }
    Ok((pool, way))
}

/// Looks at the schema, and takes the steps it lacks, in one transaction.
async fn prepare(location: &Location, pool: &Pool, schema: Schema) -> Result<()> {
    let mut client = pool.get().await.map_err(|error| of_connect(location, &error))?;
    let transaction = client.transaction().await.map_err(|_| OpenError::Unreachable(location.to_string()))?;
    let migrated = match schema {
        Schema::Migrate => migrate(&transaction).await,
        Schema::Own => check_own(&transaction).await,
    };
    let failed = |error: Error| of_error(location, &error);
    migrated.map_err(|stop| match stop {
        Stop::Open(error) => error,
        Stop::Database(error) => failed(error),
    })?;
    transaction.commit().await.map_err(failed)
}

/// Where the database is and how it is spoken to.
#[derive(Clone)]
pub(super) struct Way {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Way {
    fn read(location: &Location, url: &str) -> Result<Self> {
        let (config, tls) = configure(url)?;
        let tls = tls.connector(config.get_ssl_mode()).map_err(|why| OpenError::Tls { place: location.to_string(), why })?;
        Ok(Self { config, tls })
    }

    fn pool(&self) -> Result<Pool> {
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), manager);
        let builder = Pool::builder(manager).max_size(CONNECTIONS_MAX).runtime(Runtime::Tokio1);
        builder.wait_timeout(Some(WAIT)).create_timeout(Some(WAIT)).recycle_timeout(Some(WAIT)).build().map_err(|_| NotALocation.into())
    }

    /// One connection beside the pool. Whoever calls drives it.
    pub(super) async fn connect(&self) -> std::result::Result<(Client, Beside), Error> {
        let mut config = self.config.clone();
        // Nothing is said on it for hours: a dead one is found all the same.
        config.keepalives(true).keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
        config.connect(self.tls.clone()).await
    }
}

fn configure(url: &str) -> Result<(Config, Tls)> {
    let (tls, plain) = Tls::take(url)?;
    let mut config: Config = plain.parse().map_err(|_: Error| NotALocation)?;
    config.ssl_mode(tls.mode(config.get_hosts().iter().all(is_here)));
    let options = config.get_options().map_or_else(|| LIMITS.to_owned(), |own| format!("{LIMITS} {own}"));
    config.options(options).application_name("truebell").connect_timeout(WAIT).tcp_user_timeout(Duration::from_secs(15));
    Ok((config, tls))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || matches!(name.parse::<IpAddr>(), Ok(address) if address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn of_connect(location: &Location, error: &PoolError) -> OpenError {
    match error {
        PoolError::Backend(error) => of_error(location, error),
        _ => OpenError::Unreachable(location.to_string()),
    }
}

fn of_error(location: &Location, error: &Error) -> OpenError {
    let refusals = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    let place = location.to_string();
    match error.code() {
        Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => OpenError::Busy(place),
        Some(code) if refusals.contains(code) => OpenError::Refused(place),
        Some(code) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => OpenError::ReadOnly(place),
        Some(code) if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => OpenError::Damaged,
        None if error.to_string().contains("password missing") => OpenError::Refused(place),
        None => match tls::why(error) {
            Some(why) => OpenError::Tls { place, why },
            None => OpenError::Unreachable(place),
        },
        _ => OpenError::Unreachable(place),
    }
}

/// Why the steps were not taken.
enum Stop {
    Open(OpenError),
    Database(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// Takes the steps the schema lacks. Of several servers that start together one does it; the others wait and find it done.
async fn migrate(db: &Transaction<'_>) -> std::result::Result<(), Stop> {
    db.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
    db.batch_execute(STEP_LOCK).await?;
    for step in migrations::pending(migrations::postgres(), &recorded(db).await?)? {
        take(db, step).await?;
    }
    Ok(())
}

async fn check_own(db: &Transaction<'_>) -> std::result::Result<(), Stop> {
    Ok(migrations::check_own(migrations::postgres(), &recorded(db).await?)?)
}

/// Our own columns, so that another program's table of the same name is not taken for ours.
const OURS: &str = "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema()
    AND (table_name, column_name) IN (('migrations', 'checksum'), ('identity', 'restore_epoch'))";
const TABLES: &str = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";

async fn recorded(db: &Transaction<'_>) -> std::result::Result<Recorded, Stop> {
    let tables: i64 = db.query_one(TABLES, &[]).await?.try_get(0)?;
    if tables == 0 {
        return Ok(Recorded::default());
    }
    let ours: i64 = db.query_one(OURS, &[]).await?.try_get(0)?;
    if ours != 2 {
        return Err(OpenError::NotOurs.into());
    }
    let rows = db.query("SELECT number, checksum FROM migrations ORDER BY number", &[]).await?;
    let read = |row: &tokio_postgres::Row| {
        let number: i64 = row.try_get(0)?;
        Ok((u32::try_from(number).map_err(|_| OpenError::Damaged)?, row.try_get(1)?))
    };
    let steps = rows.iter().map(read).collect::<std::result::Result<Vec<_>, Stop>>()?;
    let needs: i64 = match steps.len() {
        // The column came with the second step.
        0 | 1 => 1,
        _ => db.query_one("SELECT max(compatible_from) FROM migrations", &[]).await?.try_get(0)?,
    };
    Ok(Recorded { steps, needs: u32::try_from(needs).map_err(|_| OpenError::Damaged)? })
}

async fn take(db: &Transaction<'_>, step: &Migration) -> std::result::Result<(), Stop> {
    db.batch_execute(step.sql).await?;
    let checksum = step.checksum();
    let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&i64::from(step.number), &step.name, &checksum.as_slice()];
    db.execute("INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)", values).await?;
    if step.number > 1 {
        let sql = "UPDATE migrations SET compatible_from = $1 WHERE number = $2";
        db.execute(sql, &[&i64::from(step.compatible_from), &i64::from(step.number)]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::SslMode;

    #[test]
    fn without_a_word_about_it_only_this_machine_is_spoken_to_in_the_clear() {
        let cases = [
            ("postgres://ada@localhost/t", SslMode::Disable),
            ("postgres://ada@127.0.0.1:5433/t", SslMode::Disable),
            ("postgres://ada@[::1]/t", SslMode::Disable),
            ("postgres://ada@db.example/t", SslMode::Require),
            ("postgres://ada@localhost,db.example/t", SslMode::Require),
            ("postgres://ada@db.example/t?sslmode=verify-full", SslMode::Require),
            ("postgres://ada@db.example/t?sslmode=disable", SslMode::Disable),
            ("postgres://ada@localhost/t?sslmode=require", SslMode::Require),
        ];
        for (url, mode) in cases {
            assert_eq!(configure(url).map(|(config, _)| config.get_ssl_mode()), Ok(mode), "{url}");
        }
    }
}
