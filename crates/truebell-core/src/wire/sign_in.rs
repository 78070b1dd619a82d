//! Sign-in with the password, on a device that is not enrolled: `POST /v1/sign-in/lookup`, `/start`, `/finish`, then
//! `POST /v1/devices`. An enrolled device opens sessions with its own key: `POST /v1/sessions/challenge`, `POST /v1/sessions`.

use super::account::Session;
use crate::account::AccountPublic;
use crate::b64::Bytes;
use crate::event::Chain;
use crate::ids::{AccountId, DeviceId};
use crate::sign::Signature;
use serde::{Deserialize, Serialize};

/// Which account an address has. An unknown address gets an invented account, always the same one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lookup {
    /// Mail address.
    pub email: String,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Looked {
    /// The account to derive keys for.
    pub account: AccountId,
}

/// First OPAQUE message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// The account.
    pub account: AccountId,
    /// KE1.
    pub ke1: Bytes,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Started {
    /// KE2.
    pub ke2: Bytes,
    /// The server's own state, sealed by it; sent back as it is. Good for two minutes and one success.
    pub state: Bytes,
}

/// Second OPAQUE message. May be repeated with a code when the answer was `second-factor-needed`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finish {
    /// From [`Started`].
    pub state: Bytes,
    /// KE3.
    pub ke3: Bytes,
    /// The code of the second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
}

/// Its answer: enough to unlock the account and to enrol this device, and for nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finished {
    /// Bearer token good for `POST /v1/devices` only, for ten minutes.
    pub enrolment: crate::secret::Secret,
    /// Mail address as the account has it.
    pub email: String,
    /// The account's public keys; the client checks them against the opened keyset.
    pub public: AccountPublic,
    /// The sealed keyset.
    pub keyset: Bytes,
    /// The end of the event chain, and the epoch the keyset is sealed for: the enrolling act comes after it.
    pub chain: Chain,
}

/// A device asks for something to sign.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Challenge {
    /// The device.
    pub device: DeviceId,
}

/// What it is to sign: opaque, good for two minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Challenged {
    /// The bytes.
    pub challenge: Bytes,
}

/// The signed challenge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prove {
    /// The device.
    pub device: DeviceId,
    /// As received.
    pub challenge: Bytes,
    /// By the device's key, [`crate::sign::Purpose::DeviceProof`], over the challenge.
    pub signature: Signature,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proved {
    /// A full session.
    pub session: Session,
}
