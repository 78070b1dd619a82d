//! For tests with real processes: a server that dies at a point of its move, as a machine does that loses power. In no released program.

use super::means::Hook;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

static DEATH: OnceLock<Hook> = OnceLock::new();

/// From now on a move of this process dies at the n-th passing of the point of this name.
pub fn die_at(point: String, nth: u32) {
    let passed = AtomicU32::new(0);
    let hook: Hook = Arc::new(move |at| {
        if format!("{at:?}") == point && passed.fetch_add(1, Ordering::Relaxed) + 1 == nth {
            #[expect(
                clippy::disallowed_methods,
                reason = "no destructor runs and nothing is flushed, as after SIGKILL: that is what is tested"
            )]
            std::process::abort();
        }
        false
    });
    // The first call counts.
    let _set = DEATH.set(hook);
}

/// What was ordered, for the move's means.
pub(crate) fn ordered() -> Option<Hook> {
    DEATH.get().cloned()
}
