//! *second-factor-added*: new devices need a code as well.

use super::Body;

pub(super) fn body(device: &str, kind: &str) -> Body {
    Body {
        subject: "A second factor was added to your Truebell account",
        happened: format!("A second factor was added to your account on {device}."),
        facts: vec![("Kind", kind.to_owned())],
        meaning: "From now on, signing in on a new device needs it as well. Devices that are signed in stay so.".into(),
        if_not_you: super::TAKE_BACK,
    }
}
