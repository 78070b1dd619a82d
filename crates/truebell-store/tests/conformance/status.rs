//! The operator's journal.

use crate::world::{Shared, at};
use truebell_store::rows::StatusEntry;

pub(crate) async fn the_journal_is_added_to_once_and_read_in_the_order_of_time(store: Shared) {
    assert_eq!(store.status_entries(0).await, Ok(None), "a new journal has no entry");
    assert_eq!(store.status_entries(7).await, Ok(Some(Vec::new())));
    let entry = |number: u8, time| StatusEntry { entry: [number; 16], at: at(time), body: format!("{{\"n\":{number}}} ä") };
    let (late, early, same) = (entry(1, 9), entry(3, 5), entry(2, 5));
    for new in [&late, &early, &same, &late] {
        assert_eq!(store.add_status(new).await, Ok(()));
    }
    let altered = StatusEntry { body: "other".into(), ..late.clone() };
    assert_eq!(store.add_status(&altered).await, Ok(()));
    assert_eq!(store.status_entries(2).await, Ok(Some(vec![same, early, late])));
    assert_eq!(store.status_entries(3).await, Ok(None));
}
