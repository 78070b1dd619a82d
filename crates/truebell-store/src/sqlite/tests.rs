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
