//! `GET /v1/server`: who this server is; and the body of every refusal.

use crate::b64::Bytes;
use crate::ids::ServerId;
use crate::sign::PublicKey;
use crate::version::Version;
use serde::{Deserialize, Serialize};

/// Who a server is. The reply's head is signed by `key`, so whoever answers holds it; whether that is the server meant, its
/// fingerprint says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Its id.
    pub server: ServerId,
    /// Its signing key.
    pub key: PublicKey,
    /// Its database's generation, 16 bytes.
    pub generation: Bytes,
    /// Its restore epoch.
    pub restore_epoch: u64,
    /// Its version.
    pub version: String,
    /// Whether it takes new accounts.
    pub sign_up: SignUpMode,
    /// Largest attachment, in plain bytes.
    pub attachment_bytes_max: u64,
    /// The lowest version of a client it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_floor: Option<Version>,
    /// Where its status page is, if somewhere else: a client asks there for `status.jws` when the server does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_url: Option<String>,
}

/// Who may sign up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignUpMode {
    /// Anybody.
    Open,
    /// Who has an invitation.
    #[default]
    Invite,
    /// Nobody.
    Closed,
}

/// The body of every refusal: RFC 9457. The signed head beside it is what a client believes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `https://truebell.org/problems/<word>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence for people.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What can be said about this one time; never a secret, never an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
