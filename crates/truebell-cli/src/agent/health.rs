//! What is written into an item about its own health. Pure. Never here: how findings are found.

use crate::exit::{Answered, Failure};
use truebell_core::item::Item;
use truebell_core::time::UnixMillis;
use truebell_engine::health::{Aside, Kind, Record, marks_of};

/// Sets findings of a kind aside, for the values the item has now.
pub(super) fn set_aside(item: &mut Item, kind: Kind, reason: &str, at: UnixMillis) -> Answered {
    let marks = marks_of(item, kind);
    if marks.is_empty() {
        return Err(Failure::not_found(format!("The item has nothing that a finding “{kind}” could be about.")));
    }
    if reason.trim().is_empty() {
        return Err(Failure::usage("Say why it stays as it is: --reason TEXT."));
    }
    let mut record = Record::of(item);
    for mark in marks {
        record.set_aside(Aside { kind, mark, reason: reason.trim().to_owned(), at });
    }
    record.put(item);
    Ok(())
}

/// Brings findings of a kind back.
pub(super) fn bring_back(item: &mut Item, kind: Kind) -> Answered {
    let mut record = Record::of(item);
    if !record.bring_back(kind) {
        return Err(Failure::not_found(format!("No finding “{kind}” of this item was set aside.")));
    }
    record.put(item);
    Ok(())
}

/// Remembers exposures that were told.
pub(super) fn tell(item: &mut Item, marks: &[String]) {
    let mut record = Record::of(item);
    marks.iter().for_each(|mark| record.tell(mark));
    record.put(item);
}
