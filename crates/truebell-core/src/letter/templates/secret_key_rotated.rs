//! *secret-key-rotated*: the account has another Secret Key.

use super::Body;

pub(super) fn body(device: &str) -> Body {
    Body {
        subject: "Your Truebell Secret Key was replaced",
        happened: format!("Your Secret Key was replaced on {device}."),
        facts: Vec::new(),
        meaning: "Emergency Kits from before do not open the account any more: print a new one (truebell kit write). Your password is the same, and your \
                  devices stay signed in.".into(),
        if_not_you: super::TAKE_BACK,
    }
}
