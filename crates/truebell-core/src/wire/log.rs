//! `POST /v1/log/proofs`: what a client asks the transparency log after a sync. Anybody may ask; a digest names an event to those who
//! have it and to nobody else.

use crate::hash::Hash32;
use serde::{Deserialize, Serialize};

/// Most events asked for at once.
pub const EVENTS_MAX: usize = 64;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskProofs {
    /// Origin of the checkpoint that is remembered; empty for none.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Digests of SETs.
    pub events: Vec<Hash32>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proofs {
    /// The published checkpoint, a signed note with its cosignatures.
    pub checkpoint: String,
    /// That it continues what is remembered. Empty where the origin is another, or what is remembered is larger.
    pub consistency: Vec<Hash32>,
    /// Those of the events that are in it.
    pub events: Vec<EventProof>,
}

/// That one event is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventProof {
    /// The SET's digest.
    pub digest: Hash32,
    /// Its leaf's place, from 0.
    pub index: u64,
    /// From the leaf's sibling up.
    pub path: Vec<Hash32>,
}
