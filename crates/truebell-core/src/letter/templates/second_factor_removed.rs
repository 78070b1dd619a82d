//! *second-factor-removed*: new devices no longer need a code.

use super::Body;

pub(super) fn body(device: &str, kind: &str) -> Body {
    Body {
        subject: "A second factor was removed from your Truebell account",
        happened: format!("A second factor was removed from your account on {device}."),
        facts: vec![("Kind", kind.to_owned())],
        meaning: "From now on, signing in on a new device takes your password and your Secret Key alone.".into(),
        if_not_you: super::TAKE_BACK,
    }
}
