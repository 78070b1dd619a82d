//! What a person is told. A [`Notice`] has one constructor, and it takes a `Verified<Event>` (law 1): no status code, push,
//! failed sign-in or timeout can reach it.

use crate::event::{CheckCode, Event, Verified, What};
use crate::ids::{DeviceId, EventId};
use crate::time::UnixMillis;
use serde::Serialize;

/// A notice: one true sentence about the account's security, and how to check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The event it was made from.
    pub event: EventId,
    /// Place in the account's chain; a device shows each place once.
    pub seq: u64,
    /// When the server recorded it.
    pub at: UnixMillis,
    /// Which device acted.
    pub device: DeviceId,
    /// `password-changed`, …
    pub kind: &'static str,
    /// What happened, by whom.
    pub sentence: String,
    /// What to do if it was not you.
    pub advice: &'static str,
    /// The code to check it by.
    pub code: CheckCode,
}

impl Notice {
    /// The only way to a notice.
    pub fn new(event: &Verified<Event>) -> Self {
        Self {
            event: event.id,
            seq: event.act.seq,
            at: event.at,
            device: event.act.device,
            kind: event.act.what.word(),
            sentence: sentence(event),
            advice: advice(&event.act.what),
            code: event.code(),
        }
    }
}

fn sentence(event: &Event) -> String {
    let by = &event.act.device_name;
    match &event.act.what {
        What::AccountCreated { .. } => format!("Your account was created on “{by}”."),
        What::PasswordChanged {} => format!("Your account password was changed on “{by}”."),
        What::SecretKeyRotated {} => format!("Your Secret Key was replaced on “{by}”. Kits from before no longer open the account."),
        What::DeviceEnrolled { platform, .. } => format!("Your account was opened on a new device, “{by}” ({platform})."),
        What::DeviceRevoked { revoked_name, .. } => format!("The device “{revoked_name}” was removed from your account, on “{by}”."),
        What::SessionRevoked { of_device_name, .. } => format!("A session of “{of_device_name}” was ended, on “{by}”."),
        What::AddressChanged { from_masked, to_masked } => {
            format!("The mail address of your account was changed from {from_masked} to {to_masked}, on “{by}”.")
        }
        What::SecondFactorAdded { .. } => format!("A second factor was added to your account, on “{by}”."),
        What::SecondFactorRemoved { .. } => format!("A second factor was removed from your account, on “{by}”."),
        What::DeletionScheduled { .. } => format!("Your account is to be deleted; this was asked for on “{by}”."),
        What::DeletionCancelled {} => format!("The deletion of your account was cancelled, on “{by}”."),
    }
}

fn advice(what: &What) -> &'static str {
    match what {
        What::DeletionScheduled { .. } => {
            "If this was not you, cancel it (truebell account keep), then change your password and remove the device."
        }
        What::DeviceEnrolled { .. } => {
            "If this was not you, remove the device (truebell devices revoke) and change your password and Secret Key."
        }
        _ => "If this was not you, change your account password and remove devices you do not know.",
    }
}
