//! The transparency log, for anybody. Shed first: nothing a person waits for depends on it.

pub(super) mod ask;
pub(super) mod checkpoint;
pub(super) mod consistency;
pub(super) mod prove;
pub(super) mod tile;

use crate::error::Refusal;
use crate::log::{Current, current};
use crate::state::App;
use truebell_core::head::Reason;

/// The published state, or a refusal that says that there is none yet.
async fn published(app: &App) -> Result<Current, Refusal> {
    let missing = || Refusal::because(Reason::NotFound, "The log has no checkpoint yet: ask again in a few seconds.");
    current(&*app.store, &app.identity).await?.ok_or_else(missing)
}
