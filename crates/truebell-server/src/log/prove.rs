//! Proofs from tiles: first which tiles, then the tiles, then the proof.

use super::{DAMAGED, origin};
use truebell_core::log::{Checkpoint, Nodes, Tiles, Wanted};
use truebell_store::rows::Identity;
use truebell_store::{Store, StoreError};

/// Computes something from the log's hashes. `work` is called twice: to find out which it needs, and with them.
pub(crate) async fn compute<T>(store: &dyn Store, work: impl Fn(&dyn Nodes) -> Option<T> + Send) -> Result<T, StoreError> {
    let wanted = Wanted::default();
    let _rehearsal = work(&wanted);
    let asked = wanted.into_tiles();
    let kept = store.log_tiles(&asked).await?;
    let mut tiles = Tiles::default();
    for (tile, kept) in asked.iter().zip(kept) {
        tiles.put(*tile, &kept.ok_or(DAMAGED)?);
    }
    work(&tiles).ok_or(DAMAGED)
}

/// The published state of this server's log.
pub(crate) struct Current {
    /// What it says.
    pub(crate) checkpoint: Checkpoint,
    /// The note, with cosignatures.
    pub(crate) note: String,
    /// When it was published.
    pub(crate) at: truebell_core::time::UnixMillis,
}

/// The published checkpoint. `None` before the first, and after a restore until the log that begins with it has one.
pub(crate) async fn current(store: &dyn Store, identity: &Identity) -> Result<Option<Current>, StoreError> {
    let Some(published) = store.log_head().await?.published else { return Ok(None) };
    let checkpoint = Checkpoint::read_unverified(&published.note).map_err(|_| DAMAGED)?;
    let ours = checkpoint.origin == origin(identity);
    Ok(ours.then_some(Current { checkpoint, note: published.note, at: published.at }))
}
