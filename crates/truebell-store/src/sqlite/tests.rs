//! What only a file can do: be somebody else's, newer, locked, damaged, or gone.

use super::Sqlite;
use crate::{OpenError, Store, StoreError};
use std::path::PathBuf;
use tempfile::TempDir;
use truebell_core::ids::ServerId;
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("truebell.db");
    (folder, path)
}

fn identity() -> crate::rows::Identity {
    crate::rows::Identity {
        server: ServerId([1; 16]),
        key: PublicKey([2; 32]),
        generation: [3; 16],
        restore_epoch: 0,
        created: UnixMillis(4),
    }
}

fn open_error(path: &std::path::Path) -> Option<OpenError> {
    Sqlite::open(path).err()
}

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).expect("a new database");
    assert_eq!(store.identity().await, Ok(None));
    assert_eq!(store.create_identity(&identity()).await, Ok(()));
    assert_eq!(store.check().await, Ok(()));
    drop(store);
    let store = Sqlite::open(&path).expect("the same database");
    assert_eq!(store.identity().await, Ok(Some(identity())));
}

#[tokio::test]
async fn a_second_server_is_refused_and_a_backup_is_not() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).expect("a new database");
    store.create_identity(&identity()).await.expect("written");
    assert_eq!(open_error(&path), Some(OpenError::Locked));
    let beside = Sqlite::open_to_read(&path).expect("reading is allowed");
    assert_eq!(beside.identity().await, Ok(Some(identity())));
    assert_eq!(beside.check().await, Err(StoreError::ReadOnly));
}

/// Writes until the store refuses; what it said.
async fn write_until_refused(store: &Sqlite, from: u64) -> (u64, StoreError) {
    for n in from..from + 100_000 {
        let invitation = truebell_core::hash::Hash32::derive_plain(&n.to_be_bytes());
        if let Err(error) = store.invite(invitation, UnixMillis(9)).await {
            return (n, error);
        }
    }
    panic!("it never refused");
}

async fn set(store: &Sqlite, pragma: &'static str) {
    let writer = store.writer().expect("a writer");
    writer.run(move |db| Ok(db.execute_batch(pragma)?)).await.expect("set");
}

#[tokio::test]
async fn a_full_database_refuses_writes_truthfully_and_goes_on_reading() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).expect("a new database");
    store.create_identity(&identity()).await.expect("written");
    set(&store, "PRAGMA max_page_count = 45").await;
    let (written, error) = write_until_refused(&store, 0).await;
    assert_eq!(error, StoreError::Full);
    assert_eq!(store.identity().await, Ok(Some(identity())));
    let stored = async |store: &Sqlite| {
        let mut rows = 0;
        let mut sink = |_| {
            rows += 1;
            true
        };
        store.dump(&mut sink).await.map(|()| rows)
    };
    assert_eq!(stored(&store).await, Ok(written), "all that was acknowledged, and nothing else");
    set(&store, "PRAGMA max_page_count = 1000").await;
    let invitation = truebell_core::hash::Hash32::derive_plain(&written.to_be_bytes());
    assert_eq!(store.invite(invitation, UnixMillis(9)).await, Ok(()), "once there is room it goes on");
    assert_eq!(stored(&store).await, Ok(written + 1));
}

#[tokio::test]
async fn a_database_that_turns_read_only_goes_on_reading() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).expect("a new database");
    store.create_identity(&identity()).await.expect("written");
    set(&store, "PRAGMA query_only = ON").await;
    assert_eq!(store.check().await, Err(StoreError::ReadOnly));
    assert_eq!(write_until_refused(&store, 0).await, (0, StoreError::ReadOnly));
    assert_eq!(store.identity().await, Ok(Some(identity())));
}

#[tokio::test]
async fn one_piece_that_fails_leaves_the_others_of_its_batch() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).expect("a new database");
    let writer = store.writer().expect("a writer");
    let invite =
        |n: u8| move |db: &rusqlite::Connection| Ok(db.execute("INSERT INTO invitations VALUES (?, NULL, 9)", [[n; 32]]).map(|_| ())?);
    // The first holds the writer until the others wait, so that they share a batch.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let first = writer.run(move |_| held.recv().map_err(|_| StoreError::Unavailable));
    let good = writer.run(invite(1));
    let bad = writer.run(move |db| invite(2)(db).and(Err::<(), _>(StoreError::Damaged("on purpose"))));
    let broken = writer.run(|db| Ok(db.execute_batch("INSERT INTO nowhere VALUES (1)")?));
    let last = writer.run(invite(3));
    let letting_go = async { release.send(()).map_err(|_| StoreError::Unavailable) };
    let (first, good, bad, broken, last, _) = tokio::join!(biased; first, good, bad, broken, last, letting_go);
    assert_eq!((first, good, last), (Ok(()), Ok(()), Ok(())));
    assert_eq!((bad, broken), (Err(StoreError::Damaged("on purpose")), Err(StoreError::Unavailable)));
    let stored: Vec<u8> = store
        .readers
        .look(|db| {
            let mut statement = db.prepare("SELECT invitation FROM invitations ORDER BY invitation")?;
            let rows = statement.query_map([], |row| row.get::<_, [u8; 32]>(0).map(|bytes| bytes[0]))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
        .expect("read");
    assert_eq!(stored, [1, 3]);
}

/// A database too large to be checked as it is opened.
fn large(path: &std::path::Path) {
    drop(Sqlite::open(path).expect("a new database"));
    let direct = rusqlite::Connection::open(path).expect("the file");
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700000)
        INSERT INTO ballast SELECT hex(zeroblob(50)) FROM n";
    direct.execute_batch(&format!("CREATE TABLE ballast (x TEXT); {rows}; PRAGMA wal_checkpoint(TRUNCATE);")).expect("seventy megabytes");
    assert!(super::file::is_large(path).expect("its size"));
}

#[tokio::test]
async fn damage_in_a_large_file_is_found_while_it_serves_and_stops_nothing_that_works() {
    use super::look_through::{Found, look_through};
    use std::os::unix::fs::FileExt;
    let (_folder, path) = folder();
    large(&path);
    let place = std::sync::Arc::new(super::place::Place::new(&path));
    assert_eq!(look_through(&path, &std::sync::Arc::downgrade(&place), 0), Found::Whole);
    assert_eq!(look_through(&path, &std::sync::Weak::new(), 0), Found::NotSeen, "it ends with the store");
    let file = std::fs::File::options().write(true).open(&path).expect("the file");
    file.write_all_at(&[0xa5; 4096], 40 << 20).expect("a damaged page");
    assert_eq!(look_through(&path, &std::sync::Arc::downgrade(&place), 0), Found::Damaged);

    let store = Sqlite::open(&path).expect("it serves at once");
    store.create_identity(&identity()).await.expect("and writes");
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while store.check().await == Ok(()) {
        assert!(tokio::time::Instant::now() < patience, "the damage is not found");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(store.check().await, Err(StoreError::Damaged("pages that contradict each other")));
    assert_eq!(store.identity().await, Ok(Some(identity())), "what can be read is read");
}
