//! The three stores, each new and empty for one case, and gone after it.

use crate::world::Shared;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use truebell_store::memory::Memory;
use truebell_store::moving::Movable;
use truebell_store::{Location, open_movable};

/// Where the tests' PostgreSQL is: a superuser on the database `postgres`.
const VARIABLE: &str = "TRUEBELL_TEST_POSTGRES";

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

/// All of them.
pub(crate) const ALL: [Kind; 3] = [Kind::Memory, Kind::Sqlite, Kind::Postgres];

/// A store, and what has to go with it.
pub(crate) struct Place {
    pub(crate) store: Shared,
    /// The same, to move from and to.
    pub(crate) movable: Arc<dyn Movable>,
    folder: Option<tempfile::TempDir>,
    database: Option<String>,
}

impl Place {
    /// A new one.
    pub(crate) async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Memory => Self::from_parts(Arc::new(Memory::new()), None, None),
            Kind::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let location = Location::Sqlite(folder.path().join("truebell.db"));
                let opened = open_movable(&location).await.expect("a new SQLite database");
                Self::from_parts(opened.store, Some(folder), None)
            }
            Kind::Postgres => {
                let (name, url) = create_database().await;
                let location: Location = url.parse().expect("a location");
                let opened = open_movable(&location).await.expect("a new PostgreSQL database");
                Self::from_parts(opened.store, None, Some(name))
            }
        }
    }

    fn from_parts(movable: Arc<dyn Movable>, folder: Option<tempfile::TempDir>, database: Option<String>) -> Self {
        Self { store: movable.clone(), movable, folder, database }
    }

    /// Removes it.
    pub(crate) async fn remove(self) {
        drop((self.store, self.movable));
        drop(self.folder);
        if let Some(name) = self.database {
            admin().await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database goes");
        }
    }
}

/// Runs a case on a new store, and removes that whatever became of the case.
pub(crate) fn run<F: Future<Output = ()> + Send + 'static>(kind: Kind, case: impl FnOnce(Shared) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let place = Place::new(kind).await;
        let ended = tokio::spawn(case(Arc::clone(&place.store))).await;
        place.remove().await;
        if let Err(failed) = ended {
            std::panic::resume_unwind(failed.into_panic());
        }
    });
}

pub(crate) fn url() -> String {
    std::env::var(VARIABLE).expect("TRUEBELL_TEST_POSTGRES names no PostgreSQL: run these tests through `cargo xtask test`")
}

/// A superuser's connection.
pub(crate) async fn admin() -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&url(), tokio_postgres::NoTls).await.expect("the tests' PostgreSQL answers");
    tokio::spawn(connection);
    client
}

/// A new database: its name and URL.
pub(crate) async fn create_database() -> (String, String) {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("truebell_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    admin().await.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a new database");
    let url = url();
    let (server, query) = url.split_once('?').map_or((url.as_str(), String::new()), |(server, query)| (server, format!("?{query}")));
    let server = server.rsplit_once('/').map_or(server, |(server, _)| server);
    let url = format!("{server}/{name}{query}");
    (name, url)
}
