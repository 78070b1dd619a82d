//! Accounts whose time to be kept is over. The person asked for it, and was told when it was asked for.

use truebell_core::time::UnixMillis;
use truebell_store::{Store, StoreError};

/// How many are looked up at once.
const AT_ONCE: u32 = 100;

/// Deletes every account that is due; how many.
pub async fn delete_due(store: &dyn Store, now: UnixMillis) -> Result<u64, StoreError> {
    let mut deleted = 0;
    loop {
        let due = store.due_deletions(now, AT_ONCE).await?;
        let mut done = 0;
        for account in &due {
            // False where it was kept since: the store looks again in the same transaction.
            done += u64::from(store.delete_account(*account, now).await?);
        }
        deleted += done;
        if due.len() < AT_ONCE as usize || done == 0 {
            return Ok(deleted);
        }
    }
}
