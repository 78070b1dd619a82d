//! *account-created*: the account exists, and this address is its own.

use super::Body;

pub(super) fn body(device: &str) -> Body {
    Body {
        subject: "Your Truebell account was created",
        happened: format!("An account with this mail address was created on {device}."),
        facts: Vec::new(),
        meaning: "Print your Emergency Kit and keep it safe (truebell kit): nobody else has your Secret Key, and nobody can bring it back. When \
                  something changes the security of your account, a mail like this one tells you, with a code to check it by.",
        if_not_you: "Somebody used your mail address; they can read nothing of yours. You need not do anything. Whoever runs this server can remove \
                     the account.",
    }
}
