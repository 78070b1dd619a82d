//! The store these stories run on: SQLite, in a folder of its own.

use std::sync::Arc;
use truebell_store::Store;
use truebell_store::sqlite::Sqlite;

/// No faults on demand here.
pub(crate) struct Faults;

impl Faults {
    /// Calls are not counted here.
    pub(crate) fn calls(&self, _method: &str) -> u32 {
        0
    }
}

/// The folder, removed with the world.
pub(crate) type Kept = tempfile::TempDir;

/// A new, empty store.
pub(crate) async fn open() -> (Arc<dyn Store>, Faults, Kept) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("truebell.db")).unwrap();
    (Arc::new(store), Faults, folder)
}
