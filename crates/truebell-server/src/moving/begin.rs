//! How a move begins, is taken up after a crash, is taken back, and ends. What is in the two rows decides, whatever was going on.

use super::end::End;
use super::machine::{Move, Next, Stop, Tally, source_waits};
use super::means::{Means, Point};
use super::note::{Note, Phase};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use truebell_core::chance::make_array;
use truebell_store::StoreError;
use truebell_store::moving::{CarryError, Cursor, MoveRow, Role, Take};
use truebell_store::rows::Identity;
use truebell_store::switch::Switch;

/// How much a first step takes; the pace is found from there.
const FIRST: Take = Take { accounts: 32, rows: 512 };

/// Why a move was not begun. Nothing was changed in the database that serves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// One is going on.
    #[error("a move to {0} is under way: see it with --status, or end it with --abort")]
    UnderWay(String),
    /// One was done, and its way back is still open.
    #[error("the way back to {0} is still open: close it with --finish first")]
    WayBackOpen(String),
    /// The target is this very database.
    #[error("{0} is the database this server uses now: name another one, which is empty")]
    Same(String),
    /// The target holds this server's data.
    #[error("{0} holds data of this server, from an earlier move or a restore: nothing was changed; empty it, or name an empty database")]
    OlderCopy(String),
    /// The target holds another server's data.
    #[error("{0} belongs to another server: nothing was changed; name an empty database")]
    OtherServer(String),
    /// The target holds something.
    #[error("{0} is not empty: nothing was changed; name an empty database")]
    NotEmpty(String),
    /// The target's schema is another one.
    #[error("{place} has schema {found} and this server's database {here}: nothing was changed; let both be of this version")]
    Schema {
        /// The target.
        place: String,
        /// Its schema.
        found: u32,
        /// Ours.
        here: u32,
    },
    /// The target cannot be used.
    #[error("{place}: {why}; nothing was changed")]
    Target {
        /// The target.
        place: String,
        /// Why.
        why: StoreError,
    },
    /// The database that serves.
    #[error("the server's own database: {0}; nothing was begun")]
    Source(StoreError),
    /// A test's hook.
    #[error("the move was stopped dead")]
    Killed,
}

impl Move {
    /// Whether a move to what was found at a place would be refused. Nothing is changed, here or there.
    pub async fn check(live: &End, other: &End) -> Result<(), Refused> {
        let identity = live.store.identity().await.map_err(Refused::Source)?;
        let identity = identity.ok_or(Refused::Source(StoreError::Damaged("no identity")))?;
        check_source(live).await?;
        check_target(live, other, &identity).await
    }

    /// Begins a move of the database behind a switch to an empty one.
    pub async fn begin(switch: Arc<Switch>, live: End, other: End, means: Means, keep: Duration) -> Result<Self, Refused> {
        let identity = live.store.identity().await.map_err(Refused::Source)?;
        let identity = identity.ok_or(Refused::Source(StoreError::Damaged("no identity")))?;
        check_source(&live).await?;
        check_target(&live, &other, &identity).await?;
        // It takes a write.
        let place = other.place.clone();
        other.store.check().await.map_err(|why| Refused::Target { place, why })?;
        let schema = live.store.schema().await.map_err(Refused::Source)?;
        let counts = live.store.counts(means.clock.now()).await.map_err(Refused::Source)?;
        let id = make_array(&mut *means.chance.chance());
        let note = Note {
            server: identity.server.to_string(),
            phase: Phase::Preparing,
            other: String::new(),
            schema,
            started_ms: means.clock.now().0,
            keep_ms: u64::try_from(keep.as_millis()).unwrap_or(u64::MAX),
            paused: false,
            stopped: None,
            switched_ms: None,
            switches: 0,
            fence_us_max: 0,
        };
        switch.note_calm();
        let mut begun = Self::from_parts(switch, (live, other), id, identity, note, means);
        begun.tally.accounts_total = counts.accounts;
        begun.live.store.put_move_row(Some(&begun.live_row())).await.map_err(Refused::Source)?;
        begun.at(Point::SourceNoted).map_err(|_| Refused::Killed)?;
        Ok(begun)
    }

