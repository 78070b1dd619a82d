//! *deletion-scheduled*: the account will be gone at a time, unless somebody keeps it.

use super::Body;

pub(super) fn body(device: &str, due: &str) -> Body {
    Body {
        subject: "Your Truebell account is going to be deleted",
        happened: format!("The deletion of your account was asked for on {device}."),
        facts: vec![("It will be deleted", due.to_owned())],
        meaning: "Until then nothing is lost: your devices keep everything, and you can keep the account (truebell account keep). After that, the \
                  account and all it holds are gone from this server for good. Export what you need before (truebell export).".into(),
        if_not_you: "On a device of yours, keep the account (truebell account keep), remove devices you do not know (truebell devices revoke), then \
                     change your password (truebell password change) and your Secret Key (truebell secret-key rotate).",
    }
}
