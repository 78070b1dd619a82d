//! *retracted*: the operator takes a notice back. Claims what the operator's word proves and no more: the account's signature on the
//! event it was about is not undone by it, and the letter says so.

use super::super::write::name;
use super::Body;
use crate::event::{Event, Retraction};

pub(super) fn body(of: &Event, by: &Retraction) -> Body {
    let device = name(&of.act.device_name);
    Body {
        subject: "A notice about your Truebell account was taken back",
        happened: format!(
            "The operator of your server says that an earlier notice, with the code {}, was sent in error, {}.",
            of.code(),
            by.reason.words()
        ),
        facts: super::original(of),
        meaning: format!(
            "That is the operator's word. The notice itself carries the signature of your own account, made on {device}, and the operator cannot \
             undo that: only you know whether it was you."
        ),
        if_not_you: super::TAKE_BACK,
    }
}
