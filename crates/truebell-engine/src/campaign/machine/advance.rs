//! What time does: holds and soaks end, stages follow each other, claims run out, the plan ends.

use super::super::{Entry, Guard, Phase, Standing, State, Whom};
use super::{Effect, Machine};
use std::time::Duration;
use truebell_core::time::UnixMillis;

/// How long after its end a permit's transaction may still commit, in ms. Then the claim is free again.
const COMMIT_MS: u64 = 60_000;

impl Machine {
    /// When time will do something next. `None` if it will not.
    pub fn due(&self) -> Option<UnixMillis> {
        let phase = match self.state.phase {
            Phase::Held { until } | Phase::Soaking { until, .. } => Some(until),
            _ => None,
        };
        let ends = matches!(
            self.state.phase,
            Phase::InReview | Phase::Held { .. } | Phase::Running | Phase::Soaking { .. } | Phase::Paused { .. } | Phase::Stopped { .. }
        );
        let row = self.rows.first_due();
        [phase, ends.then_some(self.plan.expires), row].into_iter().flatten().min()
    }

    pub(super) fn advance(&mut self, now: UnixMillis) {
        self.free_claims(now);
        // Each step goes on to another phase, and none of them goes back: there are at most so many.
        for _ in 0..=2 * self.plan.stages.len() + 4 {
            let before = self.state;
            self.step(now);
            if self.state == before {
                break;
            }
        }
        self.undo_due(now);
    }

    fn step(&mut self, now: UnixMillis) {
        // Asked where it decides something, and nowhere else: it may have to check signatures.
        let decides = matches!(self.state.phase, Phase::InReview | Phase::Held { .. } | Phase::Soaking { .. } | Phase::Stopped { .. });
        let approved = decides && self.check_approval(now).is_ok();
        match self.state.phase {
            Phase::InReview
            | Phase::Held { .. }
            | Phase::Running
            | Phase::Soaking { .. }
            | Phase::Paused { .. }
            | Phase::Stopped { .. }
                if now >= self.plan.expires && self.guards.on(Guard::Expiry) =>
            {
                self.forget_leases();
                self.set_state(State { phase: Phase::Expired, ..self.state });
            }
            Phase::InReview if approved => self.hold(now),
            Phase::Stopped { .. } if approved => {
                self.begin_again();
                self.hold(now);
            }
            // Somebody withdrew, or left: the hold begins anew once it is approved anew.
            Phase::Held { .. } if !approved => self.set_state(State { phase: Phase::InReview, ..self.state }),
            Phase::Held { until } if now >= until || !self.guards.on(Guard::Hold) => self.open(self.state.stage, now),
            Phase::Running if self.rows.unsettled(self.state.stage) == 0 => {
                let phase = self.soak(now);
                self.forget_leases();
                self.set_state(State { phase, ..self.state });
            }
            Phase::Soaking { since, until } if now >= until && approved => self.conclude(since, now),
            _ => {}
        }
    }

    fn hold(&mut self, now: UnixMillis) {
        let until = now + Duration::from_millis(self.plan.hold_ms);
        self.set_state(State { phase: Phase::Held { until }, ..self.state });
    }

    pub(super) fn soak(&self, now: UnixMillis) -> Phase {
        let soak_ms = self.plan.stages.get(self.state.stage).map_or(0, |stage| stage.soak_ms);
        Phase::Soaking { since: now, until: now + Duration::from_millis(soak_ms) }
    }

    /// Opens a stage. Its tracers come before its recipients.
    fn open(&mut self, stage: usize, now: UnixMillis) {
        self.set_state(State { phase: Phase::Running, stage, opened: now, ..self.state });
        self.push(Effect::CheckTracers);
        self.push(Effect::Open { stage });
    }

    /// Opens the next stage that has anybody in it.
    pub(super) fn open_next(&mut self, now: UnixMillis) {
        let next = (self.state.stage + 1..self.plan.stages.len()).find(|stage| self.turns.size(*stage) > 0);
        match next {
            Some(stage) => self.open(stage, now),
            None => self.set_state(State { phase: Phase::Done, ..self.state }),
        }
    }

    /// A soak is over: it stops, it is unclear, or it goes on. Going on needs every test to say so.
    fn conclude(&mut self, since: UnixMillis, now: UnixMillis) {
        if let Some(stop) = self.final_stop() {
            self.stop(stop);
        } else if let Some(why) = self.unclear(since).filter(|_| self.guards.on(Guard::Data)) {
            self.pause(why);
        } else {
            self.open_next(now);
        }
    }

    pub(super) fn is_shadow(&self) -> bool {
        self.plan.stages.get(self.state.stage).is_some_and(|stage| stage.whom == Whom::Shadow)
    }

    /// A claim whose permit ran out and committed nothing is nobody's: the action and its row are one transaction, under the claim's number.
    /// A mail whose handing over never ended may have arrived: it is parked, and never repeated.
    fn free_claims(&mut self, now: UnixMillis) {
        for (recipient, entry) in self.rows.overdue(now, COMMIT_MS) {
            let standing = match entry.standing {
                Standing::Claimed { .. } => self.after_claim(),
                Standing::Handing { .. } => Standing::Unknown,
                other => other,
            };
            self.put(recipient, Entry { standing, ..entry });
            self.undo_late(recipient, now);
        }
    }
}
