//! Two devices, one server, and a seed: edits, lost requests, lost answers, cut streams, restarts, restores from a backup, in any order.
//!
//! What counts as failure: the devices do not end up alike, something still waits, or a value that a person was told is kept is nowhere
//! (current, past, or in a version on either device). What does not: how many syncs it takes.

use super::super::testing::Fault;
use super::*;
use std::collections::BTreeSet;
use truebell_core::chance::{Chance, make_array};
use truebell_core::testing::Seeded;

fn below(chance: &mut Seeded, bound: u8) -> u8 {
    let [byte] = make_array(chance as &mut dyn Chance);
    byte % bound
}

/// Every value of an item that a device can still show.
fn values(client: &Client, at: ItemRef, found: &mut BTreeSet<String>) {
    for version in client.history(at).unwrap() {
        let item = client.version(at, version.number).unwrap();
        found.extend(item.detail.past.iter().map(|past| past.value.expose().to_owned()));
        found.extend(item.detail.sections.iter().flat_map(|section| &section.fields).map(|field| field.value.expose().to_owned()));
    }
}

fn meet_a_fault(story: &Story, chance: &mut Seeded) {
    let path = if below(chance, 2) == 0 { "/v1/sync" } else { "/v1/vaults/" };
    let fault = match below(chance, 4) {
        0 => Fault::Lost,
        1 => Fault::AnswerLost,
        2 => Fault::Stranger("<title>Sign in to the hotel</title>"),
        _ => Fault::Cut(usize::from(below(chance, 200))),
    };
    story.server.fail_next(path, fault);
}

fn story_of(seed: u64) {
    let chance = &mut Seeded::new(seed);
    let (story, mut laptop) = Story::begin();
    let items: Vec<ItemRef> = (0..3).map(|number| add(&mut laptop, &format!("Item {number}"), "start")).collect();
    synced(&mut laptop);
    let mut devices = [Some(laptop), Some(story.second_device())];
    let mut written = BTreeSet::new();
    story.server.back_up();
    for step in 0..80 {
        story.server.pass(u64::from(below(chance, 50)));
        let which = usize::from(below(chance, 2));
        let device = devices[which].as_mut().unwrap();
        match below(chance, 16) {
            0..7 => {
                let field = ["password", "username", "pin"][usize::from(below(chance, 3))];
                let value = format!("{field} {step}");
                set(device, items[usize::from(below(chance, 3))], field, &value);
                written.insert(value);
            }
            7..11 => drop(device.sync().unwrap()),
            11..14 => {
                meet_a_fault(&story, chance);
                device.sync().unwrap();
            }
            14 if below(chance, 3) == 0 => {
                drop(devices[which].take());
                // Chance of its own: numbers that repeat would let the server take a commit for one it knows.
                let (profile, world) = (story.profile(["laptop", "phone"][which]), story.server.world(1000 + step));
                devices[which] = Some(unlock(&profile, &password(), None, world).unwrap());
            }
            _ if below(chance, 3) == 0 => story.server.restore(),
            _ => story.server.back_up(),
        }
    }
    let [Some(mut laptop), Some(mut phone)] = devices else { panic!("both devices are unlocked") };
    story.server.forget_faults();
    for _ in 0..3 {
        story.server.pass(3600);
        synced(&mut laptop);
        synced(&mut phone);
    }
    let mut found = BTreeSet::new();
    for at in items {
        assert_eq!(laptop.item(at).unwrap(), phone.item(at).unwrap(), "seed {seed}");
        values(&laptop, at, &mut found);
        values(&phone, at, &mut found);
    }
    let lost: Vec<_> = written.difference(&found).collect();
    assert!(lost.is_empty(), "seed {seed} lost {lost:?}");
    assert_eq!((laptop.status().unwrap().pending, phone.status().unwrap().pending), (0, 0), "seed {seed}");
}

#[test]
fn whatever_goes_wrong_in_between_two_devices_end_up_alike_and_no_edit_is_lost() {
    for seed in 0..8 {
        story_of(seed);
    }
}
