//! The same gate, limit and waiting times for a world whose clock a simulation moves. Built for it only; the server's own requests come
//! through `admit`.

use super::gate::{Answer, Gate, Held, Kind, Place};
use super::{Admission, Class};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// The class and kind of everything a storm asks for: `POST /v1/sync`.
const CLASS: Class = Class::Delta;

/// One server's admission.
pub struct SimulatedAdmission {
    admission: Admission,
    clock: Arc<AtomicU64>,
    kind: Kind,
}

/// What becomes of a request at the gate.
pub enum Knocked {
    /// It works.
    In(AtGate),
    /// It waits for its turn, so many microseconds at most.
    Waits(Turn, u64),
    /// It is sent away.
    Away,
}

/// A request at work. Dropped, its place is free again.
pub struct AtGate(Held);

/// A request that waits.
pub struct Turn(oneshot::Receiver<Place>);

/// How the gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateStanding {
    /// Requests at work.
    pub at_work: usize,
    /// Requests that wait.
    pub waiting: usize,
    /// How many may be at work.
    pub limit: usize,
}

impl SimulatedAdmission {
    /// Never more than `capacity` at work; its clock begins at 0.
    pub fn new(capacity: usize) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let admission = Admission { gate: Gate::with_clock(capacity, clock.clone()), ..Admission::new(capacity) };
        Self { admission, clock, kind: Kind::of_route("/v1/sync") }
    }

    /// It is so many microseconds after the beginning now.
    pub fn at(&self, us: u64) {
        self.clock.store(us, Ordering::Relaxed);
    }

    /// A request comes.
    pub fn knock(&self) -> Knocked {
        match self.admission.gate.knock(CLASS, false) {
            Answer::In(place) => Knocked::In(self.held(place)),
            Answer::Wait(turn, patience) => Knocked::Waits(Turn(turn), patience),
            Answer::Away => {
                self.admission.gate.sent_away(CLASS);
                Knocked::Away
            }
        }
    }

    fn held(&self, place: Place) -> AtGate {
        AtGate(Held::new(&self.admission.gate, CLASS, self.kind, place))
    }

    /// Whether the turn of one who waits has come.
    pub fn turn(&self, turn: &mut Turn) -> Option<AtGate> {
        turn.0.try_recv().ok().map(|place| self.held(place))
    }

    /// Somebody has waited long enough, and is sent away.
    pub fn give_up(&self, turn: Turn) {
        drop(turn);
        self.admission.gate.sent_away(CLASS);
    }

    /// How long a client that is sent away stays away.
    pub fn away(&self, chance: u8) -> Duration {
        self.admission.away(chance)
    }

    /// How long a client waits before it syncs again.
    pub fn pace(&self, unhurried: Duration) -> Duration {
        self.admission.pace(unhurried)
    }

    /// How the gate stands.
    pub fn standing(&self) -> GateStanding {
        let standing = self.admission.standing();
        GateStanding { at_work: standing.at_work, waiting: standing.waiting, limit: standing.limit }
    }
}

impl AtGate {
    /// It was served.
    pub fn served(self) {
        self.0.served();
    }

    /// The database failed it.
    pub fn failed(self) {
        self.0.failed();
    }
}
