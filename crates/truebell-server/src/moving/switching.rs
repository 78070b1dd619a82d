//! The switch: writes are held, the last changes go over, the old database is marked as left, the new one serves. Given up at any sign of
//! trouble before that mark; finished after it.

use super::machine::{Move, NEAR_ROWS, Next, Stop, source_waits};
use super::means::Point;
use super::note::{Note, Phase, seal_url};
use std::time::Duration;
use tokio::time::Instant;
use truebell_store::moving::{CarryError, Compare, Cursor, MoveRow, Role};
use truebell_store::switch::Held;

/// How long the fence waits for writes at work, here and in other processes.
const WAIT: Duration = Duration::from_millis(50);
/// How long a step may take for a switch to be tried after it: at first, and at most. It grows with every moment that was not good
/// enough, so that a slow machine is switched too.
pub(super) const PATIENCE: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));
/// How long it rests after a fence that was given up.
const REST: Duration = Duration::from_millis(250);

impl Move {
    /// Tries to switch. `Again` if it was given up.
    pub(super) async fn switch_over(&mut self) -> Result<Next, Stop> {
        if !self.is_prepared {
            let target = |error| self.explain(CarryError::Target(error));
            let Some(lease) = self.other.store.lease().await.map_err(target)? else {
                return Err(Stop::Wait(format!("another process holds the lead of {}", self.other.place)));
            };
            self.other.store.start_journal().await.map_err(target)?;
            self.at(Point::Prepared)?;
            let made = self.other.store.make_ready(&self.identity, &self.other_row(Role::Ready)).await;
            made.map_err(|error| self.explain(CarryError::Target(error)))?;
            (self.is_prepared, self.leases.1) = (true, Some(lease));
            self.at(Point::Ready)?;
            return Ok(Next::Again);
        }
        self.check_schema().await?;
        if !self.is_good_moment().await? {
            self.patience = (self.patience * 5 / 4).min(PATIENCE.1);
            return Ok(Next::Again);
        }
        self.tally.fence_tries += 1;
        let switch = self.switch.clone();
        let begun = Instant::now();
        let held = self.means.within(WAIT, switch.hold()).await;
        let tried = match held {
            Some(held) => self.behind_the_fence(held, begun).await,
            None => Ok(false),
        };
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.note.fence_us_max = self.note.fence_us_max.max(took);
        match tried {
            Ok(true) => self.switched().await,
            Ok(false) => {
                tracing::info!(
                    held_us = took,
                    "the switch was given up and will be tried again: writes at work did not end, or the last step was slow"
                );
                self.means.rest.rest(REST).await;
                Ok(Next::Again)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Carries what changed once more, so that little is left; whether that was fast.
    async fn is_good_moment(&mut self) -> Result<bool, Stop> {
        let begun = Instant::now();
        let carried = self.carry(None, Compare::Nothing).await?;
        let took = begun.elapsed();
        for account in carried.touched {
            self.again.entry(account).or_default();
        }
        Ok(carried.tail <= NEAR_ROWS && took <= self.patience)
    }

    async fn check_schema(&self) -> Result<(), Stop> {
        let (here, there) = (self.live.store.schema().await, self.other.store.schema().await);
        let here = here.map_err(source_waits)?;
        let there = there.map_err(|error| self.explain(CarryError::Target(error)))?;
        if here == self.note.schema && there == here {
            return Ok(());
        }
        Err(Stop::Broken(
            "the schema changed while the move was under way: let all servers reach the same version, abort the move, and begin again"
                .into(),
        ))
    }

    /// True once the other one serves. Whatever ends this lets the writes go on.
    async fn behind_the_fence(&mut self, held: Held<'_>, begun: Instant) -> Result<bool, Stop> {
        let Some(fence) = self.live.store.fence(WAIT).await.map_err(source_waits)? else { return Ok(false) };
        self.at(Point::Held)?;
        let (means, limit) = (self.means.clone(), self.patience * 2 + WAIT);
        let drained = means.within(limit, self.drain()).await.unwrap_or(Ok(false));
        if !matches!(drained, Ok(true)) {
            fence.release().await;
            return drained;
        }
        if let Err(error) = fence.hand_over(&self.left_row(begun)).await
            && !self.was_left().await
        {
            return Err(source_waits(error));
        }
        self.at(Point::HandedOver)?;
        held.exchange(self.other.store.clone());
        Ok(true)
    }

    /// Carries the last changes and compares them. False if they are too many for a moment.
    async fn drain(&mut self) -> Result<bool, Stop> {
        let carried = self.carry_and(None, Compare::Nothing, true).await?;
        if carried.rows_checked {
            self.at(Point::Drained)?;
        }
        Ok(carried.rows_checked)
    }

    /// What both will say of the move once it is done.
    fn kept_note(&self, begun: Instant) -> Note {
        let held = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        Note {
            phase: Phase::Kept,
            switched_ms: Some(self.now().0),
            switches: self.note.switches + 1,
            fence_us_max: self.note.fence_us_max.max(held),
            paused: false,
            stopped: None,
            ..self.note.clone()
        }
    }

    fn left_row(&self, begun: Instant) -> MoveRow {
        let note = Note { other: seal_url(&self.means, self.id, &self.other.url), ..self.kept_note(begun) };
        MoveRow { role: Role::Moved, id: self.id, place: self.other.place.clone(), cursor: Cursor::End, step: 0, state: note.text() }
    }

    /// Whether the mark was made, though its answer was lost. Nothing is written anywhere until that is known.
    async fn was_left(&self) -> bool {
        loop {
            match self.live.store.move_row().await {
                Ok(row) => return row.is_some_and(|row| row.role == Role::Moved && row.id == self.id),
                Err(_) => self.means.rest.rest(Duration::from_millis(200)).await,
            }
        }
    }

    async fn switched(&mut self) -> Result<Next, Stop> {
        std::mem::swap(&mut self.live, &mut self.other);
        self.leases = (self.leases.1.take(), None);
        self.note = Note { fence_us_max: self.note.fence_us_max, ..self.kept_note(Instant::now()) };
        (self.is_unsure, self.is_said, self.goes_back, self.is_prepared) = (true, false, false, false);
        self.patience = PATIENCE.0;
        tracing::warn!(
            held_us = self.note.fence_us_max,
            "the server uses {} now; {} is followed for a way back: set `store` to the new one",
            self.live.place,
            self.other.place
        );
        self.at(Point::Exchanged)?;
        // It serves already; what its row says is written again with the next step if this fails.
        self.is_said = self.say().await.is_ok();
        self.at(Point::Live)?;
        Ok(Next::Switched)
    }
}
