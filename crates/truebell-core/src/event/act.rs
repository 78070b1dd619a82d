//! What a person's device signs when it changes the account's security.

use super::retraction::{Of, Plea, RETRACTION};
use crate::hash::Hash32;
use crate::ids::{AccountId, DeviceId, SessionId, VaultId};
use crate::sign::PublicKey;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};

/// An act: who, on which device, what, and its place in the account's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Whose account.
    pub account: AccountId,
    /// The device that acts.
    pub device: DeviceId,
    /// Its name at that time.
    pub device_name: String,
    /// Place in the account's chain: 1, 2, 3, …
    pub seq: u64,
    /// Digest of the event before; zero for the first.
    pub prev: Hash32,
    /// The credential epoch after this act.
    pub epoch: u64,
    /// By the device's clock.
    pub at: UnixMillis,
    /// What it does.
    pub what: What,
}

/// Everything a person can do to their account's security. Each has its own sentence, its own mail, and its CAEP or RISC type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// The account was created, on this first device.
    AccountCreated {
        /// The device's own public key.
        device_key: PublicKey,
    },
    /// The account password changed: epoch n → n + 1.
    PasswordChanged {},
    /// The Secret Key changed: epoch n → n + 1.
    SecretKeyRotated {},
    /// The account was opened on a new device.
    DeviceEnrolled {
        /// Its id (the acting device is the new one).
        enrolled: DeviceId,
        /// Its public key.
        device_key: PublicKey,
        /// What kind of machine, as it says itself (`linux command line`).
        platform: String,
    },
    /// A machine may read some vaults (`docs/formats/machine.md`). The acting device is the person's, who gives it that.
    MachineEnrolled {
        /// Its id.
        enrolled: DeviceId,
        /// Its public key.
        device_key: PublicKey,
        /// What the person calls it.
        name: String,
        /// What it may read: each vault once, in order.
        vaults: Vec<VaultId>,
    },
    /// A device may no longer use the account.
    DeviceRevoked {
        /// Which.
        revoked: DeviceId,
        /// Its name.
        revoked_name: String,
    },
    /// One session of a device was ended.
    SessionRevoked {
        /// Which.
        session: SessionId,
        /// The device it was of.
        of_device: DeviceId,
        /// That device's name.
        of_device_name: String,
    },
    /// The mail address changed.
    AddressChanged {
        /// Old address, masked (`a…@example.org`).
        from_masked: String,
        /// New address, masked.
        to_masked: String,
    },
    /// A second factor was added.
    SecondFactorAdded {
        /// `totp`.
        kind: String,
    },
    /// A second factor was removed.
    SecondFactorRemoved {
        /// `totp`.
        kind: String,
    },
    /// The account will be deleted at a time.
    DeletionScheduled {
        /// When.
        due: UnixMillis,
    },
    /// It will not.
    DeletionCancelled {},
    /// A device says about an earlier notice: that was me, or that was a mistake. Takes the notice back, and not what it told of.
    Acknowledged {
        /// Which notice.
        of: Of,
        /// In which words.
        #[serde(default)]
        plea: Plea,
    },
}

impl What {
    /// A stable word for tables and templates.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AccountCreated { .. } => "account-created",
            Self::PasswordChanged {} => "password-changed",
            Self::SecretKeyRotated {} => "secret-key-rotated",
            Self::DeviceEnrolled { .. } => "device-enrolled",
            Self::MachineEnrolled { .. } => "machine-enrolled",
            Self::DeviceRevoked { .. } => "device-revoked",
            Self::SessionRevoked { .. } => "session-revoked",
            Self::AddressChanged { .. } => "address-changed",
            Self::SecondFactorAdded { .. } => "second-factor-added",
            Self::SecondFactorRemoved { .. } => "second-factor-removed",
            Self::DeletionScheduled { .. } => "deletion-scheduled",
            Self::DeletionCancelled {} => "deletion-cancelled",
            Self::Acknowledged { .. } => "acknowledged",
        }
    }

    /// Whether this act raises the credential epoch.
    pub fn raises_epoch(&self) -> bool {
        matches!(self, Self::PasswordChanged {} | Self::SecretKeyRotated {})
    }

    /// The event type in the SET and its members: CAEP 1.0 or RISC 1.0 where one fits, ours where none does.
    pub(super) fn set_event(&self, at: UnixMillis) -> (&'static str, serde_json::Value) {
        const CREDENTIAL_CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
        const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
        const IDENTIFIER_CHANGED: &str = "https://schemas.openid.net/secevent/risc/event-type/identifier-changed";
        let credential = |credential: &str, change: &str| {
            let members = serde_json::json!({
                "credential_type": credential, "change_type": change, "initiating_entity": "user", "event_timestamp": at.seconds(),
            });
            (CREDENTIAL_CHANGE, members)
        };
        let own = |name| (name, serde_json::json!({ "event_timestamp": at.seconds() }));
        match self {
            Self::AccountCreated { .. } => own("urn:truebell:event:account-created"),
            Self::PasswordChanged {} => credential("password", "update"),
            Self::SecretKeyRotated {} => credential("urn:truebell:credential:secret-key", "update"),
            Self::DeviceEnrolled { .. } | Self::MachineEnrolled { .. } => credential("urn:truebell:credential:device-key", "create"),
            Self::DeviceRevoked { .. } => credential("urn:truebell:credential:device-key", "revoke"),
            Self::SessionRevoked { .. } => {
                (SESSION_REVOKED, serde_json::json!({ "initiating_entity": "user", "event_timestamp": at.seconds() }))
            }
            Self::AddressChanged { .. } => (IDENTIFIER_CHANGED, serde_json::json!({})),
            Self::SecondFactorAdded { .. } => credential("app", "create"),
            Self::SecondFactorRemoved { .. } => credential("app", "delete"),
            Self::DeletionScheduled { due } => {
                ("urn:truebell:event:deletion-scheduled", serde_json::json!({ "event_timestamp": at.seconds(), "due": due.seconds() }))
            }
            Self::DeletionCancelled {} => own("urn:truebell:event:deletion-cancelled"),
            Self::Acknowledged { of, plea } => {
                let members = serde_json::json!({ "initiating_entity": "user", "event_timestamp": at.seconds(), "of": of, "reason": plea });
                (RETRACTION, members)
            }
        }
    }
}
