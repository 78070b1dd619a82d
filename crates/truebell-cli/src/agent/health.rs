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
    let mut record = read(item)?;
    for mark in marks {
        record.set_aside(Aside { kind, mark, reason: reason.trim().to_owned(), at });
    }
    record.put(item);
    Ok(())
}

/// Brings findings of a kind back.
pub(super) fn bring_back(item: &mut Item, kind: Kind) -> Answered {
    let mut record = read(item)?;
    if !record.bring_back(kind) {
        return Err(Failure::not_found(format!("No finding “{kind}” of this item was set aside.")));
    }
    record.put(item);
    Ok(())
}

fn read(item: &Item) -> Answered<Record> {
    Record::of(item).map_err(|error| Failure::plain(format!("Nothing was changed: {error}.")))
}

/// Remembers exposures that were told. Where they cannot be remembered they will be told again.
pub(super) fn tell(item: &mut Item, marks: &[String]) {
    let Ok(mut record) = Record::of(item) else { return };
    marks.iter().for_each(|mark| record.tell(mark));
    record.put(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_version_wrote_stays_as_it_is() {
        let mut item = Item::default();
        item.set_field("password", "password");
        item.detail.extra.insert("health".to_owned(), serde_json::json!({ "told": [], "later": 1 }));
        let before = item.clone();
        assert!(set_aside(&mut item, Kind::Exposed, "known", UnixMillis(1)).is_err());
        assert!(bring_back(&mut item, Kind::Exposed).is_err());
        tell(&mut item, &["0123456789abcdef".to_owned()]);
        assert_eq!(item, before);
    }
}
