//! FA-41 and FA-43: an answer in which nothing is left, or that says that the account is gone.

use super::{Drill, Play, Scene};
use crate::report::Report;

pub(super) const FA_41: Drill = Drill {
    id: "FA-41",
    title: "An answer of 200 with nothing in it",
    incident: "Two versions did not fit; the answer was 200 OK, and the vault was shown empty.",
    proves: "Items are never replaced by nothing without a signed vault head that says so: all of them stay, and what was answered is named.",
    run: nothing_in_it,
};

pub(super) const FA_43: Drill = Drill {
    id: "FA-43",
    title: "An answer says that the account is deleted",
    incident: "A server sent a negative revision; the client took the account for deleted and wiped it (found by reading the code).",
    proves: "Only a tombstone or an event that the account itself signed deletes anything: items, keys and account stay.",
    run: deleted,
};

/// Each of these answers every sync for a while; all items stay.
fn expect_all_kept(scene: &mut Scene, strangers: &[&str]) {
    for number in 1..4 {
        scene.world.add(scene.phone, &format!("Another {number}"));
    }
    scene.expect_comes_back(scene.phone);
    scene.expect_comes_back(scene.laptop);
    for who in strangers {
        scene.answers("/v1/sync", who);
        for device in [scene.phone, scene.laptop] {
            scene.expect_stays(device, "Someone between this device and your server answered");
            let items = scene.world.client(device).and_then(|client| client.status().ok()).map(|status| status.items);
            scene.expect(items == Some(4), &format!("device {} has its four items: {items:?}", device.0));
        }
    }
    scene.edit(scene.phone);
    scene.expect_opens_offline(scene.phone);
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_comes_back(scene.laptop);
}

fn nothing_in_it(play: Play) -> Report {
    let mut scene = Scene::begin("FA-41", play);
    expect_all_kept(
        &mut scene,
        &["empty answer", "no content", "empty object", "empty list", "null", "firewall's block page", "parked domain"],
    );
    // The same in place of the answer to an edit: it waits until the server itself says that it has it.
    scene.answers("/v1/vaults", "empty object");
    scene.edit(scene.phone);
    scene.expect_stays(scene.phone, "Someone between this device and your server answered");
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_comes_back(scene.laptop);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn deleted(play: Play) -> Report {
    let mut scene = Scene::begin("FA-43", play);
    let says_gone = [
        "another product: a negative revision",
        "another product: the account is gone",
        "another product: the account is deleted",
        "a site's not-found page",
    ];
    expect_all_kept(&mut scene, &says_gone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
