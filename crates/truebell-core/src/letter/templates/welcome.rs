//! *account-created*: the account exists, and this address is its own.

use super::Body;

pub(super) fn body(device: &str) -> Body {
    Body {
        subject: "Your Truebell account was created",
        happened: format!("An account with this mail address was created on {device}."),
        facts: Vec::new(),
        meaning: "Print your Emergency Kit and keep it safe (truebell kit write): nobody else has your Secret Key, and nobody can bring it back. When \
                  something changes the security of your account, a mail like this one tells you, with a code to check it by.".into(),
        if_not_you: "Somebody signed up with your mail address. They can read nothing of yours by it, and you need not do anything; tell whoever \
                     runs this server if you want the account gone.",
    }
}
