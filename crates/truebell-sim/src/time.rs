//! Time in the simulated world: one true time that steps move on, and clocks that show it wrongly.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use truebell_core::time::UnixMillis;

/// When every story begins: 23 November 2026, 14:02 UTC.
pub const BEGINNING: UnixMillis = UnixMillis(1_795_442_520_000);

/// The true time. Clones show the same.
#[derive(Debug, Clone)]
pub struct Time(Arc<AtomicU64>);

impl Default for Time {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(BEGINNING.0)))
    }
}

impl Time {
    /// Now.
    pub fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }

    /// Lets milliseconds pass.
    pub fn pass(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

/// A machine's clock: the true time, and how far it is off.
#[derive(Debug, Clone)]
pub struct Watch {
    time: Time,
    off_ms: Arc<AtomicI64>,
}

impl Watch {
    /// A clock that is right.
    pub fn new(time: &Time) -> Self {
        Self { time: time.clone(), off_ms: Arc::default() }
    }

    /// Sets it wrong, or right again with 0.
    pub fn set_off(&self, ms: i64) {
        self.off_ms.store(ms, Ordering::Relaxed);
    }

    /// How far it is off.
    pub(crate) fn off(&self) -> i64 {
        self.off_ms.load(Ordering::Relaxed)
    }

    /// What it shows.
    pub fn shows(&self) -> UnixMillis {
        UnixMillis(self.time.now().0.saturating_add_signed(self.off_ms.load(Ordering::Relaxed)))
    }
}

impl truebell_client::Clock for Watch {
    fn now(&self) -> UnixMillis {
        self.shows()
    }
}

impl truebell_server::clock::Clock for Watch {
    fn now(&self) -> UnixMillis {
        self.shows()
    }
}
