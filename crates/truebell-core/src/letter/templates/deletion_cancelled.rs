//! *deletion-cancelled*: the account stays.

use super::Body;

pub(super) fn body(device: &str) -> Body {
    Body {
        subject: "Your Truebell account will not be deleted",
        happened: format!("The deletion of your account was cancelled on {device}."),
        facts: Vec::new(),
        meaning: "Your account stays as it is; nothing was lost.".into(),
        if_not_you: super::TAKE_BACK,
    }
}
