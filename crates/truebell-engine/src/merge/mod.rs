//! Three versions of an item become one, and no edit is lost.
//!
//! What only one side changed is taken from it. What both changed differently is a conflict: the side whose item was edited later
//! wins (`edited`, and between equal times the greater JSON text, so that two devices decide alike), and the losing value goes to
//! the item's `past`. The result does not depend on which side is called mine. An edit wins over the trash and over a tombstone.

mod keyed;

use keyed::{Merge, list};
use std::collections::BTreeMap;
use truebell_core::item::{Attachment, Detail, Extra, Field, Item, Overview, Past, PastWhy, Section, Site, State};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

/// The outcome of a merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The item both devices will have.
    pub item: Item,
    /// Values that lost; they are in `item.detail.past` too.
    pub displaced: Vec<Past>,
}

/// One side of a rebase: an item, or the mark that it was deleted for good.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// An item.
    Live(Box<Item>),
    /// A tombstone.
    Tombstone,
}

/// What becomes of a pending edit when the server has a newer revision.
#[derive(Debug, Clone, PartialEq)]
pub enum Rebased {
    /// Theirs says all that mine says: nothing is pending any more.
    Theirs,
    /// This is pending, based on theirs.
    Pending(Side),
}

/// Merges by field. `now` is when the losing values stopped being current.
pub fn three_way(base: &Item, mine: &Item, theirs: &Item, now: UnixMillis) -> Merged {
    merge_items(Some(base), mine, theirs, now)
}

/// Rebases a pending edit onto what the server has. `base` is what it was made from; `None` where that is not known any more, and
/// then both sides count as changed everywhere.
pub fn rebase(base: Option<&Item>, mine: &Side, theirs: &Side, now: UnixMillis) -> Rebased {
    match (mine, theirs) {
        (Side::Tombstone, Side::Tombstone) => Rebased::Theirs,
        // Deleted for good there, edited here: the edit comes back. Only moved to the trash here: it stays deleted.
        (Side::Live(mine), Side::Tombstone) if base.is_some_and(|base| same_but_trashed(base, mine)) => Rebased::Theirs,
        (Side::Live(mine), Side::Tombstone) => Rebased::Pending(Side::Live(Box::new(out_of_the_trash(mine)))),
        // Deleted for good here, edited there: the edit stays.
        (Side::Tombstone, Side::Live(theirs)) if base.is_some_and(|base| same_but_trashed(base, theirs)) => {
            Rebased::Pending(Side::Tombstone)
        }
        (Side::Tombstone, Side::Live(_)) => Rebased::Theirs,
        (Side::Live(mine), Side::Live(theirs)) => {
            let merged = merge_items(base, mine, theirs, now).item;
            if merged == **theirs { Rebased::Theirs } else { Rebased::Pending(Side::Live(Box::new(merged))) }
        }
    }
}

/// `new` as the next edit of `old`, with the values it replaces put to its past. For an edit over an edit that no server has seen:
/// the two become one revision, and nothing in between is lost, `old`'s own past included. What `base`, the revision below both,
/// says is in the history anyway.
pub fn remember(base: Option<&Item>, old: &Item, mut new: Item, until: UnixMillis) -> Item {
    let mut kept = Conflicts::new(until, PastWhy::Edited);
    let (below, above) = (base.map(values).unwrap_or_default(), values(&new));
    for (field, value) in values(old) {
        if above.get(&field) != Some(&value) && below.get(&field) != Some(&value) {
            kept.push(field, value);
        }
    }
    let below = base.map_or(&[][..], |base| &base.detail.past);
    let said = old.detail.past.iter().filter(|past| !below.contains(past) && !new.detail.past.contains(past));
    let said: Vec<Past> = said.cloned().collect();
    new.detail.past.splice(0..0, said);
    kept.prepend_to(&mut new.detail.past);
    new
}

/// Every value of an item that a person may have typed, by the name it has in `past`.
fn values(item: &Item) -> BTreeMap<String, Secret> {
    let mut values =
        BTreeMap::from([("title".to_owned(), Secret::new(item.overview.title.as_str())), ("note".to_owned(), item.detail.note.clone())]);
    for site in &item.overview.sites {
        values.insert(format!("site/{}", site.url), Secret::new(site.url.as_str()));
    }
    for section in &item.detail.sections {
        for field in &section.fields {
            values.insert(format!("{}/{}", section.id, field.id), field.value.clone());
        }
    }
    values
}

fn same_but_trashed(base: &Item, side: &Item) -> bool {
    matches!(side.overview.state, State::Trashed { .. }) && same_content(base, side) || base == side
}

/// Equal in everything but state and time.
fn same_content(one: &Item, other: &Item) -> bool {
    let mut other = other.clone();
    other.overview.state = one.overview.state;
    other.overview.edited = one.overview.edited;
    *one == other
}

