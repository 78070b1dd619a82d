//! Giving leaves their places. Any server may do it at any time: the store compares the size first, so two never fork the log.

use super::DAMAGED;
use truebell_core::log::{append, edge};
use truebell_store::rows::LogAppend;
use truebell_store::{Store, StoreError};

/// How many leaves get their places in one transaction.
const AT_ONCE: u32 = 1024;

/// Gives every waiting leaf its place; how many. Where another server is at it, the rest is left to that one.
pub async fn grow(store: &dyn Store) -> Result<u64, StoreError> {
    let mut grown = 0;
    loop {
        let from = store.log_head().await?.size;
        let entries = store.log_waiting(AT_ONCE).await?;
        let count = entries.len();
        if count == 0 {
            return Ok(grown);
        }
        let asked = edge(from);
        let kept = store.log_tiles(&asked).await?;
        let kept: Option<Vec<_>> = asked.into_iter().zip(kept).map(|(tile, body)| Some((tile, body?))).collect();
        let appended = kept.and_then(|kept| append(from, &kept, &entries)).ok_or(DAMAGED)?;
        if !store.log_append(LogAppend { from, entries, tiles: appended.tiles }).await? {
            return Ok(grown);
        }
        grown += count as u64;
        if count < AT_ONCE as usize {
            return Ok(grown);
        }
    }
}
