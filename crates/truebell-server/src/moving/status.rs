//! How a move stands, for people and programs.

use super::note::Phase;
use serde::{Deserialize, Serialize};

/// How a move stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Which move.
    pub id: String,
    /// How far it is.
    pub phase: Phase,
    /// The database it began from, without a password.
    pub from: String,
    /// The database it goes to.
    pub to: String,
    /// The database that serves now.
    pub serving: String,
    /// When it began, milliseconds since 1970.
    pub started: u64,
    /// Somebody paused it.
    pub paused: bool,
    /// Why it waits, though nobody paused it. It goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waiting: Option<String>,
    /// Why it stopped. It does not go on by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<String>,
    /// Accounts in the source, counted when it began.
    pub accounts_total: u64,
    /// Accounts copied.
    pub accounts_copied: u64,
    /// Accounts compared.
    pub accounts_compared: u64,
    /// Rows carried, changes included.
    pub rows: u64,
    /// Their bytes, about.
    pub bytes: u64,
    /// Rows a second, lately.
    pub rows_per_second: f64,
    /// Seconds until the switch, about; while that can be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seconds_left: Option<u64>,
    /// Changes noted and not yet carried.
    pub behind: u64,
    /// The longest time writes were held, in milliseconds.
    pub move_fence_ms_max: f64,
    /// How often the fence was tried.
    pub fence_tries: u64,
    /// When the databases were switched last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub switched: Option<u64>,
    /// Until when the old database is followed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept_until: Option<u64>,
    /// How long the live store's answers take, lately and in calm times, in milliseconds.
    pub store_ms: (f64, f64),
}
