//! `GET /v1/notices/{code}`: whether a notice with this check code was ever sent. Anybody may ask; no session.

use crate::event::CheckCode;
use crate::ids::{AccountId, ServerId};
use crate::sign::PublicKey;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};

/// The answer. A code that no event has is *never sent*: an answer, not an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The code, as it is written in notices.
    pub code: CheckCode,
    /// What is known of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What is known of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It was made from this event.
    Genuine(Proof),
    /// It was, and was taken back since.
    Retracted {
        /// What it was made from.
        #[serde(flatten)]
        proof: Proof,
        /// The SETs that take it back, oldest first: at most one of the account and one of the operator.
        retractions: Vec<String>,
    },
    /// This server never sent a notice with this code.
    NeverSent {},
}

/// What a notice was made from: verify it with the pinned server key, and for your own account with the pinned account key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// `password-changed`, … ([`crate::event::What::word`]); `retracted` for an operator's retraction, which has a code too.
    pub kind: String,
    /// When the server recorded it.
    pub at: UnixMillis,
    /// The server that did, and its key: verify the SET with both.
    pub server: ServerId,
    /// Its signing key.
    pub server_key: PublicKey,
    /// The account.
    pub account: AccountId,
    /// The account's signing key, as this server knows it; a device compares it with the one it pinned.
    pub account_key: PublicKey,
    /// The SET.
    pub event: String,
}
