//! The machine: one call, one step. What it knows besides the databases' own rows can be lost at any time.

use super::end::End;
use super::means::{Means, Point};
use super::note::{Note, Phase, seal_url};
use super::status::Status;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use truebell_core::ids::AccountId;
use truebell_core::time::UnixMillis;
use truebell_store::StoreError;
use truebell_store::moving::{Ask, Carried, CarryError, Compare, Cursor, Lease, MoveRow, NO_PART, Role, Take, carry};
use truebell_store::rows::Identity;
use truebell_store::switch::Switch;

/// Changed rows that are compared one by one in a step; after more, everything is compared again.
pub(super) const ROWS_CHECKED: usize = 5_000;
/// Accounts compared again in one step, and how often one is, before its changed rows are enough.
const ACCOUNTS_AGAIN: usize = 64;
const TIMES_AGAIN: u8 = 3;
/// So few changes in a step, and the switch can be tried.
pub(super) const NEAR_ROWS: u64 = 500;

/// What comes after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There is more to do.
    Again,
    /// Nothing to do but to follow.
    Calm,
    /// The new database serves since this step.
    Switched,
    /// The move is over; the machine is of no use any more.
    Over,
}

/// Why a step did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Something that passes: try again.
    #[error("{0}")]
    Wait(String),
    /// Something an operator must see.
    #[error("{0}")]
    Broken(String),
    /// A test's hook.
    #[error("the move was stopped dead")]
    Killed,
}

/// What was done since this machine was made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub accounts_total: u64,
    pub accounts: u64,
    pub compared: u64,
    pub rows: u64,
    pub bytes: u64,
    pub fence_tries: u64,
    pub behind: u64,
}

/// A move between two databases.
pub struct Move {
    pub(super) switch: Arc<Switch>,
    /// The one that serves.
    pub(super) live: End,
    /// The one that follows it.
    pub(super) other: End,
    pub(super) id: [u8; 16],
    pub(super) identity: Identity,
    pub(super) note: Note,
    pub(super) means: Means,
    pub(super) cursor: Cursor,
    /// Steps that were written to the other one.
    pub(super) written: u64,
    /// Where the other one is must be read there first: a step failed, or it was another one until now.
    pub(super) is_unsure: bool,
    pub(super) compared: Cursor,
    /// Accounts that changed since they were compared, and how often they were compared again.
    pub(super) again: BTreeMap<AccountId, u8>,
    /// How much one step takes.
    pub take: Take,
    pub(super) tally: Tally,
    /// The other notes its changes and is complete but for the last ones: it could take over.
    pub(super) is_prepared: bool,
    /// How long a last step may take for a switch to be tried.
    pub(super) patience: Duration,
    /// The live one's row says so. Written again until it is.
    pub(super) is_said: bool,
    /// The way back was asked for.
    pub(super) goes_back: bool,
    /// The lead of the live one, and of the other once it could take over.
    pub(super) leases: (Option<Lease>, Option<Lease>),
}

impl Move {
    /// How far it is.
    pub fn phase(&self) -> Phase {
        self.note.phase
    }

    /// Keeps the lead of the database that serves, as long as it runs.
    pub(super) fn hold_lease(&mut self, lease: Lease) {
        self.leases.0 = Some(lease);
    }

    /// Whether no other process can have taken the move up.
    pub(super) fn leads(&self) -> bool {
        self.leases.0.as_ref().is_none_or(Lease::is_held)
    }

    /// The database that serves.
    pub fn serving(&self) -> End {
        self.live.clone()
    }

    /// Whether somebody paused it, or it stopped.
    pub fn is_held(&self) -> bool {
        self.note.paused || self.note.stopped.is_some()
    }

    pub(super) fn at(&self, point: Point) -> Result<(), Stop> {
        if self.means.hook.as_ref().is_some_and(|hook| hook(point)) { Err(Stop::Killed) } else { Ok(()) }
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.means.clock.now()
    }

    /// The row of the database that serves.
    pub(super) fn live_row(&self) -> MoveRow {
        let role = if self.note.switched_ms.is_some() { Role::Live } else { Role::Source };
        let note = Note { other: seal_url(&self.means, self.id, &self.other.url), ..self.note.clone() };
        MoveRow { role, id: self.id, place: self.other.place.clone(), cursor: Cursor::Start, step: 0, state: note.text() }
    }

