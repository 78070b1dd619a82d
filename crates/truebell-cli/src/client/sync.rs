//! Driving the engine: its effects become exchanges and transactions.

use super::{Client, Error};
use truebell_core::time::UnixMillis;
use truebell_engine::sync::View;

/// What one sync did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Synced {
    /// How things stand after it.
    pub view: View,
    /// `view` in words.
    pub sentence: String,
    /// Revisions taken in.
    pub pulled: usize,
    /// Revisions sent.
    pub pushed: usize,
    /// Items that both sides had edited, merged.
    pub merged: usize,
    /// Notices that came with it, unseen.
    pub notices: usize,
    /// A sentence when the server came back from a backup.
    pub restored: Option<String>,
}

impl Client {
    /// Syncs now: pull, rebase, push. Not being able to is not an error but a [`View`]; only local trouble is an error.
    pub fn sync(&mut self) -> Result<Synced, Error> {
        todo!()
    }

    /// Syncs if the engine's pacing says it is time (for an agent's loop), else does nothing.
    pub fn sync_if_due(&mut self) -> Result<Option<Synced>, Error> {
        todo!()
    }

    /// When `sync_if_due` next has something to do.
    pub fn next_due(&self) -> UnixMillis {
        todo!()
    }
}
