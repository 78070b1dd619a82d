//! FA-28 and FA-34: a server with a strange key, or with somebody else's database. It does not start; where it is forced to, no device
//! believes it.

use super::{Drill, Play, Scene};
use crate::dice::Dice;
use crate::report::Report;
use crate::site::{Condition, ready};
use std::path::Path;
use tempfile::TempDir;
use truebell_server::identity::{self, Start, key_path};
use truebell_store::memory::Memory;

pub(super) const FA_28: Drill = Drill {
    id: "FA-28",
    title: "One of the servers has another signing key",
    incident: "The signing key was not kept, or replicas had different ones: every refresh ended in InvalidSignature and 401.",
    proves: "A server does not start with a missing or strange key over its database, and says what to do; an answer signed with one is a stranger's.",
    run: strange_key,
};

pub(super) const FA_34: Drill = Drill {
    id: "FA-34",
    title: "The server comes up with an empty database",
    incident: "After an upgrade the server ran on an empty or wrong database; everybody read “username or password incorrect”.",
    proves: "A server does not start with its key over an empty database; where it is forced to, devices say that this is another server, and keep everything.",
    run: empty_database,
};

/// A server's folder and database, made by the real start of a server.
struct Made {
    folder: TempDir,
    store: Memory,
}

/// What a start over this folder and database says, if it refuses.
fn start(data: &Path, store: &Memory, dice: &mut Dice) -> Option<String> {
    let now = crate::time::BEGINNING;
    ready(identity::establish(store, Start { data, new_identity: false, now }, dice))?.err().map(|refused| refused.to_string())
}

fn make(dice: &mut Dice) -> Option<Made> {
    let (folder, store) = (tempfile::tempdir().ok()?, Memory::new());
    start(folder.path(), &store, dice).is_none().then_some(Made { folder, store })
}

fn strange_key(play: Play) -> Report {
    let mut scene = Scene::begin("FA-28", play);
    let session = scene.world.session(scene.phone);
    for _ in 0..3 {
        scene.edit(scene.phone);
        scene.world.server_is(Condition::OtherKey);
        scene.expect_stays(scene.phone, "Someone between this device and your server answered");
        scene.world.server_is(Condition::Up);
        scene.expect_comes_back(scene.phone);
    }
    scene.expect_same_session(scene.phone, session);
    expect_strange_keys_refused(&mut scene, play.seed);
    scene.clear();
    scene.expect_told_once();
    scene.end()
}

fn expect_strange_keys_refused(scene: &mut Scene, seed: u64) {
    let dice = &mut Dice::about(seed, 0xfa28);
    let (Some(ours), Some(other)) = (make(dice), make(dice)) else { return scene.expect(false, "a first start makes an identity") };
    let (path, data) = (key_path(ours.folder.path()), ours.folder.path());
    let kept = std::fs::read(&path).unwrap_or_default();
    let _taken_away = std::fs::remove_file(&path);
    let said = start(data, &ours.store, dice).unwrap_or_default();
    scene.expect_words(&said, "is missing: put it back from the backup");
    let _put = std::fs::copy(key_path(other.folder.path()), &path);
    let said = start(data, &ours.store, dice).unwrap_or_default();
    scene.expect_words(&said, "one of them is another server's");
    let _put_back = std::fs::write(&path, kept);
    let said = start(data, &ours.store, dice);
    scene.expect(said.is_none(), &format!("with its own key it starts: {said:?}"));
}

fn empty_database(play: Play) -> Report {
    let mut scene = Scene::begin("FA-34", play);
    let dice = &mut Dice::about(play.seed, 0xfa34);
    match make(dice) {
        Some(ours) => {
            let said = start(ours.folder.path(), &Memory::new(), dice).unwrap_or_default();
            scene.expect_words(&said, "belongs to a server whose database is not here: this one is new or was emptied");
        }
        None => scene.expect(false, "a first start makes an identity"),
    }
    // By force.
    scene.world.server_is(Condition::OtherDatabase);
    for device in [scene.laptop, scene.phone] {
        scene.edit(device);
        for _ in 0..3 {
            scene.expect_stays(device, "Another server answers at this address: not the one this account is on.");
        }
        scene.expect_opens_offline(device);
    }
    scene.clear();
    for device in [scene.laptop, scene.phone] {
        scene.expect_comes_back(device);
    }
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
