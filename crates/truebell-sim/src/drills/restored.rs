//! FA-35: a backup is restored.

use super::{Drill, Play, Scene};
use crate::report::Report;
use crate::site::ADDRESS;

pub(super) const FA_35: Drill = Drill {
    id: "FA-35",
    title: "The server comes back from a backup",
    incident: "A backup was restored: rows of devices were gone, and people were logged out and could not log in again.",
    proves: "Devices say that the server came back from a backup, and send again what it lost; one that was enrolled after the backup keeps its items and edits, and signs in again over them. A mail that had left is not sent a second time.",
    run,
};

fn run(play: Play) -> Report {
    let mut scene = Scene::begin("FA-35", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    // A mail that waits is in the backup, and leaves after it was made.
    let changed = scene.world.change_address(laptop);
    scene.expect(changed.is_ok(), &format!("the address can be changed: {changed:?}"));
    scene.world.back_up();
    scene.world.work(None);
    scene.edit(laptop);
    scene.expect_comes_back(laptop);
    scene.expect_comes_back(phone);
    let tablet = match scene.world.enrol(scene.ada) {
        Ok(tablet) => tablet,
        Err(said) => {
            scene.expect(false, &said);
            return scene.end();
        }
    };
    scene.edit(tablet);
    scene.expect_comes_back(tablet);
    scene.world.restore_backup();
    for device in [phone, laptop] {
        let said = scene.sync(device);
        scene.expect_words(&said, "Your server came back from a backup.");
        scene.expect_words(&said, "Up to date");
    }
    scene.edit(tablet);
    scene.expect_stays(tablet, "This device cannot open a session on this server.");
    scene.expect_opens_offline(tablet);
    let again = scene.world.sign_in_again(tablet, ADDRESS);
    scene.expect(again.is_ok(), &format!("the tablet signs in again over what it has: {again:?}"));
    scene.expect_comes_back(tablet);
    scene.expect_readable(tablet);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