fn out_of_the_trash(item: &Item) -> Item {
    let mut item = item.clone();
    if matches!(item.overview.state, State::Trashed { .. }) {
        item.overview.state = State::Active;
    }
    item
}

/// Values that lost, newest first.
struct Conflicts {
    until: UnixMillis,
    why: PastWhy,
    lost: Vec<Past>,
}

impl Conflicts {
    fn new(until: UnixMillis, why: PastWhy) -> Self {
        Self { until, why, lost: Vec::new() }
    }

    fn push(&mut self, field: String, value: Secret) {
        if !value.is_empty() {
            self.lost.push(Past { field, value, until: self.until, why: self.why });
        }
    }

    fn prepend_to(&self, past: &mut Vec<Past>) {
        past.splice(0..0, self.lost.iter().filter(|lost| !past.contains(lost)).cloned().collect::<Vec<_>>());
    }
}

/// Three values of one thing. `base` is `None` where both sides added it.
struct Three<'a, T> {
    base: Option<&'a T>,
    winner: &'a T,
    loser: &'a T,
}

impl<'a, T> Three<'a, T> {
    fn part<U>(&self, part: impl Fn(&'a T) -> &'a U) -> Three<'a, U> {
        Three { base: self.base.map(&part), winner: part(self.winner), loser: part(self.loser) }
    }
}

impl<T: PartialEq + Clone> Three<'_, T> {
    /// The value, and whether the loser's was given up for it.
    fn decide(&self) -> (T, bool) {
        if self.winner == self.loser || Some(self.loser) == self.base {
            (self.winner.clone(), false)
        } else if Some(self.winner) == self.base {
            (self.loser.clone(), false)
        } else {
            (self.winner.clone(), true)
        }
    }
}

fn decide<T: PartialEq + Clone>(three: &Three<'_, T>, name: impl Fn() -> String, text: impl Fn(&T) -> Secret, lost: &mut Conflicts) -> T {
    let (value, conflict) = three.decide();
    if conflict {
        lost.push(name(), text(three.loser));
    }
    value
}

fn plain(text: &impl AsRef<str>) -> Secret {
    Secret::new(text.as_ref())
}

fn json<T: serde::Serialize>(value: &T) -> Secret {
    Secret::new(serde_json::to_string(value).unwrap_or_default())
}

fn merge_items(base: Option<&Item>, mine: &Item, theirs: &Item, now: UnixMillis) -> Merged {
    let rank = |item: &Item| (item.overview.edited, serde_json::to_string(item).unwrap_or_default());
    let (winner, loser) = if rank(mine) > rank(theirs) { (mine, theirs) } else { (theirs, mine) };
    let items = Three { base, winner, loser };
    let mut lost = Conflicts::new(now, PastWhy::Merged);
    let overview = merge_overviews(&items, &mut lost);
    let mut detail = merge_details(&items.part(|item| &item.detail), &mut lost);
    lost.prepend_to(&mut detail.past);
    Merged { item: Item { overview, detail }, displaced: lost.lost }
}

fn merge_overviews(items: &Three<'_, Item>, lost: &mut Conflicts) -> Overview {
    let three = items.part(|item| &item.overview);
    Overview {
        category: decide(&three.part(|o| &o.category), || "category".into(), json, lost),
        title: decide(&three.part(|o| &o.title), || "title".into(), plain, lost),
        // Made from a field, so its losing value is there.
        subtitle: three.part(|o| &o.subtitle).decide().0,
        sites: list(&three.part(|o| &o.sites), "", lost),
        tags: merge_tags(&three),
        favourite: three.part(|o| &o.favourite).decide().0,
        state: merge_states(items),
        created: merge_created(&three.part(|o| &o.created)),
        edited: three.part(|o| &o.edited).decide().0,
        extra: merge_extras(&three.part(|o| &o.extra), "overview", lost),
    }
}

fn merge_details(three: &Three<'_, Detail>, lost: &mut Conflicts) -> Detail {
    Detail {
        sections: list(&three.part(|d| &d.sections), "", lost),
        note: decide(&three.part(|d| &d.note), || "note".into(), Secret::clone, lost),
        attachments: list(&three.part(|d| &d.attachments), "", lost),
        past: list(&three.part(|d| &d.past), "", lost),
        extra: merge_extras(&three.part(|d| &d.extra), "detail", lost),
    }
}

/// A tag is there if both sides have it, or one of them added it.
fn merge_tags(three: &Three<'_, Overview>) -> std::collections::BTreeSet<String> {
    let in_base = |tag: &String| three.base.is_some_and(|base| base.tags.contains(tag));
    let (winner, loser) = (&three.winner.tags, &three.loser.tags);
    winner.union(loser).filter(|tag| !in_base(tag) || winner.contains(*tag) && loser.contains(*tag)).cloned().collect()
}

