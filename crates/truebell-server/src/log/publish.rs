//! The published checkpoint: of what is stored, continuing what was published, cosigned where witnesses are set.

use super::witness::{Ask, Witnesses, cosignatures};
use super::{Current, compute, current, origin};
use crate::state::App;
use std::io::ErrorKind;
use std::path::PathBuf;
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What this server remembers of what it published cannot be read: signing without it could fork the log unseen.
    #[error(
        "{} cannot be read, so it cannot be checked that the transparency log goes on from it: no checkpoint is signed. Put the file back from a backup; if the database is certainly the newest there is, remove the file",
        .0.display()
    )]
    Forgotten(PathBuf),
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
    /// Where this server remembers, beside the database, what it published last: a database that was put back has forgotten it.
    file: Option<PathBuf>,
}

impl Publisher {
    /// With witnesses, of whom so many must have signed before a checkpoint is published at once.
    pub fn new(witnesses: Witnesses, needed: usize, ask: Ask) -> Self {
        let needed = needed.min(witnesses.0.len());
        Self { witnesses, needed, ask, ask_at: UnixMillis(0), file: None }
    }

    /// Remembers in this file what was published last.
    pub fn remembering(self, file: PathBuf) -> Self {
        Self { file: Some(file), ..self }
    }

    /// The state this server published last, as it remembers itself; of this log only. No file is a server that has published nothing.
    fn remembered(&self, app: &App) -> Result<Option<Checkpoint>, Refused> {
        let Some(file) = &self.file else { return Ok(None) };
        let forgotten = || Refused::Forgotten(file.clone());
        let note = match std::fs::read_to_string(file) {
            Ok(note) => note,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(forgotten()),
        };
        if Checkpoint::read_unverified(&note).map_err(|_| forgotten())?.origin != origin(&app.identity) {
            return Ok(None);
        }
        Checkpoint::verify(&note, app.identity.server, &app.identity.key).map(Some).map_err(|_| forgotten())
    }

    /// Remembers a note. A disk that does not take it only weakens the check of a later start.
    fn remember(&self, note: &str) {
        let Some(file) = &self.file else { return };
        let draft = file.with_extension("new");
        if let Err(error) = std::fs::write(&draft, note).and_then(|()| std::fs::rename(&draft, file)) {
            tracing::warn!("what was published of the log cannot be remembered in the data folder ({})", error.kind());
        }
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
        for earlier in before.as_ref().map(|before| before.checkpoint).into_iter().chain(self.remembered(app)?) {
            check_continues(app, &earlier, &checkpoint).await?;
        }
        let note = self.cosign(app, &checkpoint, before.as_ref()).await?;
        let found = policy.count(&note);
        let is_news = cosigned.is_none_or(|cosigned| found.by.len() > cosigned.by.len());
        let waited = before.is_none_or(|before| before.at + WITNESSES_MAY_TAKE <= now);
        if !is_news || !(found.enough || waited || is_same) {
            return Ok(false);
        }
        self.remember(&note);
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

/// The tree to be signed begins with a tree that was published.
async fn check_continues(app: &App, from: &Checkpoint, to: &Checkpoint) -> Result<(), Refused> {
    if from.size > to.size {
        return Err(Refused::WouldFork);
    }
    let path = compute(&*app.store, |nodes| prove_consistency(nodes, from.size, to.size)).await?;
    check_consistency((from.size, &from.root), (to.size, &to.root), &path).map_err(|_| Refused::WouldFork)
}
