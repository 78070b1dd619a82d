//! Law 2, on a whole client: whatever comes in answer, signed or not, no item, edit, key or setting goes away because of it, and nobody
//! is alarmed. What may change: the session, which the device opens anew by itself, and what is said.

use super::super::testing::{Fault, Twist};
use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::head::{Reason, Status};
use truebell_core::ids::VaultId;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::View;

/// What a person does at the device.
#[derive(Debug, Clone, Copy)]
enum Does {
    Sync,
    Listen,
    AskForDevices,
    Edit,
    Restart,
}

fn any_status() -> impl Strategy<Value = Status> {
    let time = (0_u64..3_600_000).prop_map(|later| UnixMillis(1_795_442_520_000 + later));
    prop_oneof![
        time.clone().prop_map(|until| Status::Busy { until }),
        (time.clone(), ".{0,40}").prop_map(|(until, note)| Status::Maintenance { until, note }),
        ".{0,10}".prop_map(|needs| Status::Outdated { needs }),
        (prop::sample::select(Reason::ALL), time).prop_map(|(reason, retry_at)| Status::Refused { reason, retry_at }),
    ]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "<title>Your password was changed</title>",
        r#"{"error":"invalid_grant"}"#,
        r#"{"type":"urn:truebell:problem:account-deleted"}"#,
        r#"{"logout":true,"delete":true}"#,
        "",
    ]);
    prop_oneof![words.prop_map(|words| words.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..300)]
}

