//! *password-changed*: the account has another password.

use super::Body;

pub(super) fn body(device: &str) -> Body {
    Body {
        subject: "Your Truebell password was changed",
        happened: format!("Your account password was changed on {device}."),
        facts: Vec::new(),
        meaning: "Your Secret Key is the same, and your Emergency Kit stays good with the new password. Your devices stay signed in."
            .into(),
        if_not_you: super::TAKE_BACK,
    }
}
