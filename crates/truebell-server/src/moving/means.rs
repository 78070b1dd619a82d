//! What a move works with besides its databases: time, chance, the server's key, pauses; and where a test may stop it.

use crate::chance::ChanceSource;
use crate::clock::Clock;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use truebell_core::seal::SealKey;

/// Pauses and limits, so that a simulation's time is its own.
#[async_trait]
pub trait Rest: Send + Sync {
    /// Waits a while.
    async fn rest(&self, time: Duration);
    /// Ends when something has taken too long.
    async fn limit(&self, time: Duration);
}

/// The machine's time.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineRest;

#[async_trait]
impl Rest for MachineRest {
    async fn rest(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn limit(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// No time at all: pauses end at once and nothing takes too long.
#[derive(Debug, Clone, Copy, Default)]
pub struct SteadyRest;

#[async_trait]
impl Rest for SteadyRest {
    async fn rest(&self, _time: Duration) {}

    async fn limit(&self, _time: Duration) {
        std::future::pending().await
    }
}

/// Between which two acts a test may stop a move, as a crash would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The source knows of the move, the target does not.
    SourceNoted,
    /// Both know, nothing is noted yet.
    TargetNoted,
    /// Changes are noted.
    JournalStarted,
    /// A step was carried.
    Carried,
    /// The target notes changes as well: it could take over.
    Prepared,
    /// Writes are held.
    Held,
    /// The last changes are over.
    Drained,
    /// The target is complete and knows it.
    Ready,
    /// The source was left.
    HandedOver,
    /// The target serves.
    Exchanged,
    /// The target knows that it serves.
    Live,
    /// An abort was begun.
    Aborting,
    /// The target of an aborted move is empty.
    Wiped,
    /// The end of a way back was begun.
    Finishing,
}

/// Whether a move stops dead at a point.
pub type Hook = Arc<dyn Fn(Point) -> bool + Send + Sync>;

/// What a move works with.
#[derive(Clone)]
pub struct Means {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub chance: Arc<dyn ChanceSource>,
    /// Pauses and limits.
    pub rest: Arc<dyn Rest>,
    /// Seals where the other database is.
    pub key: SealKey,
    /// Stops it, in tests.
    pub hook: Option<Hook>,
}

impl Means {
    /// A result, or `None` if it takes longer than that.
    pub(super) async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.rest.limit(limit) => None,
        }
    }
}
