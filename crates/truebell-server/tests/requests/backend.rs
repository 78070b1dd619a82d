//! The store these stories run on: memory, with its faults.

use std::sync::Arc;
use truebell_store::Store;
use truebell_store::memory::Memory;

pub(crate) use truebell_store::memory::Faults;

/// Nothing needs to be kept alive beside the store.
pub(crate) type Kept = ();

/// A new, empty store.
pub(crate) async fn open() -> (Arc<dyn Store>, Faults, Kept) {
    let store = Memory::new();
    let faults = store.faults();
    (Arc::new(store), faults, ())
}