    fn from_parts(switch: Arc<Switch>, (live, other): (End, End), id: [u8; 16], identity: Identity, note: Note, means: Means) -> Self {
        Self {
            switch,
            live,
            other,
            id,
            identity,
            note,
            means,
            cursor: Cursor::Start,
            written: 0,
            is_unsure: true,
            compared: Cursor::Start,
            again: BTreeMap::new(),
            take: FIRST,
            tally: Tally::default(),
            is_prepared: false,
            patience: super::switching::PATIENCE.0,
            is_said: true,
            goes_back: false,
            leases: (None, None),
        }
    }

    /// Goes on with a move that a process before this one began. `row` is the live database's.
    pub async fn take_up(switch: Arc<Switch>, live: End, row: &MoveRow, other: End, means: Means) -> Result<Self, Stop> {
        let identity = live.store.identity().await.map_err(source_waits)?;
        let identity = identity.ok_or_else(|| Stop::Broken("the server's own database has no identity".into()))?;
        let note = Note::read(row).ok_or_else(|| Stop::Broken("what the database says of its move is not understood".into()))?;
        let mut taken = Self::from_parts(switch, (live, other), row.id, identity, note, means);
        let counts = taken.live.store.counts(taken.now()).await.map_err(source_waits)?;
        taken.tally.accounts_total = counts.accounts;
        if matches!(taken.note.phase, Phase::Aborting | Phase::Finishing | Phase::Preparing) {
            return Ok(taken);
        }
        let there = taken.other.store.move_row().await.map_err(|error| taken.explain(CarryError::Target(error)))?;
        let there = there.filter(|there| there.id == taken.id);
        match (taken.note.phase, there) {
            (Phase::Kept, Some(there)) if matches!(there.role, Role::Moved | Role::Ready) => {
                if there.role == Role::Ready {
                    let row = taken.other_row(Role::Moved);
                    taken.other.store.put_move_row(Some(&row)).await.map_err(|error| taken.explain(CarryError::Target(error)))?;
                }
                taken.check_unchanged_schema().await?;
            }
            (Phase::Copying | Phase::Comparing | Phase::Following, Some(there)) if matches!(there.role, Role::Target | Role::Ready) => {
                taken.note.phase = if there.cursor == Cursor::End { Phase::Comparing } else { Phase::Copying };
                let copied = taken.other.store.counts(taken.now()).await.map_err(|error| taken.explain(CarryError::Target(error)))?;
                taken.tally.accounts = copied.accounts;
            }
            _ => {
                let place = &taken.other.place;
                taken.note.stopped = Some(format!("{place} was changed by somebody else: end the move with --abort (or --finish)"));
            }
        }
        Ok(taken)
    }

    async fn check_unchanged_schema(&mut self) -> Result<(), Stop> {
        if self.live.store.schema().await.map_err(source_waits)? != self.note.schema {
            self.note.stopped = Some(
                "the schema changed since the switch, and the old database does not follow any more: close the way back with --finish"
                    .into(),
            );
        }
        Ok(())
    }

    /// Makes both databases ready. Can be repeated from any point of it.
    pub(super) async fn prepare(&mut self) -> Result<Next, Stop> {
        let target = |error| self.explain(CarryError::Target(error));
        // Nothing was copied yet: whatever is there is from an earlier try of this very move.
        if self.other.store.move_row().await.map_err(target)?.is_some() {
            self.other.store.wipe().await.map_err(target)?;
        }
        self.other.store.put_move_row(Some(&self.other_row(Role::Target))).await.map_err(target)?;
        self.is_unsure = true;
        self.at(Point::TargetNoted)?;
        self.live.store.start_journal().await.map_err(source_waits)?;
        self.at(Point::JournalStarted)?;
        self.enter(Phase::Copying).await?;
        Ok(Next::Again)
    }

    /// Stops between two steps, or goes on.
    pub async fn pause(&mut self, paused: bool) -> Result<(), Stop> {
        let before = (self.note.paused, self.note.stopped.take());
        self.note.paused = paused;
        let said = self.say().await;
        if said.is_err() {
            (self.note.paused, self.note.stopped) = before;
        }
        said
    }

    /// Stops until somebody says otherwise.
    pub async fn stop(&mut self, why: String) {
        self.note.stopped = Some(why);
        // A source that does not answer is told nothing; the next process finds out for itself.
        let _ = self.say().await;
    }

    /// Takes the move back: nothing of it is left in the database that serves, and the target is emptied. Before the switch only.
    pub async fn order_abort(&mut self) -> Result<(), Stop> {
        if self.note.switched_ms.is_some() {
            return Err(Stop::Wait("the switch is done: go back with --back, or close the way back with --finish".into()));
        }
        (self.note.paused, self.note.stopped) = (false, None);
        self.enter(Phase::Aborting).await
    }

