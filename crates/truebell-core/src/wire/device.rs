//! Devices: `POST /v1/devices` (enrol, with the enrolment token), `GET /v1/devices`, `POST /v1/devices/{device}/revoke`.
//! Machines: `POST /v1/machines`, by a device of a person.
//! Sessions: `GET /v1/sessions`, `POST /v1/sessions/{session}/revoke`.

use super::account::Session;
use crate::b64::Bytes;
use crate::ids::{DeviceId, SessionId, VaultId};
use crate::sign::PublicKey;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};

/// A device as it introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDevice {
    /// Random, chosen by the device, kept for ever.
    pub device: DeviceId,
    /// Its own public key.
    pub key: PublicKey,
    /// What the person calls it.
    pub name: String,
    /// What kind of machine it says it is.
    pub platform: String,
}

/// Enrolment of the device that asks. Repeated with the same device and act, it is answered with a new session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrol {
    /// The device.
    pub device: NewDevice,
    /// `device-enrolled`, signed by the account.
    pub act: String,
}

/// Its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrolled {
    /// A full session.
    pub session: Session,
}

/// A machine that is let read some vaults (`docs/formats/machine.md`). Sent again word for word, nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolMachine {
    /// Its device.
    pub device: NewDevice,
    /// The keys of its vaults, in the order of the vaults.
    pub vaults: Vec<MachineKey>,
    /// `machine-enrolled`, signed by the account on the device that asks.
    pub act: String,
}

/// A vault's key for a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineKey {
    /// The vault.
    pub vault: VaultId,
    /// Its key, sealed under the machine's wrapping key.
    pub key: Bytes,
}

/// A device in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Its id.
    pub device: DeviceId,
    /// Its name.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// Since when.
    pub enrolled: UnixMillis,
    /// When it last opened a session.
    pub seen: UnixMillis,
    /// Whether it may no longer.
    pub revoked: bool,
}

/// All devices, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Devices {
    /// The devices.
    pub devices: Vec<DeviceInfo>,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Its id.
    pub session: SessionId,
    /// Whose.
    pub device: DeviceId,
    /// Since when.
    pub opened: UnixMillis,
    /// Until when.
    pub expires: UnixMillis,
    /// Whether it is the one asking.
    pub current: bool,
}

/// All live sessions, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sessions {
    /// The sessions.
    pub sessions: Vec<SessionInfo>,
}

/// `POST /v1/devices/{device}/revoke` and `POST /v1/sessions/{session}/revoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Revoke {
    /// `device-revoked` or `session-revoked`, signed by the account.
    pub act: String,
}