fn any_twist() -> impl Strategy<Value = Twist> {
    prop_oneof![
        Just(Twist::Server),
        Just(Twist::Generation),
        Just(Twist::EpochUp),
        Just(Twist::Nonce),
        Just(Twist::Key),
        (0_u64..1_000_000).prop_map(Twist::Late),
        Just(Twist::NoEvents),
        Just(Twist::Body),
    ]
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let http = prop_oneof![prop::sample::select(vec![200_u16, 204, 302, 400, 401, 403, 404, 410, 426, 429, 500, 502, 503]), 100_u16..600];
    prop_oneof![
        1 => Just(Fault::Lost),
        1 => Just(Fault::AnswerLost),
        1 => (0_usize..300).prop_map(Fault::Cut),
        3 => (http, any_body()).prop_map(|(status, body)| Fault::Anyone(status, body)),
        6 => any_status().prop_map(Fault::Says),
        // The number of no commit that is still to come: a server that lies about those is found out later, and has to be.
        1 => prop_oneof![Just(br#"{"seq":0}"#.to_vec()), any_body()].prop_map(Fault::Pretends),
        4 => any_twist().prop_map(Fault::Twisted),
    ]
}

fn any_step() -> impl Strategy<Value = (Does, Vec<(&'static str, Fault)>)> {
    let does = prop::sample::select(vec![Does::Sync, Does::Sync, Does::Sync, Does::Listen, Does::AskForDevices, Does::Edit, Does::Restart]);
    let path = prop::sample::select(vec!["/", "/v1/sync", "/v1/sessions", "/v1/vaults/", "/v1/hints", "/v1/devices"]);
    (does, prop::collection::vec((path, any_fault()), 0..3))
}

/// All that must stay.
#[derive(Debug, PartialEq)]
struct Kept {
    items: BTreeMap<ItemRef, Entry>,
    vaults: Vec<(VaultId, String, usize)>,
    device: Device,
}

/// An item as it is now, its past apart, and everything it ever said.
#[derive(Debug, PartialEq)]
struct Entry {
    now: Item,
    ever: BTreeSet<String>,
}

fn entry(laptop: &Client, at: ItemRef) -> Entry {
    let mut now = laptop.item(at).unwrap();
    let versions = laptop.history(at).unwrap().into_iter().map(|version| laptop.version(at, version.number).unwrap());
    let ever = versions.chain([now.clone()]).flat_map(|item| said_by(&item)).collect();
    now.detail.past.clear();
    Entry { now, ever }
}

/// The values of its fields, and those it remembers: where two edits become one revision, the first is in the past of the second.
fn said_by(item: &Item) -> Vec<String> {
    let fields = item.detail.sections.iter().flat_map(|section| &section.fields).map(|field| &field.value);
    fields.chain(item.detail.past.iter().map(|past| &past.value)).map(|value| value.expose().to_owned()).collect()
}

fn kept(story: &Story, laptop: &Client) -> Kept {
    let items = laptop.list(&Filter::default()).iter().map(|listed| ItemRef { vault: listed.vault, item: listed.id }).collect::<Vec<_>>();
    let items = items.into_iter().map(|at| (at, entry(laptop, at))).collect();
    let vaults = laptop.vaults().unwrap().into_iter().map(|view| (view.vault, view.name, view.items)).collect();
    let device = story.profile("laptop").device().unwrap().unwrap();
    let mut device = Device { session: None, ..device };
    // A restore that our server signed is followed, whatever it is worth.
    (device.pinned.restore_epoch, device.pinned.generation) = (0, Vec::new().into());
    Kept { items, vaults, device }
}

/// Everything of `before` is there: an edit may have become a version meanwhile, or the past of one, and nothing that was said goes.
fn assert_kept(before: &Kept, after: &Kept) {
    assert_eq!((&before.device, &before.vaults), (&after.device, &after.vaults));
    assert_eq!(before.items.keys().collect::<Vec<_>>(), after.items.keys().collect::<Vec<_>>());
    for (at, was) in &before.items {
        let is = &after.items[at];
        assert_eq!(was.now, is.now, "{at:?}");
        assert!(was.ever.is_subset(&is.ever), "{at:?} said {:?} and says {:?}", was.ever, is.ever);
    }
}

fn play(steps: Vec<(Does, Vec<(&'static str, Fault)>)>) {
    let (story, mut laptop) = Story::begin();
    let items = [add(&mut laptop, "Mail", "one"), add(&mut laptop, "Bank", "two")];
    synced(&mut laptop);
    let lied = steps.iter().flat_map(|(_, faults)| faults).any(|(_, fault)| matches!(fault, Fault::Twisted(Twist::EpochUp)));
    for (number, (does, faults)) in steps.into_iter().enumerate() {
        if matches!(does, Does::Edit) {
            set(&mut laptop, items[number % 2], "password", &format!("edit {number}"));
        }
        let before = kept(&story, &laptop);
        faults.into_iter().for_each(|(path, fault)| story.server.fail_next(path, fault));
        match does {
            Does::Sync | Does::Edit => drop(laptop.sync().unwrap()),
            Does::Listen => drop(laptop.online().listen(|| ()).unwrap()),
            // It may fail, and says so; it may not harm.
            Does::AskForDevices => drop(laptop.devices()),
            Does::Restart => {
                drop(laptop);
                laptop = story.unlock("laptop").unwrap();
            }
        }
        assert_kept(&before, &kept(&story, &laptop));
        assert!(laptop.unseen().unwrap().is_empty(), "nothing happened to the account");
        story.server.pass(60);
    }
    story.server.forget_faults();
    if lied {
        return;
    }
    for _ in 0..3 {
        story.server.pass(3600);
        laptop.sync().unwrap();
    }
    let status = laptop.status().unwrap();
    assert!(matches!(status.sync, View::UpToDate { .. }) && status.pending == 0, "{:?}", status.sync);
}

#[test]
fn an_acknowledgement_of_another_commit_is_none_of_this_one() {
    let (story, mut laptop) = Story::begin();
    let item = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    set(&mut laptop, item, "password", "two");
    story.server.fail_next("/v1/vaults/", Fault::Pretends(br#"{"seq":1}"#.to_vec()));
    laptop.sync().unwrap();
    let status = laptop.status().unwrap();
    assert!(matches!(status.sync, View::Stale { .. }) && status.pending == 1, "{status:?}");
    story.server.pass(3600);
    synced(&mut laptop);
    assert_eq!((laptop.status().unwrap().pending, story.server.revisions()), (0, 2));
}

#[test]
fn a_device_whose_randomness_comes_again_loses_no_edit() {
    let (story, mut laptop) = Story::begin();
    let item = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    for number in 0..4 {
        drop(laptop);
        // Each time the same random numbers, as in a copy of a machine: the commit gets the number of the one before.
        laptop = story.unlock("laptop").unwrap();
        set(&mut laptop, item, "password", &format!("edit {number}"));
        for _ in 0..3 {
            laptop.sync().unwrap();
            story.server.pass(3600);
        }
        let status = laptop.status().unwrap();
        assert!(matches!(status.sync, View::UpToDate { .. }) && status.pending == 0, "edit {number}: {:?}", status.sync);
    }
    assert_eq!(story.server.revisions(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_takes_an_item_an_edit_a_key_or_a_setting_away(steps in prop::collection::vec(any_step(), 1..14)) {
        play(steps);
    }
}
