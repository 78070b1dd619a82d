//! *device-enrolled*: the account was opened on a device it was not on before.

use super::Body;

pub(super) fn body(device: &str, platform: &str) -> Body {
    Body {
        subject: "Your Truebell account was opened on a new device",
        happened: format!("Your account was opened on a new device, {device}."),
        facts: vec![("It says it is", platform.to_owned())],
        meaning: "The new device can read and change everything in your account. Your other devices stay as they are.".into(),
        if_not_you: "Somebody can open your account. On a device of yours, remove the new one at once (truebell devices revoke), then \
                     change your password (truebell password change) and your Secret Key (truebell secret-key rotate).",
    }
}
