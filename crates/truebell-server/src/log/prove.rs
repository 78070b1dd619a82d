//! Proofs from tiles: first which tiles, then the tiles, then the proof.

use super::{DAMAGED, origin};
use truebell_core::hash::Hash32;
use truebell_core::log::{Checkpoint, Nodes, Proof, Tiles, Wanted, derive_entry, prove_inclusion};
use truebell_store::rows::{Identity, LogPlace};
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

/// What the published log says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logged {
    /// It is in it.
    Proven(Proof),
    /// It will be, in a second or two.
    NotYet,
    /// No event has this digest.
    Unknown,
}

/// Proves that the event with this digest is in the published log.
pub async fn prove(store: &dyn Store, identity: &Identity, digest: &Hash32) -> Result<Logged, StoreError> {
    let place = store.log_places(&[derive_entry(digest)]).await?.pop().flatten();
    let Some(place) = place else { return Ok(Logged::Unknown) };
    let Some(current) = current(store, identity).await? else { return Ok(Logged::NotYet) };
    let size = current.checkpoint.size;
    match place {
        LogPlace::At(index) if index < size => {
            let path = compute(store, |nodes| prove_inclusion(nodes, index, size)).await?;
            Ok(Logged::Proven(Proof { index, path, checkpoint: current.note }))
        }
        LogPlace::At(_) | LogPlace::Waiting => Ok(Logged::NotYet),
    }
}
