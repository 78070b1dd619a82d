//! *device-revoked*: a device may no longer use the account.

use super::Body;

pub(super) fn body(device: &str, revoked: &str) -> Body {
    Body {
        subject: "A device was removed from your Truebell account",
        happened: format!("The device {revoked} was removed from your account; this was done on {device}."),
        facts: vec![("Removed", revoked.to_owned())],
        meaning: "The removed device gets nothing new and cannot change anything. What it had before stays readable on it: if it was lost or stolen, \
                  change the passwords that were on it.".into(),
        if_not_you: super::TAKE_BACK,
    }
}
