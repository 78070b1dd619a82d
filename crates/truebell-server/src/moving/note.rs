//! What the server keeps about a move in the `state` of both databases' rows: JSON, and the other database's address sealed under the
//! server's own key. Every server process of one server has that key; a copy of the database has not.

use super::means::Means;
use crate::sealed::Kind;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use truebell_core::seal::{Context, Part, SealKey, open, seal};
use truebell_core::secret::Secret;
use truebell_store::moving::MoveRow;

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Both databases are made ready.
    Preparing,
    /// Accounts go over.
    Copying,
    /// Both sides are compared.
    Comparing,
    /// What changed since follows, until the switch.
    Following,
    /// The new database serves; the old one is followed.
    Kept,
    /// It is being taken back.
    Aborting,
    /// The way back is being given up.
    Finishing,
}

/// The server's part of a move's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Whose data it is.
    pub server: String,
    pub phase: Phase,
    /// Where the other database is, sealed.
    pub other: String,
    /// The step of the schema it was begun with.
    pub schema: u32,
    pub started_ms: u64,
    /// How long the old database is followed after the switch.
    pub keep_ms: u64,
    #[serde(default)]
    pub paused: bool,
    /// Why it does not go on until somebody says so.
    #[serde(default)]
    pub stopped: Option<String>,
    #[serde(default)]
    pub switched_ms: Option<u64>,
    /// How often the databases were switched: after an odd number the new one serves.
    #[serde(default)]
    pub switches: u32,
    /// The longest time writes were held, in microseconds.
    #[serde(default)]
    pub fence_us_max: u64,
}

impl Note {
    /// Of the one that serves and the one that follows, which the move began from, and which it went to.
    pub(crate) fn in_order<T>(&self, serving: T, following: T) -> (T, T) {
        if self.switches % 2 == 1 { (following, serving) } else { (serving, following) }
    }

    pub(crate) fn read(row: &MoveRow) -> Option<Self> {
        serde_json::from_str(&row.state).ok()
    }

    pub(crate) fn text(&self) -> String {
        // It has only texts and numbers: it always has a form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn context(id: [u8; 16]) -> Context {
    Context::own(Part::Server, id, Kind::MovePlace as u64)
}

/// Seals an address for a move.
pub(crate) fn seal_url(means: &Means, id: [u8; 16], url: &Secret) -> String {
    BASE64URL_NOPAD.encode(&seal(&means.key, &context(id), url.expose().as_bytes(), &mut *means.chance.chance()))
}

/// Opens it.
pub(crate) fn open_url(key: &SealKey, row: &MoveRow) -> Option<Secret> {
    let sealed = BASE64URL_NOPAD.decode(Note::read(row)?.other.as_bytes()).ok()?;
    let plain = open(key, &context(row.id), &sealed).ok()?;
    String::from_utf8(plain.to_vec()).ok().map(Secret::new)
}