    /// The row of the other one.
    pub(super) fn other_row(&self, role: Role) -> MoveRow {
        let note = Note { other: seal_url(&self.means, self.id, &self.live.url), ..self.note.clone() };
        MoveRow { role, id: self.id, place: self.live.place.clone(), cursor: Cursor::Start, step: 0, state: note.text() }
    }

    /// Writes down how far it is.
    pub(super) async fn say(&self) -> Result<(), Stop> {
        self.live.store.put_move_row(Some(&self.live_row())).await.map_err(source_waits)
    }

    pub(super) async fn enter(&mut self, phase: Phase) -> Result<(), Stop> {
        let before = std::mem::replace(&mut self.note.phase, phase);
        let said = self.say().await;
        if said.is_err() {
            self.note.phase = before;
        }
        said
    }

    /// Takes one step.
    pub async fn step(&mut self) -> Result<Next, Stop> {
        match self.note.phase {
            Phase::Preparing => self.prepare().await,
            Phase::Copying => self.copy().await,
            Phase::Comparing => self.compare().await,
            Phase::Following => self.follow().await,
            Phase::Kept => self.keep().await,
            Phase::Aborting => self.abort().await,
            Phase::Finishing => self.finish().await,
        }
    }

    /// Where the other one says it is.
    pub(super) async fn find_place(&mut self) -> Result<(), Stop> {
        let row = self.other.store.move_row().await.map_err(|error| self.explain(CarryError::Target(error)))?;
        let Some(row) = row.filter(|row| row.id == self.id) else {
            return Err(Stop::Broken(format!(
                "{} was changed by somebody else: end the move with --abort (or --finish)",
                self.other.place
            )));
        };
        // One that was left had everything.
        self.cursor = if self.note.switched_ms.is_some() { Cursor::End } else { row.cursor };
        (self.written, self.is_unsure) = (row.step, false);
        Ok(())
    }

    pub(super) async fn carry(&mut self, take: Option<Take>, compare: Compare) -> Result<Carried, Stop> {
        self.carry_and(take, compare, false).await
    }

    /// One step; the last one before a switch leaves the journal as it is.
    pub(super) async fn carry_and(&mut self, take: Option<Take>, compare: Compare, is_last: bool) -> Result<Carried, Stop> {
        if self.is_unsure {
            self.find_place().await?;
        }
        let (covered, step) = (self.cursor.clone(), self.written);
        let ask = Ask { covered, step, take, compare, check_rows: ROWS_CHECKED, keeps_journal: is_last };
        self.is_unsure = true;
        let carried = carry(&*self.live.store, &*self.other.store, &ask).await.map_err(|error| self.explain(error))?;
        (self.cursor, self.written, self.is_unsure) = (carried.cursor.clone(), step + 1, false);
        self.tally.accounts += carried.accounts;
        self.tally.compared += carried.accounts_compared;
        self.tally.rows += carried.rows;
        self.tally.bytes += carried.bytes;
        self.tally.behind = carried.tail;
        if carried.differing > 0 {
            let (n, to) = (carried.differing, &self.other.place);
            return Err(Stop::Broken(format!(
                "{n} accounts or rows differ between the two databases: nothing was switched; abort the move, look at the disk of {to}, and begin again"
            )));
        }
        Ok(carried)
    }

    /// A failed step in a sentence, by whose fault it is.
    pub(super) fn explain(&self, error: CarryError) -> Stop {
        let to = &self.other.place;
        match error {
            CarryError::Source(error) => source_waits(error),
            CarryError::Target(StoreError::Full) => Stop::Wait(format!("{to} has no room left; the move waits until it has")),
            CarryError::Target(StoreError::ReadOnly) => Stop::Wait(format!("{to} cannot be written to; the move waits until it can")),
            CarryError::Target(NO_PART) => Stop::Wait(format!("{to} has taken another step meanwhile; the move looks again")),
            CarryError::Target(StoreError::Damaged(what)) => {
                Stop::Broken(format!("{to} does not take what is moved ({what}): abort the move, and begin again with an empty database"))
            }
            CarryError::Target(StoreError::Moved) => Stop::Broken(format!("{to} was moved elsewhere: abort the move")),
            CarryError::Target(StoreError::Unavailable | StoreError::Unknown) => {
                Stop::Wait(format!("{to} does not answer; the move waits until it does"))
            }
        }
    }

    async fn copy(&mut self) -> Result<Next, Stop> {
        let take = self.take;
        self.carry(Some(take), Compare::Nothing).await?;
        self.at(Point::Carried)?;
        if self.cursor == Cursor::End {
            self.compared = Cursor::Start;
            self.again.clear();
            self.enter(Phase::Comparing).await?;
        }
        Ok(Next::Again)
    }

