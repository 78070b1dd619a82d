//! FA-20, FA-21 and FA-59: something is wrong with what is on the device itself.

use super::{Drill, Play, Scene};
use crate::report::Report;
use crate::world::Device;
use rusqlite::Connection;
use std::fs::OpenOptions;

pub(super) const FA_20: Drill = Drill {
    id: "FA-20",
    title: "The token on the device cannot be read any more",
    incident: "The system's key store hiccuped: “logged out because your access token could not be decrypted”.",
    proves: "The vault opens with the password, offline; the device opens its next session with its own key. A damaged device file is called that, and the password is not blamed.",
    run: token_unreadable,
};

pub(super) const FA_21: Drill = Drill {
    id: "FA-21",
    title: "The device may not write its key file",
    incident: "Without a keyring, or without the sandbox's permission for it: “access token not found”, and edits were not saved.",
    proves: "Edits are saved on the device all the same; what could not be written is said; they arrive once it can.",
    run: not_writable,
};

pub(super) const FA_59: Drill = Drill {
    id: "FA-59",
    title: "The local copy is damaged, or half of it is there",
    incident: "A damaged or half-synced file gave “Invalid credentials … may be corrupt”: one text for two causes.",
    proves: "A wrong password and a damaged file are said in different words; a rebuild keeps every edit that can be read, and fetches the rest.",
    run: damaged,
};

fn token_unreadable(play: Play) -> Report {
    let mut scene = Scene::begin("FA-20", play);
    let phone = scene.phone;
    let session = scene.world.session(phone);
    let garbled = scene.world.garble_token(phone);
    scene.expect(garbled.is_some(), "the token in the device's file is another");
    scene.expect_opens_offline(phone);
    scene.edit(phone);
    scene.expect_comes_back(phone);
    let is_new = scene.world.session(phone) != session;
    scene.expect(is_new, "the device has opened another session by itself");
    expect_damaged_file_named(&mut scene, phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

/// Half of the device's file, while its program does not run.
fn expect_damaged_file_named(scene: &mut Scene, phone: Device) {
    let Some(file) = scene.world.folder(phone).map(|folder| folder.join("device.json")) else { return };
    scene.world.kill(phone);
    let whole = std::fs::read(&file).unwrap_or_default();
    let _halved = std::fs::write(&file, whole.get(..whole.len() / 2).unwrap_or_default());
    let said = scene.world.restart(phone).err().unwrap_or_default();
    scene.expect_words(&said, "the profile's device file is damaged");
    scene.expect_words(&said, "nothing was changed");
    scene.expect_no_words(&said, "this password does not open");
    let _put_back = std::fs::write(&file, whole);
    scene.expect_opens_offline(phone);
}

fn not_writable(play: Play) -> Report {
    let mut scene = Scene::begin("FA-21", play);
    let phone = scene.phone;
    // A folder of that name keeps the file from being written.
    let stone = scene.world.folder(phone).unwrap_or_default().join("device.json.new");
    let placed = std::fs::create_dir(&stone);
    scene.expect(placed.is_ok(), "the device's file cannot be written");
    scene.let_sessions_end();
    for _ in 0..2 {
        scene.edit(phone);
        let said = scene.sync(phone);
        scene.expect_words(&said, "the profile folder could not be written");
        scene.expect_readable(phone);
        // What could not be written is in memory: syncing goes on until the program ends.
        scene.expect_comes_back(phone);
        scene.expect_opens_offline(phone);
    }
    let _removed = std::fs::remove_dir(&stone);
    scene.expect_comes_back(phone);
    scene.expect_told_once();
    scene.end()
}

fn damaged(play: Play) -> Report {
    let mut scene = Scene::begin("FA-59", play);
    let phone = scene.phone;
    let said = scene.world.mistype(phone).unwrap_or_default();
    scene.expect_words(&said, "this password does not open this account on this device");
    scene.expect_no_words(&said, "damaged");
    scene.expect_opens_offline(phone);
    let replica = scene.world.folder(phone).unwrap_or_default().join("replica.sqlite");

    // One row, with an edit waiting beside it.
    scene.edit(phone);
    scene.world.kill(phone);
    let changed = Connection::open(&replica).and_then(|file| file.execute("UPDATE items SET digest = zeroblob(32)", []));
    scene.expect(changed.is_ok_and(|rows| rows > 0), "a row of the local copy is damaged");
    let said = scene.world.restart(phone).err().unwrap_or_default();
    scene.expect_words(&said, "the local copy is damaged at items");
    scene.expect_words(&said, "one unsynced edit could be read and is kept");
    let kept = scene.world.rebuild(phone);
    scene.expect(kept == Ok(1), &format!("a rebuild keeps the edit: {kept:?}"));
    scene.expect_comes_back(phone);

    // Half a file.
    scene.world.kill(phone);
    let halved = OpenOptions::new().write(true).open(&replica).and_then(|file| file.set_len(file.metadata()?.len() / 2));
    scene.expect(halved.is_ok(), "half of the local copy is gone");
    let said = scene.world.restart(phone).err().unwrap_or_default();
    scene.expect_words(&said, "the local copy is damaged");
    scene.expect_no_words(&said, "password");
    let rebuilt = scene.world.rebuild(phone);
    scene.expect(rebuilt.is_ok(), &format!("a rebuild fetches the rest: {rebuilt:?}"));
    scene.expect_comes_back(phone);
    scene.expect_readable(phone);
    scene.expect_told_once();
    scene.end()
}