fn merge_created(three: &Three<'_, UnixMillis>) -> UnixMillis {
    match three.decide() {
        (_, true) => (*three.winner).min(*three.loser),
        (created, false) => created,
    }
}

/// An edit wins over the trash, the archive over the trash; otherwise as any value.
fn merge_states(items: &Three<'_, Item>) -> State {
    let trashed = |item: &Item| matches!(item.overview.state, State::Trashed { .. });
    let edited = |item: &Item| items.base.is_none_or(|base| !same_content(base, item));
    match (trashed(items.winner), trashed(items.loser)) {
        (true, false) if edited(items.loser) => items.loser.overview.state,
        (false, true) if edited(items.winner) => items.winner.overview.state,
        _ => match items.part(|item| &item.overview.state).decide() {
            (State::Trashed { .. }, true) if !trashed(items.loser) => items.loser.overview.state,
            (state, _) => state,
        },
    }
}

fn merge_extras(three: &Three<'_, Extra>, place: &str, lost: &mut Conflicts) -> Extra {
    let mut merged = Extra::new();
    for name in three.winner.keys().chain(three.loser.keys()) {
        let of = |extra: &Extra| extra.get(name).cloned();
        let (base, winner, loser) = (three.base.and_then(of), of(three.winner), of(three.loser));
        let (value, conflict) = Three { base: three.base.map(|_| &base), winner: &winner, loser: &loser }.decide();
        // One side took it out, the other changed it: the change wins.
        let value = value.or_else(|| conflict.then(|| loser.clone()).flatten());
        if conflict && winner.is_some() && !merged.contains_key(name) {
            lost.push(format!("{place}/{name}"), loser.as_ref().map(json).unwrap_or_default());
        }
        if let Some(value) = value {
            merged.insert(name.clone(), value);
        }
    }
    merged
}

impl Merge for Site {
    fn key(&self) -> String {
        self.url.clone()
    }

    fn merge(three: &Three<'_, Self>, _: &str, lost: &mut Conflicts) -> Self {
        let place = format!("site/{}", three.winner.url);
        Self {
            url: three.winner.url.clone(),
            label: decide(&three.part(|s| &s.label), || format!("{place}/label"), plain, lost),
            extra: merge_extras(&three.part(|s| &s.extra), &place, lost),
        }
    }
}

impl Merge for Section {
    fn key(&self) -> String {
        self.id.clone()
    }

    fn merge(three: &Three<'_, Self>, _: &str, lost: &mut Conflicts) -> Self {
        let id = &three.winner.id;
        Self {
            id: id.clone(),
            title: decide(&three.part(|s| &s.title), || format!("{id}/title"), plain, lost),
            fields: list(&three.part(|s| &s.fields), id, lost),
            extra: merge_extras(&three.part(|s| &s.extra), id, lost),
        }
    }
}

impl Merge for Field {
    fn key(&self) -> String {
        self.id.clone()
    }

    fn merge(three: &Three<'_, Self>, section: &str, lost: &mut Conflicts) -> Self {
        let place = format!("{section}/{}", three.winner.id);
        Self {
            id: three.winner.id.clone(),
            label: decide(&three.part(|f| &f.label), || format!("{place}/label"), plain, lost),
            kind: decide(&three.part(|f| &f.kind), || format!("{place}/kind"), json, lost),
            value: decide(&three.part(|f| &f.value), || place.clone(), Secret::clone, lost),
            extra: merge_extras(&three.part(|f| &f.extra), &place, lost),
        }
    }
}

impl Merge for Attachment {
    fn key(&self) -> String {
        self.id.to_string()
    }

    /// The bytes behind an attachment's id never change; only its name can.
    fn merge(three: &Three<'_, Self>, _: &str, lost: &mut Conflicts) -> Self {
        let place = format!("attachment/{}", three.winner.id);
        let mut merged = decide(
            &three.part(|a| a),
            || place.clone(),
            |a| if a.sha256 == three.winner.sha256 && a.key == three.winner.key { Secret::default() } else { json(a) },
            lost,
        );
        merged.name = decide(&three.part(|a| &a.name), || format!("{place}/name"), plain, lost);
        merged.extra = merge_extras(&three.part(|a| &a.extra), &place, lost);
        merged
    }
}

impl Merge for Past {
    fn key(&self) -> String {
        json(self).expose().to_owned()
    }

    fn merge(three: &Three<'_, Self>, _: &str, _: &mut Conflicts) -> Self {
        three.winner.clone()
    }
}

#[cfg(test)]
mod tests;
