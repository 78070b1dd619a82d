//! Law 2, on a whole client: whatever comes in answer, signed or not, no item, edit, key or setting goes away because of it, and nobody
//! is alarmed. What may change: the session, which the device opens anew by itself, and what is said.

use super::super::testing::{Fault, Twist};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
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
    items: BTreeMap<ItemRef, (u64, Item)>,
    vaults: Vec<(VaultId, String, usize)>,
    device: Device,
}

fn kept(story: &Story, laptop: &Client) -> Kept {
    let items = laptop.list(&Filter::default()).iter().map(|listed| ItemRef { vault: listed.vault, item: listed.id }).collect::<Vec<_>>();
    let items = items.into_iter().map(|at| (at, (laptop.history(at).unwrap().len() as u64, laptop.item(at).unwrap()))).collect();
    let vaults = laptop.vaults().unwrap().into_iter().map(|view| (view.vault, view.name, view.items)).collect();
    let device = story.profile("laptop").device().unwrap().unwrap();
    let mut device = Device { session: None, ..device };
    // A restore that our server signed is followed, whatever it is worth.
    (device.pinned.restore_epoch, device.pinned.generation) = (0, Vec::new().into());
    Kept { items, vaults, device }
}

/// Everything of `before` is there: an edit may have become a version meanwhile, and no version goes.
fn assert_kept(before: &Kept, after: &Kept) {
    assert_eq!((&before.device, &before.vaults), (&after.device, &after.vaults));
    assert_eq!(before.items.keys().collect::<Vec<_>>(), after.items.keys().collect::<Vec<_>>());
    for (at, (versions, item)) in &before.items {
        let (versions_after, item_after) = &after.items[at];
        assert!(versions <= versions_after && item == item_after, "{at:?} had {versions} versions and has {versions_after}");
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_takes_an_item_an_edit_a_key_or_a_setting_away(steps in prop::collection::vec(any_step(), 1..14)) {
        play(steps);
    }
}
