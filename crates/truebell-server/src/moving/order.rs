//! What an operator can order, as it comes through the control socket.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum Order {
    /// Move to there.
    To {
        /// Where to, its password in it.
        to: Hidden,
        /// How long the old database is followed after the switch.
        keep_ms: u64,
    },
    /// Say how it stands.
    Status,
    /// Take no further step.
    Pause,
    /// Take steps again.
    Resume,
    /// Take it back.
    Abort,
    /// Switch back.
    Back,
    /// Close the way back.
    Finish,
}

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Hidden(…)")
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
