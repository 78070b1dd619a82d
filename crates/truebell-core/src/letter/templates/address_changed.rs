//! *address-changed*: goes to the old address and to the new one, with the same words.

use super::Body;

pub(super) fn body(device: &str, from_masked: &str, to_masked: &str) -> Body {
    Body {
        subject: "The mail address of your Truebell account was changed",
        happened: format!("The mail address of your account was changed on {device}."),
        facts: vec![("From", from_masked.to_owned()), ("To", to_masked.to_owned())],
        meaning: "This mail goes to both addresses; from now on mails go to the new one only. Your password, your Secret Key and your devices are the \
                  same.".into(),
        if_not_you: super::TAKE_BACK,
    }
}
