//! `POST /v1/sign-up/start` and `/finish`. Nothing is stored before `finish`; repeating `finish` with the same account and
//! device is answered with a new session, so a lost answer costs nothing.

use super::account::Session;
use super::device::NewDevice;
use super::vault::NewVault;
use crate::account::AccountPublic;
use crate::b64::Bytes;
use crate::ids::AccountId;
use serde::{Deserialize, Serialize};

/// First message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// Mail address.
    pub email: String,
    /// Chosen by the client, random.
    pub account: AccountId,
    /// An invitation, where the server wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
    /// OPAQUE registration request.
    pub opaque: Bytes,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Started {
    /// OPAQUE registration response.
    pub opaque: Bytes,
}

/// Second message: everything an account starts with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finish {
    /// Mail address, as in [`Start`].
    pub email: String,
    /// An invitation, used up by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
    /// Public keys; `public.account` as in [`Start`].
    pub public: AccountPublic,
    /// OPAQUE registration upload.
    pub opaque: Bytes,
    /// Keyset sealed for epoch 1.
    pub keyset: Bytes,
    /// The first vault.
    pub vault: NewVault,
    /// The first device.
    pub device: NewDevice,
    /// `account-created`, seq 1, epoch 1, signed by the account.
    pub act: String,
}

/// Its answer: the account exists and this device is in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finished {
    /// A full session.
    pub session: Session,
}