    async fn compare(&mut self) -> Result<Next, Stop> {
        let take = Take { accounts: self.take.accounts, rows: self.take.rows };
        let carried = self.carry(None, Compare::Next(self.compared.clone(), take)).await?;
        self.at(Point::Carried)?;
        self.again.extend(carried.touched.iter().map(|account| (*account, 0)));
        self.compared = carried.compared;
        if !carried.rows_checked {
            // More changed than is compared row by row: what was compared before may be among it.
            self.compared = Cursor::Start;
            self.tally.compared = 0;
        } else if self.compared == Cursor::End {
            self.enter(Phase::Following).await?;
        }
        Ok(Next::Again)
    }

    async fn follow(&mut self) -> Result<Next, Stop> {
        let accounts: Vec<AccountId> =
            self.again.iter().filter(|(_, times)| **times < TIMES_AGAIN).map(|(account, _)| *account).take(ACCOUNTS_AGAIN).collect();
        let carried = self.carry(None, Compare::Accounts(accounts.clone())).await?;
        self.at(Point::Carried)?;
        if !carried.rows_checked {
            self.compared = Cursor::Start;
            self.enter(Phase::Comparing).await?;
            return Ok(Next::Again);
        }
        for account in carried.touched {
            self.again.entry(account).or_default();
        }
        for account in &accounts {
            // Compared at the same moment as what changed: it is right until it changes again.
            let times = self.again.remove(account).unwrap_or_default();
            if times + 1 < TIMES_AGAIN {
                continue;
            }
            self.again.insert(*account, TIMES_AGAIN);
        }
        let left = self.again.values().filter(|times| **times < TIMES_AGAIN).count();
        let is_near = left <= ACCOUNTS_AGAIN && carried.tail <= NEAR_ROWS;
        if is_near && self.others_know() { self.switch_over().await } else { Ok(Next::Again) }
    }

    /// Other processes look every second whether a move is under way: after three, all know.
    fn others_know(&self) -> bool {
        !self.live.place.starts_with("postgres:") || self.now() - UnixMillis(self.note.started_ms) > Duration::from_secs(3)
    }

    async fn keep(&mut self) -> Result<Next, Stop> {
        if !self.is_said {
            self.say().await?;
            self.is_said = true;
            self.at(Point::Live)?;
        }
        let until = self.note.switched_ms.unwrap_or_default().saturating_add(self.note.keep_ms);
        if self.now().0 >= until && !self.goes_back {
            self.enter(Phase::Finishing).await?;
            return Ok(Next::Again);
        }
        let carried = self.carry(None, Compare::Nothing).await?;
        if self.goes_back && carried.tail <= NEAR_ROWS {
            return self.switch_over().await;
        }
        Ok(if carried.tail > 0 { Next::Again } else { Next::Calm })
    }

    /// How it stands, but for what only a watcher knows.
    pub async fn status(&self) -> Status {
        let switched = self.note.switched_ms;
        let (from, to) = self.note.in_order(&self.live, &self.other);
        let (lately, calm) = self.switch.latency();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        // Where it cannot be counted, what was carried last says about as much.
        let behind = match self.live.store.journal_rows().await {
            Ok(rows) => rows,
            Err(_) => self.tally.behind,
        };
        Status {
            id: format!("{:032x}", u128::from_be_bytes(self.id)),
            phase: self.note.phase,
            from: from.place.clone(),
            to: to.place.clone(),
            serving: self.live.place.clone(),
            started: self.note.started_ms,
            paused: self.note.paused,
            waiting: None,
            stopped: self.note.stopped.clone(),
            accounts_total: self.tally.accounts_total.max(self.tally.accounts),
            accounts_copied: self.tally.accounts,
            accounts_compared: self.tally.compared,
            rows: self.tally.rows,
            bytes: self.tally.bytes,
            rows_per_second: 0.0,
            seconds_left: None,
            behind,
            move_fence_ms_max: self.note.fence_us_max as f64 / 1000.0,
            fence_tries: self.tally.fence_tries,
            switched,
            kept_until: switched.map(|at| at.saturating_add(self.note.keep_ms)),
            store_ms: (millis(lately), millis(calm)),
        }
    }
}

pub(super) fn source_waits(error: StoreError) -> Stop {
    Stop::Wait(format!("the server's own database: {error}; the move waits"))
}
