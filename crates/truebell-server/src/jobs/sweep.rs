//! Rows that are over: sessions, enrolments, used sign-ins, invitations. They open nothing any more; this makes room.

use std::time::Duration;
use truebell_core::time::UnixMillis;
use truebell_store::{Store, StoreError};

/// How long a row is kept after it was over, so that a late client hears *expired* and not *unknown*.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Forgets what was over long enough ago; how many rows.
pub async fn sweep(store: &dyn Store, now: UnixMillis) -> Result<u64, StoreError> {
    let before = UnixMillis(now.0.saturating_sub(u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX)));
    store.sweep(before).await
}
