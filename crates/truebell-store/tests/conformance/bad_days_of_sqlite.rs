//! What may happen to a file: somebody else's, newer, full of noise, flipped bits, deleted.

use crate::accounts::identity;
use crate::world::{Person, World};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use truebell_core::wire::sync::Have;
use truebell_store::sqlite::Sqlite;
use truebell_store::{OpenError, SCHEMA, Store, StoreError};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("truebell.db");
    (folder, path)
}

fn refused(path: &Path) -> Option<OpenError> {
    let before = fs::read(path).expect("a file");
    let error = Sqlite::open(path).err();
    assert_eq!(fs::read(path).expect("a file"), before, "a refused file is left as it was");
    error
}

/// A database with one person's data, closed.
async fn filled(path: &Path) -> Person {
    let store = std::sync::Arc::new(Sqlite::open(path).expect("a new database"));
    let shared: crate::world::Shared = store;
    shared.create_identity(&identity()).await.expect("written");
    let mut world = World::new();
    let mut person = world.signed_up(&shared).await;
    for _ in 0..20 {
        let revisions = (0..3).map(|_| world.new_item()).collect();
        world.committed(&shared, &mut person, revisions).await;
    }
    person
}

#[tokio::test]
async fn another_programs_file_is_refused() {
    let (_folder, path) = folder();
    Connection::open(&path).expect("open").execute_batch("CREATE TABLE migrations (version TEXT)").expect("written");
    assert_eq!(refused(&path), Some(OpenError::NotOurs));
    fs::write(&path, b"<!doctype html><title>Not a database at all</title>".repeat(100)).expect("written");
    assert_eq!(refused(&path), Some(OpenError::Damaged));
}

#[tokio::test]
async fn a_newer_or_altered_schema_is_refused() {
    let (_folder, path) = folder();
    filled(&path).await;
    let change = |sql: &str| Connection::open(&path).expect("open").execute_batch(sql).expect("written");
    change("INSERT INTO migrations VALUES (99, '0099_later', x'00', 98)");
    assert_eq!(refused(&path), Some(OpenError::NewerSchema { found: 99, known: SCHEMA }));
    change("DELETE FROM migrations WHERE number = 99; UPDATE migrations SET checksum = x'00'");
    assert_eq!(refused(&path), Some(OpenError::AlteredSchema { step: 1 }));
}

#[tokio::test]
async fn an_emptied_database_has_no_identity() {
    let (_folder, path) = folder();
    filled(&path).await;
    fs::write(&path, b"").expect("emptied");
    assert_eq!(Sqlite::open(&path).expect("it is as good as new").identity().await, Ok(None));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_said_so() {
    let (folder, _) = folder();
    let error = Sqlite::open(&folder.path().join("nowhere/truebell.db")).err();
    assert_eq!(error, Some(OpenError::Io(std::io::ErrorKind::NotFound)));
    assert_eq!(Sqlite::open_to_read(&folder.path().join("truebell.db")).err(), Some(OpenError::Io(std::io::ErrorKind::NotFound)));
}

#[tokio::test]
async fn a_file_deleted_under_the_server_acknowledges_nothing_more() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).expect("a new database");
    store.create_identity(&identity()).await.expect("written");
    fs::remove_file(&path).expect("deleted");
    let mut world = World::new();
    assert_eq!(store.invite(world.digest(), truebell_core::time::UnixMillis(9)).await, Err(StoreError::Unavailable));
    assert_eq!(store.check().await, Err(StoreError::Unavailable));
    assert_eq!(store.identity().await, Err(StoreError::Unavailable), "failed is not absent");
}

/// What a look-up after a flip may say: the thing, or that the file is damaged. Never that it is absent.
fn check_found<T>(what: &str, offset: usize, found: Result<Option<T>, StoreError>) {
    assert!(!matches!(found, Ok(None)), "byte {offset} flipped, and {what} was said to be absent");
}

#[tokio::test]
async fn a_flipped_bit_is_damage_and_never_absence() {
    let (folder, path) = folder();
    let person = filled(&path).await;
    let whole = fs::read(&path).expect("a file");
    let copy = folder.path().join("copy.db");
    let (mut refused, mut opened) = (0, 0);
    for offset in (0..whole.len()).step_by(whole.len() / 300) {
        let mut flipped = whole.clone();
        flipped[offset] ^= 1 << (offset % 8);
        for name in ["copy.db-wal", "copy.db-shm"] {
            drop(fs::remove_file(folder.path().join(name)));
        }
        fs::write(&copy, &flipped).expect("written");
        let Ok(store) = Sqlite::open(&copy) else {
            refused += 1;
            continue;
        };
        opened += 1;
        check_found("the identity", offset, store.identity().await);
        check_found("the account", offset, store.account(person.account).await);
        check_found("the device", offset, store.device(person.device.device).await);
        check_found("the session", offset, store.session(person.session.token).await);
        check_found("the address", offset, store.account_by_address(&person.email.to_lowercase()).await);
        check_found("the account's changes", offset, store.changes(person.account, &Have::default()).await);
        let page = store.revisions(person.account, person.vault.new.vault, 0, 99, None, 1 << 30).await;
        let revisions = page.map(|page| page.filter(|page| page.revisions.len() == 60));
        check_found("a revision", offset, revisions);
    }
    assert!(refused > 20 && opened > 50, "the flips reach structure ({refused} refused) and contents ({opened} opened)");
}
