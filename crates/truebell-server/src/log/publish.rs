//! The published checkpoint: of what is stored, continuing what was published, cosigned where witnesses are set.

use super::witness::{Ask, Witnesses, cosignatures};
use super::{Current, compute, current, origin};
use crate::state::App;
use std::time::Duration;
use truebell_core::log::{Checkpoint, check_consistency, derive_root, prove_consistency};
use truebell_core::time::UnixMillis;
use truebell_store::StoreError;
use truebell_store::rows::Published;

/// How long a checkpoint waits for its witnesses before the log goes on without them.
const WITNESSES_MAY_TAKE: Duration = Duration::from_secs(60);
/// How long witnesses rest after some of them gave nothing.
const REST: Duration = Duration::from_secs(30);

/// Why a checkpoint was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored does not continue what was published. Signing it would fork the log.
    #[error(
        "the transparency log in the database does not continue the one this server published: no checkpoint is signed. If an older copy of the database was put back, restore it with `truebell restore`, which begins a new log and tells every client"
    )]
    WouldFork,
}

/// Publishes checkpoints.
pub struct Publisher {
    witnesses: Witnesses,
    needed: usize,
    ask: Ask,
    /// Witnesses are not asked before.
    ask_at: UnixMillis,
}

impl Publisher {
    /// With witnesses, of whom so many must have signed before a checkpoint is published at once.
    pub fn new(witnesses: Witnesses, needed: usize, ask: Ask) -> Self {
        let needed = needed.min(witnesses.0.len());
        Self { witnesses, needed, ask, ask_at: UnixMillis(0) }
    }

    /// Publishes the log as it is stored, if that is news. Whether it did.
    pub async fn publish(&mut self, app: &App) -> Result<bool, Refused> {
        let (store, now) = (&*app.store, app.now());
        let size = store.log_head().await?.size;
        let before = current(store, &app.identity).await?;
        let policy = self.witnesses.policy(self.needed);
        let is_same = before.as_ref().is_some_and(|before| before.checkpoint.size == size);
        let cosigned = before.as_ref().filter(|_| is_same).map(|before| policy.count(&before.note));
        let complete = cosigned.as_ref().is_some_and(|found| found.by.len() == self.witnesses.0.len());
        if complete || (is_same && now < self.ask_at) {
            return Ok(false);
        }
        let checkpoint = Checkpoint { origin: origin(&app.identity), size, root: compute(store, |nodes| derive_root(nodes, size)).await? };
        if let Some(before) = &before {
            check_continues(app, before, &checkpoint).await?;
        }
        let note = self.cosign(app, &checkpoint, before.as_ref()).await?;
        let found = policy.count(&note);
        let is_news = cosigned.is_none_or(|cosigned| found.by.len() > cosigned.by.len());
        let waited = before.is_none_or(|before| before.at + WITNESSES_MAY_TAKE <= now);
        if !is_news || !(found.enough || waited || is_same) {
            return Ok(false);
        }
        Ok(store.log_publish(Published { size, at: now, note }).await?)
    }

    /// The signed note, with the cosignatures that are to be had now.
    async fn cosign(&mut self, app: &App, checkpoint: &Checkpoint, before: Option<&Current>) -> Result<String, StoreError> {
        let signed = checkpoint.sign(&app.keys.signing);
        let mut note = signed.clone();
        if app.now() < self.ask_at {
            return Ok(note);
        }
        let known = before.map_or(0, |before| before.checkpoint.size);
        let asked = self.witnesses.0.iter().map(|at| cosignatures(&*app.store, &self.ask, at, (checkpoint, &signed), known));
        let mut missing = false;
        for lines in futures::future::join_all(asked).await {
            let lines = lines?;
            missing |= lines.is_none();
            note.push_str(&lines.unwrap_or_default());
        }
        if missing {
            self.ask_at = app.now() + REST;
        }
        Ok(note)
    }
}

/// The tree to be signed begins with the tree that was published.
async fn check_continues(app: &App, before: &Current, next: &Checkpoint) -> Result<(), Refused> {
    let (from, to) = (&before.checkpoint, next);
    if from.size > to.size {
        return Err(Refused::WouldFork);
    }
    let path = compute(&*app.store, |nodes| prove_consistency(nodes, from.size, to.size)).await?;
    check_consistency((from.size, &from.root), (to.size, &to.root), &path).map_err(|_| Refused::WouldFork)
}
