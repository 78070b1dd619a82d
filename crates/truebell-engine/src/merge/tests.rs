//! What a merge promises, by example and by property.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use truebell_core::ids::AttachmentId;
use truebell_core::item::FieldKind;

const NOW: UnixMillis = UnixMillis(9_000);

fn login(password: &str, edited: u64) -> Item {
    let mut item = Item::default();
    item.overview.title = "Mail".into();
    item.set_field("username", "ada");
    item.set_field("password", password);
    item.overview.edited = UnixMillis(edited);
    item
}

fn past(item: &Item) -> Vec<(String, String)> {
    item.detail.past.iter().map(|past| (past.field.clone(), past.value.expose().to_owned())).collect()
}

#[test]
fn edits_of_different_fields_are_both_kept() {
    let base = login("old", 1);
    let mut mine = login("new", 2);
    mine.overview.tags.insert("work".into());
    let mut theirs = login("old", 3);
    theirs.set_field("username", "ada@example.org");
    theirs.overview.tags.insert("mail".into());
    let merged = three_way(&base, &mine, &theirs, NOW);
    assert_eq!(merged.item.field("password").unwrap().value.expose(), "new");
    assert_eq!(merged.item.field("username").unwrap().value.expose(), "ada@example.org");
    assert_eq!(merged.item.overview.tags, BTreeSet::from(["mail".into(), "work".into()]));
    assert_eq!(merged.displaced, []);
}

#[test]
fn the_later_edit_wins_and_the_other_is_kept_as_past() {
    let merged = three_way(&login("old", 1), &login("mine", 2), &login("theirs", 3), NOW).item;
    assert_eq!(merged.field("password").unwrap().value.expose(), "theirs");
    assert_eq!(past(&merged), [("/password".into(), "mine".into())]);
    assert_eq!(merged.detail.past[0].why, PastWhy::Merged);
}

#[test]
fn an_edit_wins_over_the_trash_and_the_archive_too() {
    let base = login("old", 1);
    let mut trashed = base.clone();
    trashed.overview.state = State::Trashed { since: UnixMillis(5) };
    trashed.overview.edited = UnixMillis(5);
    let edited = login("new", 2);
    let merged = three_way(&base, &edited, &trashed, NOW).item;
    assert_eq!((merged.overview.state, merged.field("password").unwrap().value.expose()), (State::Active, "new"));
    let mut archived = base.clone();
    archived.overview.state = State::Archived;
    assert_eq!(three_way(&base, &archived, &trashed, NOW).item.overview.state, State::Archived);
    assert_eq!(three_way(&base, &base, &trashed, NOW).item, trashed);
}

#[test]
fn an_edit_comes_back_from_a_tombstone_and_a_mere_trashing_does_not() {
    let base = login("old", 1);
    let live = |item: &Item| Side::Live(Box::new(item.clone()));
    let edited = login("new", 2);
    let mut trashed = base.clone();
    trashed.overview.state = State::Trashed { since: UnixMillis(5) };
    for (mine, theirs, expected) in [
        (live(&edited), Side::Tombstone, Rebased::Pending(live(&edited))),
        (live(&trashed), Side::Tombstone, Rebased::Theirs),
        (Side::Tombstone, live(&edited), Rebased::Theirs),
        (Side::Tombstone, live(&trashed), Rebased::Pending(Side::Tombstone)),
        (Side::Tombstone, Side::Tombstone, Rebased::Theirs),
        (live(&edited), live(&edited), Rebased::Theirs),
    ] {
        assert_eq!(rebase(Some(&base), &mine, &theirs, NOW), expected, "{mine:?} onto {theirs:?}");
    }
}

#[test]
fn an_edit_over_an_unsent_edit_remembers_what_it_replaced() {
    let twice = remember(None, &login("first", 1), login("second", 2), NOW);
    assert_eq!(past(&twice), [("/password".into(), "first".into())]);
    assert_eq!(twice.detail.past[0].why, PastWhy::Edited);
    assert_eq!(remember(None, &login("same", 1), login("same", 2), NOW).detail.past, []);
    let base = login("first", 0);
    assert_eq!(remember(Some(&base), &login("first", 1), login("second", 2), NOW).detail.past, [], "the base keeps it");
}

#[test]
fn what_an_unsent_edit_remembered_is_remembered_by_the_next_one_too() {
    let second = remember(None, &login("first", 1), login("second", 2), NOW);
    let third = remember(None, &second, login("third", 3), NOW);
    assert_eq!(past(&third), [("/password".into(), "second".into()), ("/password".into(), "first".into())]);
    assert_eq!(past(&remember(Some(&second), &second, login("third", 3), NOW)), [], "the base keeps its own");
    assert_eq!(past(&remember(None, &second, second.clone(), NOW)), past(&second), "nothing twice");
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "b", "c", "ж", "d d"]).prop_map(str::to_owned)
}

