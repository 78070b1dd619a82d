//! What may happen to a database server: it restarts, breaks off in a commit, turns read-only, or is somebody else's.

use crate::stores::{admin, create_database, url};
use crate::world::{World, at};
use std::sync::Arc;
use std::time::Duration;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_store::rows::{Heard, Hint};
use truebell_store::{Location, OpenError, SCHEMA, Store, StoreError, open, open_to_read};

/// A database with a store on it, and a way to it past the store.
struct Day {
    name: String,
    location: Location,
    store: Arc<dyn Store>,
    direct: tokio_postgres::Client,
}

impl Day {
    async fn new() -> Self {
        let (name, url) = create_database().await;
        let location: Location = url.parse().expect("a location");
        let store = open(&location).await.expect("a new database");
        let (direct, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("it answers");
        tokio::spawn(connection);
        Self { name, location, store, direct }
    }

    /// Ends the store's connections, as a restart does.
    async fn end_connections(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'truebell'";
        admin().await.query(sql, &[&self.name]).await.expect("ended");
    }

    async fn remove(self) {
        let Self { name, store, direct, .. } = self;
        drop((store, direct));
        admin().await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database goes");
    }
}

#[tokio::test]
async fn a_restarted_server_is_found_again_without_an_error() {
    let day = Day::new().await;
    let mut world = World::new();
    let mut person = world.signed_up(&day.store).await;
    for _ in 0..3 {
        day.end_connections().await;
        assert!(day.store.session(person.session.token).await.expect("read").is_some());
        day.end_connections().await;
        world.committed(&day.store, &mut person, vec![]).await;
    }
    day.remove().await;
}

#[tokio::test]
async fn a_connection_lost_in_a_commit_leaves_its_end_unknown() {
    let day = Day::new().await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON invitations DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION slow()";
    day.direct.batch_execute(slow).await.expect("made");
    let store = Arc::clone(&day.store);
    let invited = tokio::spawn(async move { store.invite(World::new().digest(), at(9)).await });
    let committing =
        "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND application_name = 'truebell' AND query = 'COMMIT' AND state = 'active'";
    while day.direct.query(committing, &[&day.name]).await.expect("read").is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    day.end_connections().await;
    assert_eq!(invited.await.expect("no panic"), Err(StoreError::Unknown));
    day.remove().await;
}

#[tokio::test]
async fn a_read_only_server_goes_on_reading() {
    let day = Day::new().await;
    let mut world = World::new();
    let person = world.signed_up(&day.store).await;
    let read_only = format!("ALTER DATABASE {} SET default_transaction_read_only = on", day.name);
    day.direct.batch_execute(&read_only).await.expect("set");
    day.end_connections().await;
    assert_eq!(day.store.check().await, Err(StoreError::ReadOnly));
    assert_eq!(day.store.commit(world.commit(&person, vec![])).await, Err(StoreError::ReadOnly));
    assert!(day.store.session(person.session.token).await.expect("read").is_some());
    day.remove().await;
}

#[tokio::test]
async fn a_store_opened_to_read_writes_nothing() {
    let day = Day::new().await;
    let reading = open_to_read(&day.location).await.expect("it opens");
    assert_eq!(reading.check().await, Err(StoreError::ReadOnly));
    assert_eq!(reading.invite(World::new().digest(), at(9)).await, Err(StoreError::ReadOnly));
    assert_eq!(reading.counts(at(0)).await.map(|counts| counts.accounts), Ok(0));
    day.remove().await;
}

#[tokio::test]
async fn a_newer_an_altered_and_a_foreign_database_are_refused() {
    let day = Day::new().await;
    let opened = async || open(&day.location).await.err();
    day.direct.batch_execute("INSERT INTO migrations VALUES (99, '0099_later', '', 98)").await.expect("written");
    assert_eq!(opened().await, Some(OpenError::NewerSchema { found: 99, known: SCHEMA }));
    day.direct.batch_execute("DELETE FROM migrations WHERE number = 99; UPDATE migrations SET checksum = ''").await.expect("written");
    assert_eq!(opened().await, Some(OpenError::AlteredSchema { step: 1 }));
    day.direct.batch_execute("DROP TABLE identity").await.expect("dropped");
    assert_eq!(opened().await, Some(OpenError::NotOurs));
    day.remove().await;
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_is_told_from_one_that_does_not_answer() {
    let good = url();
    let (user, place) = good.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).expect("a user");
    let host = place.split(['/', '?']).next().expect("a host");
    let user = user.split(':').next().expect("a name");
    let cases = [
        (format!("postgres://{user}:hunter2@{host}/postgres"), "refuses"),
        (format!("postgres://{user}:hunter2@127.0.0.1:1/postgres"), "does not answer"),
    ];
    for (url, expected) in cases {
        let error = open(&url.parse().expect("a location")).await.err().expect("refused").to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn many_servers_that_start_together_make_the_tables_once() {
    let (name, url) = create_database().await;
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let location: Location = url.parse().expect("a location");
            tokio::spawn(async move { open(&location).await.map(|_| ()) })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), Ok(()));
    }
    admin().await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database goes");
}

#[tokio::test]
async fn a_hint_reaches_every_other_process_and_a_lost_line_is_said_and_comes_back() {
    let day = Day::new().await;
    let others = [open(&day.location).await.expect("it opens"), open(&day.location).await.expect("it opens")];
    let hint = |n| Hint { account: AccountId([n; 16]), device: DeviceId([9; 16]) };
    // Who listens first is not known: hints are told until each has heard one.
    let heard = async |store: &Arc<dyn Store>| loop {
        day.store.tell(hint(1));
        if let Ok(heard) = tokio::time::timeout(Duration::from_millis(50), store.hear()).await {
            break heard;
        }
    };
    for other in &others {
        assert_eq!(heard(other).await, Heard::Hint(hint(1)));
    }
    day.end_connections().await;
    for other in &others {
        while heard(other).await != Heard::Missed {}
        assert_eq!(heard(other).await, Heard::Hint(hint(1)));
    }
    others[0].tell(hint(2));
    while others[1].hear().await != Heard::Hint(hint(2)) {}
    // What it said itself it does not hear; what the other said it does, however long the row.
    (0..1000).for_each(|_| day.store.tell(hint(3)));
    others[1].tell(hint(4));
    let mut said = Vec::new();
    while !said.contains(&Heard::Hint(hint(4))) {
        said.push(day.store.hear().await);
    }
    assert!(!said.contains(&Heard::Hint(hint(1))) && !said.contains(&Heard::Hint(hint(3))), "{said:?}");
    drop(others);
    day.remove().await;
}
