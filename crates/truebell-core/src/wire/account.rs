//! The account itself: `POST /v1/account/credentials/start` and `/finish` (password change, Secret Key rotation),
//! `POST /v1/account/address`, `/deletion`, `/keep`, `/second-factors`, `/second-factors/remove`, `POST /v1/sign-out`.

use crate::b64::Bytes;
use crate::ids::{AccountId, SessionId};
use crate::secret::Secret;
use crate::sign::{BadSignature, PublicKey, Purpose, Signature, SigningKey};
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};

/// A session as its device learns it, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub session: SessionId,
    /// The bearer token; the server keeps only its digest.
    pub token: Secret,
    /// Until when.
    pub expires: UnixMillis,
}

/// The account's own record, as it comes in the sync stream.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Record {
    /// One more with each change.
    #[n(0)]
    pub number: u64,
    /// Mail address.
    #[n(1)]
    pub email: String,
    /// Credential epoch the keyset is sealed for.
    #[n(2)]
    pub epoch: u64,
    /// The sealed keyset.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub keyset: Vec<u8>,
    /// Second factors in force (`totp`).
    #[n(4)]
    pub second_factors: Vec<String>,
    /// When the account will be deleted, if that was asked for.
    #[n(5)]
    pub deletion_due: Option<UnixMillis>,
}

/// A record under the server's signature: of all that comes in a sync stream only this carries no proof of its own, and one that was
/// bent on its way would be held against the true one for ever.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct SignedRecord {
    /// As sent. What an account's events do not bear out is not believed, whoever signed it.
    #[n(0)]
    pub record: Record,
    /// Over the account and the record.
    #[n(1)]
    pub signature: Signature,
}

impl SignedRecord {
    /// Signs it for one account.
    pub fn sign(record: Record, account: AccountId, key: &SigningKey) -> Self {
        let signature = key.sign(Purpose::Record, &signed_bytes(&record, account));
        Self { record, signature }
    }

    /// The record, if this server signed it for this account.
    pub fn verify(self, account: AccountId, key: &PublicKey) -> Result<Record, BadSignature> {
        key.verify(Purpose::Record, &signed_bytes(&self.record, account), &self.signature)?;
        Ok(self.record)
    }
}

fn signed_bytes(record: &Record, account: AccountId) -> Vec<u8> {
    [account.as_bytes().as_slice(), &crate::cbor::to_vec(record)].concat()
}

/// First message of a credential change: the current password is proven in the same exchange, as in sign-in, so that an
/// unlocked device in a thief's hand cannot change it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialsStart {
    /// KE1 under the current password.
    pub ke1: Bytes,
    /// OPAQUE registration request under the new one.
    pub opaque: Bytes,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialsStarted {
    /// KE2.
    pub ke2: Bytes,
    /// The server's sealed state.
    pub state: Bytes,
    /// OPAQUE registration response.
    pub opaque: Bytes,
}

/// Second message. One transaction: record, keyset, epoch, event, mail. Sessions and devices stay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialsFinish {
    /// From [`CredentialsStarted`].
    pub state: Bytes,
    /// KE3.
    pub ke3: Bytes,
    /// OPAQUE registration upload.
    pub opaque: Bytes,
    /// Keyset sealed for the next epoch.
    pub keyset: Bytes,
    /// `password-changed` or `secret-key-rotated`.
    pub act: String,
}

/// `POST /v1/account/address`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeAddress {
    /// The new address.
    pub email: String,
    /// `address-changed`.
    pub act: String,
}

/// `POST /v1/account/deletion` and `/keep`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deletion {
    /// `deletion-scheduled` or `deletion-cancelled`.
    pub act: String,
}

/// `POST /v1/account/acknowledge`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Acknowledge {
    /// `acknowledged`.
    pub act: String,
}

/// `POST /v1/account/second-factors`: a TOTP secret the client made, proven by a code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddSecondFactor {
    /// An `otpauth://` URI.
    pub totp_uri: Secret,
    /// The code it shows now.
    pub code: String,
    /// `second-factor-added`.
    pub act: String,
}

/// `POST /v1/account/second-factors/remove`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemoveSecondFactor {
    /// A current code.
    pub code: String,
    /// `second-factor-removed`.
    pub act: String,
}

/// The answer to every act that is recorded as an event. An act repeated word for word is answered with the event it became.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recorded {
    /// The countersigned event (a SET).
    pub event: String,
}