    /// Switches back to the old database, as soon as it has all.
    pub fn order_back(&mut self) -> Result<(), Stop> {
        match self.note.phase {
            Phase::Kept if self.note.stopped.is_none() => {
                (self.goes_back, self.note.paused) = (true, false);
                Ok(())
            }
            _ => Err(Stop::Wait("there is no way back: it is open from a switch until --finish".into())),
        }
    }

    /// Closes the way back.
    pub async fn order_finish(&mut self) -> Result<(), Stop> {
        if self.note.switched_ms.is_none() {
            return Err(Stop::Wait("nothing was switched yet: there is nothing to finish".into()));
        }
        (self.note.paused, self.note.stopped) = (false, None);
        self.enter(Phase::Finishing).await
    }

    pub(super) async fn abort(&mut self) -> Result<Next, Stop> {
        self.at(Point::Aborting)?;
        if let Err(error) = self.empty_other().await {
            tracing::warn!("{} was not emptied ({error}): drop it before it is used for anything", self.other.place);
        }
        self.at(Point::Wiped)?;
        self.live.store.stop_journal().await.map_err(source_waits)?;
        self.live.store.put_move_row(None).await.map_err(source_waits)?;
        Ok(Next::Over)
    }

    /// Empties the target, if it is this move's.
    async fn empty_other(&self) -> Result<(), StoreError> {
        match self.other.store.move_row().await? {
            Some(row) if row.id == self.id && row.role != Role::Live => self.other.store.wipe().await,
            _ => Ok(()),
        }
    }

    pub(super) async fn finish(&mut self) -> Result<Next, Stop> {
        self.at(Point::Finishing)?;
        let left = self.other_row(Role::Moved);
        // One that a switch back was tried to says again that it was left. Gone for good it says nothing, and that is as well.
        if self.is_prepared && self.other.store.put_move_row(Some(&left)).await.is_err() {
            tracing::warn!("{} does not say that it was left: drop it", self.other.place);
        }
        self.live.store.stop_journal().await.map_err(source_waits)?;
        self.live.store.put_move_row(None).await.map_err(source_waits)?;
        tracing::info!("the move is over: {} is not followed any more", self.other.place);
        Ok(Next::Over)
    }
}

async fn check_source(live: &End) -> Result<(), Refused> {
    match live.store.move_row().await.map_err(Refused::Source)? {
        None => Ok(()),
        Some(row) if row.role == Role::Live => Err(Refused::WayBackOpen(row.place)),
        Some(row) => Err(Refused::UnderWay(row.place)),
    }
}

async fn check_target(live: &End, other: &End, identity: &Identity) -> Result<(), Refused> {
    let place = &other.place;
    let target = |why| Refused::Target { place: place.clone(), why };
    if live.url == other.url {
        return Err(Refused::Same(place.clone()));
    }
    let (found, here) = (other.store.schema().await.map_err(target)?, live.store.schema().await.map_err(Refused::Source)?);
    if found != here {
        return Err(Refused::Schema { place: place.clone(), found, here });
    }
    let row = other.store.move_row().await.map_err(target)?;
    let is_ours = |row: &MoveRow| Note::read(row).is_some_and(|note| note.server == identity.server.to_string());
    match row {
        // Left by a move that could not empty it when it was aborted. Nobody ever served it: it was never complete, or what it waited for
        // is served here without having been left.
        Some(row) if row.role == Role::Target && is_ours(&row) => return Ok(()),
        Some(row) if row.role == Role::Ready && is_ours(&row) && row.place == live.place => return Ok(()),
        Some(row) if !is_ours(&row) => return Err(Refused::OtherServer(place.clone())),
        Some(_) => return Err(Refused::OlderCopy(place.clone())),
        None => {}
    }
    match other.store.identity().await.map_err(target)? {
        Some(there) if there.server != identity.server => return Err(Refused::OtherServer(place.clone())),
        Some(there) if there == *identity => return Err(Refused::Same(place.clone())),
        Some(_) => return Err(Refused::OlderCopy(place.clone())),
        None => {}
    }
    if !other.store.is_empty().await.map_err(target)? {
        return Err(Refused::NotEmpty(place.clone()));
    }
    Ok(())
}
