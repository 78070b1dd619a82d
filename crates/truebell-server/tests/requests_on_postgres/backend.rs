//! The store these stories run on: PostgreSQL, a database for each world.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use truebell_store::Store;

/// Where the tests' PostgreSQL is: a superuser on the database `postgres`.
const VARIABLE: &str = "TRUEBELL_TEST_POSTGRES";

/// No faults on demand here.
pub(crate) struct Faults;

impl Faults {
    /// Calls are not counted here.
    pub(crate) fn calls(&self, _method: &str) -> u32 {
        0
    }
}

/// A database that goes with its world.
pub(crate) struct Kept(String);

impl Drop for Kept {
    fn drop(&mut self) {
        let drop_it = format!("DROP DATABASE {} WITH (FORCE)", self.0);
        // The test's own runtime may be ending; this one is for the last statement only.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(execute(&drop_it));
        });
        assert!(dropped.join().is_ok() || std::thread::panicking(), "the database goes");
    }
}

/// A new, empty store.
pub(crate) async fn open() -> (Arc<dyn Store>, Faults, Kept) {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("truebell_requests_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    execute(&format!("CREATE DATABASE {name}")).await;
    let url = url();
    let (server, query) = url.split_once('?').map_or((url.as_str(), String::new()), |(server, query)| (server, format!("?{query}")));
    let server = server.rsplit_once('/').map_or(server, |(server, _)| server);
    let store = truebell_store::open(&format!("{server}/{name}{query}").parse().unwrap()).await.unwrap();
    (store, Faults, Kept(name))
}

fn url() -> String {
    std::env::var(VARIABLE).expect("TRUEBELL_TEST_POSTGRES names no PostgreSQL: run these tests through `cargo xtask test`")
}

async fn execute(statement: &str) {
    let (client, connection) = tokio_postgres::connect(&url(), tokio_postgres::NoTls).await.expect("the tests' PostgreSQL answers");
    tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
}
