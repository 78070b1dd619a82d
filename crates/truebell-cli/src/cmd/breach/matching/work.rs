//! What all phases of a match work with: the store, the site, the keys. Never here: a phase.

use crate::cmd::site::{Kept, plain};
use crate::exit::{Answered, Failure};
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Runtime;
use truebell_client::{Clock, SystemClock};
use truebell_core::ids::{MatchId, WorkerId};
use truebell_server::response::desk::Desk;
use truebell_server::response::keys::MatchKey;
use truebell_sites::password::Recipe;
use truebell_store::response::{Ask, Match as Row, Phase, Standing, Told};

/// How long a claim is good without being prolonged: whoever is killed holds others up no longer than that.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// The server gives an answer to another question.
pub(super) fn other_version() -> Failure {
    Failure::plain("The running server answers something else: it is of another version.")
}

/// The store, from threads that may wait.
#[derive(Clone, Copy)]
pub(super) struct Store<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) desk: &'a Desk,
}

impl Store<'_> {
    /// One transaction.
    pub(super) fn ask(&self, what: &Ask) -> Answered<Told> {
        self.runtime.block_on(self.desk.ask(what)).map_err(plain)
    }

    /// One transaction that is done or not.
    pub(super) fn is_done(&self, what: &Ask) -> Answered<bool> {
        self.runtime.block_on(self.desk.is_done(what)).map_err(plain)
    }
}

/// One match, in this process.
pub(super) struct Work<'a> {
    pub(super) store: Store<'a>,
    pub(super) kept: &'a Kept,
    pub(super) key: MatchKey,
    pub(super) recipe: Recipe,
    pub(super) matching: MatchId,
    pub(super) worker: WorkerId,
    /// The server's own folder.
    pub(super) folder: PathBuf,
    pub(super) is_quiet: bool,
}

impl Work<'_> {
    /// The match as it stands.
    pub(super) fn row(&self) -> Answered<Row> {
        let Told::Matches(rows) = self.store.ask(&Ask::Matches(self.kept.row.site))? else { return Err(other_version()) };
        let gone = || Failure::not_found(format!("The site `{}` was removed meanwhile.", self.kept.row.name));
        rows.into_iter().find(|row| row.matching == self.matching).ok_or_else(gone)
    }

    /// Takes the match for this process alone, or prolongs that.
    pub(super) fn lease(&self) -> Answered<bool> {
        let now = SystemClock.now();
        self.store.is_done(&Ask::LeaseMatch { matching: self.matching, worker: self.worker, now, until: now + LEASE })
    }

    /// Goes on to the next phase, and says whether nobody else did.
    pub(super) fn advance(&self, from: Phase, to: Phase, progress: String) -> Answered<bool> {
        self.store.is_done(&Ask::Advance { matching: self.matching, from, to, progress })
    }

    /// Ends the match if no account waits any more.
    pub(super) fn finish_if_done(&self, progress: &str) -> Answered<bool> {
        let Told::Tally(rows, _) = self.store.ask(&Ask::Tally(self.matching))? else { return Err(other_version()) };
        if rows.iter().any(|row| row.standing == Standing::Waiting) {
            return Ok(false);
        }
        self.advance(Phase::Verifying, Phase::Done, progress.to_owned())?;
        Ok(true)
    }
}
