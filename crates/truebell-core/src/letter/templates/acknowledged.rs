//! *acknowledged*: a device says about an earlier notice: that was me. What the notice told is neither undone nor denied by it.

use super::super::write::name;
use super::Body;
use crate::event::{Event, Of, Plea};
use crate::notice::same_device;

pub(super) fn body(of: &Event, by: &Event, plea: Plea) -> Body {
    let device = name(&by.act.device_name);
    let weight = if same_device(of, by) {
        "It is the very device the notice is about, so this proves no more than the notice did."
    } else {
        "It is another device of your account than the one the notice is about."
    };
    Body {
        subject: subject(plea),
        happened: format!("The device {device} says of an earlier notice, with the code {}: {}.", of.code(), plea.words()),
        facts: super::original(of),
        meaning: format!("{weight} What the notice told stays done."),
        if_not_you: super::TAKE_BACK,
    }
}

/// Where the notice it is about is not at hand.
pub(super) fn alone(device: &str, of: &Of, plea: Plea) -> Body {
    Body {
        subject: subject(plea),
        happened: format!("The device {device} says of an earlier notice, with the code {}: {}.", of.code, plea.words()),
        facts: Vec::new(),
        meaning: "What the notice told stays done.".into(),
        if_not_you: super::TAKE_BACK,
    }
}

fn subject(plea: Plea) -> &'static str {
    match plea {
        Plea::ThatWasMe => "A device of your Truebell account says: that was me",
        Plea::Mistake => "A device of your Truebell account says: that was a mistake",
    }
}