fn extra() -> impl Strategy<Value = Extra> {
    prop::collection::btree_map("x[01]", word().prop_map(serde_json::Value::String), 0..2)
}

prop_compose! {
    fn field()(id in "[pqr]", label in word(), value in word(), concealed: bool, extra in extra()) -> Field {
        Field { id, label, kind: if concealed { FieldKind::Concealed } else { FieldKind::Text }, value: value.into(), extra }
    }
}

prop_compose! {
    fn section()(id in "[st]?", title in word(), fields in prop::collection::vec(field(), 0..4), extra in extra()) -> Section {
        Section { id, title, fields, extra }
    }
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![Just(State::Active), Just(State::Archived), (0_u64..3).prop_map(|at| State::Trashed { since: UnixMillis(at) })]
}

prop_compose! {
    fn attachment()(id in 0_u8..3, name in word()) -> Attachment {
        let bytes = [id; 16];
        Attachment { id: AttachmentId(bytes), name, size_bytes: 1, sha256: format!("{id}"), key: Secret::new(format!("key {id}")), extra: Extra::new() }
    }
}

prop_compose! {
    fn item()(
        title in word(), subtitle in word(), sites in prop::collection::vec(("[uv]", word()), 0..3), tags in prop::collection::btree_set("[xyz]", 0..3),
        favourite: bool, state in state(), created in 0_u64..3, edited in 0_u64..4, note in word(),
        sections in prop::collection::vec(section(), 0..3), attachments in prop::collection::vec(attachment(), 0..2),
        pasts in prop::collection::vec((word(), 0_u64..2), 0..2),
        extra in extra(),
    ) -> Item {
        Item {
            overview: Overview {
                title, subtitle, tags, favourite, state, extra,
                sites: sites.into_iter().map(|(url, label)| Site { url, label, extra: Extra::new() }).collect(),
                created: UnixMillis(created), edited: UnixMillis(edited), ..Overview::default()
            },
            detail: Detail {
                sections, attachments, note: note.into(),
                past: pasts.into_iter().map(|(value, until)| Past { field: "f".into(), value: value.into(), until: UnixMillis(until), why: PastWhy::Edited }).collect(),
                extra: Extra::new(),
            },
        }
    }
}

/// Every text a person typed, wherever it stands in the item now.
fn texts(item: &Item) -> BTreeSet<String> {
    let mut texts: BTreeSet<String> = item.detail.past.iter().map(|past| past.value.expose().to_owned()).collect();
    texts.extend([item.overview.title.clone(), item.detail.note.expose().to_owned(), item.overview.subtitle.clone()]);
    texts.extend(item.overview.tags.iter().cloned());
    for site in &item.overview.sites {
        texts.extend([site.url.clone(), site.label.clone()]);
    }
    for section in &item.detail.sections {
        texts.insert(section.title.clone());
        for field in &section.fields {
            texts.extend([field.label.clone(), field.value.expose().to_owned()]);
            texts.extend(field.extra.values().map(|value| value.as_str().unwrap_or_default().to_owned()));
        }
    }
    texts.extend(item.detail.attachments.iter().map(|attachment| attachment.name.clone()));
    // Extras that lost stand in the past as JSON.
    texts.extend(item.detail.past.iter().filter_map(|past| serde_json::from_str::<String>(past.value.expose()).ok()));
    texts
}

proptest! {
    #[test]
    fn no_value_that_a_side_brought_in_is_lost(base in item(), mine in item(), theirs in item()) {
        let merged = texts(&three_way(&base, &mine, &theirs, NOW).item);
        let before = texts(&base);
        for side in [&mine, &theirs] {
            for text in texts(side).difference(&before).filter(|text| !text.is_empty() && **text != side.overview.subtitle) {
                prop_assert!(merged.contains(text), "{text:?} is gone");
            }
        }
    }

    #[test]
    fn a_side_that_changed_nothing_yields_the_other(base in item(), other in item()) {
        prop_assert_eq!(&three_way(&base, &base, &other, NOW).item, &other);
        prop_assert_eq!(&three_way(&base, &other, &base, NOW).item, &other);
    }

    #[test]
    fn two_devices_merge_alike(base in item(), mine in item(), theirs in item()) {
        prop_assert_eq!(three_way(&base, &mine, &theirs, NOW), three_way(&base, &theirs, &mine, NOW));
    }

    #[test]
    fn merging_again_changes_nothing(base in item(), mine in item(), theirs in item()) {
        let merged = three_way(&base, &mine, &theirs, NOW).item;
        prop_assert_eq!(&three_way(&theirs, &merged, &theirs, NOW).item, &merged);
        prop_assert_eq!(&three_way(&mine, &merged, &mine, NOW).item, &merged);
    }
}
