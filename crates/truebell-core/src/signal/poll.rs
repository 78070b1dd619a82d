//! Polling (RFC 8936): what a receiver asks, and the order in which it is answered.

use crate::ids::SignalId;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// Most signals in one answer.
pub const EVENTS_MAX: u32 = 100;

/// A poll. Ids that are none of ours are nobody's and change nothing: they are read as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PollRequest {
    /// At most so many; 0 to acknowledge only.
    pub max_events: Option<u32>,
    /// Whether an empty answer is to come at once.
    #[serde(default)]
    pub return_immediately: bool,
    /// What was taken.
    #[serde(default)]
    ack: Vec<String>,
    /// What was not, and why.
    #[serde(default)]
    set_errs: BTreeMap<String, SetError>,
}

/// Why a token was not taken (RFC 8935, section 2.3). The receiver's words, for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetError {
    /// A word from the registry.
    #[serde(default)]
    pub err: String,
    /// A sentence.
    #[serde(default)]
    pub description: String,
}

impl SetError {
    /// For the operator: at most 200 letters, on one line.
    pub fn words(&self) -> String {
        let words = if self.description.is_empty() { self.err.clone() } else { format!("{}: {}", self.err, self.description) };
        crate::words::one_line(&words).chars().take(200).collect()
    }

    /// Whether whoever runs the receiver, or this server, may put it right, so that the same token is taken later.
    pub fn may_pass(&self) -> bool {
        ["invalid_key", "authentication_failed", "access_denied"].contains(&self.err.as_str())
    }
}

impl PollRequest {
    /// How many it gets at most.
    pub fn limit(&self) -> u32 {
        self.max_events.unwrap_or(EVENTS_MAX).min(EVENTS_MAX)
    }

    /// What was taken, of ids that could be ours.
    pub fn acknowledged(&self) -> Vec<SignalId> {
        self.ack.iter().filter_map(|id| id.parse().ok()).collect()
    }

    /// What was not.
    pub fn refused(&self) -> Vec<(SignalId, String)> {
        self.set_errs.iter().filter_map(|(id, error)| Some((id.parse().ok()?, error.words()))).collect()
    }
}

/// What is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PollAnswer {
    /// Tokens by their ids, oldest first.
    #[serde(serialize_with = "in_order")]
    pub sets: Vec<(SignalId, String)>,
    /// Whether there are more.
    #[serde(rename = "moreAvailable", skip_serializing_if = "std::ops::Not::not")]
    pub more_available: bool,
}

fn in_order<S: Serializer>(sets: &[(SignalId, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(sets.len()))?;
    for (id, set) in sets {
        map.serialize_entry(id, set)?;
    }
    map.end()
}
