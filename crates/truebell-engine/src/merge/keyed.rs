//! Merging lists whose members have keys: sections, fields, sites, attachments, past values.

use super::{Conflicts, Three};
use std::collections::BTreeMap;

/// A member of a list that is merged by key.
pub(super) trait Merge: Clone + PartialEq {
    /// What makes it the same member on both sides.
    fn key(&self) -> String;
    /// Merges three versions of one member; `place` is the key of what it is in.
    fn merge(three: &Three<'_, Self>, place: &str, lost: &mut Conflicts) -> Self;
}

/// A key, and which of the members with that key: lists from other programs may repeat one.
type Slot = (String, usize);

struct Keyed<'a, T> {
    order: Vec<Slot>,
    members: BTreeMap<Slot, &'a T>,
}

impl<'a, T: Merge> Keyed<'a, T> {
    fn new(list: &'a [T]) -> Self {
        let (mut seen, mut order, mut members) = (BTreeMap::<String, usize>::new(), Vec::new(), BTreeMap::new());
        for member in list {
            let count = seen.entry(member.key()).or_default();
            let slot = (member.key(), *count);
            *count += 1;
            order.push(slot.clone());
            members.insert(slot, member);
        }
        Self { order, members }
    }
}

/// Merges three lists. A member one side took out and the other changed stays; the order is that of the side that changed it,
/// the winner's if both did.
pub(super) fn list<T: Merge>(three: &Three<'_, Vec<T>>, place: &str, lost: &mut Conflicts) -> Vec<T> {
    let (winner, loser) = (Keyed::new(three.winner), Keyed::new(three.loser));
    let base = three.base.map_or_else(|| Keyed::new(&[]), |base| Keyed::new(base));
    let (first, second) = if winner.order == base.order { (&loser, &winner) } else { (&winner, &loser) };
    let mut merged = Vec::new();
    for slot in interleave(&first.order, &second.order) {
        let in_base = base.members.get(&slot).copied();
        let member = match (winner.members.get(&slot).copied(), loser.members.get(&slot).copied()) {
            (Some(winner), Some(loser)) => Some(T::merge(&Three { base: in_base, winner, loser }, place, lost)),
            (Some(only), None) | (None, Some(only)) if in_base != Some(only) => Some(only.clone()),
            _ => None,
        };
        merged.extend(member);
    }
    merged
}

/// `first`'s order, with what only `second` has put after its neighbour there.
fn interleave(first: &[Slot], second: &[Slot]) -> Vec<Slot> {
    let mut order = first.to_vec();
    let mut after = 0;
    for slot in second {
        match order.iter().position(|there| there == slot) {
            Some(there) => after = there + 1,
            None => {
                order.insert(after, slot.clone());
                after += 1;
            }
        }
    }
    order
}
