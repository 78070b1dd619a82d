//! *session-revoked*: one session of a device was ended from another.

use super::Body;

pub(super) fn body(device: &str, of_device: &str) -> Body {
    Body {
        subject: "A session of your Truebell account was ended",
        happened: format!("A session of {of_device} was ended; this was done on {device}."),
        facts: vec![("Session of", of_device.to_owned())],
        meaning: "The device itself still belongs to your account and can open another session. To shut it out, remove it (truebell devices revoke).".into(),
        if_not_you: super::TAKE_BACK,
    }
}
