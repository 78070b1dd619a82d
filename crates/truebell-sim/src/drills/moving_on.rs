//! FA-37: the keys are wrapped anew.

use super::{Drill, Play, Scene};
use crate::report::Report;

pub(super) const FA_37: Drill = Drill {
    id: "FA-37",
    title: "The keys are wrapped anew",
    incident: "A setting of the key derivation was changed: everybody was signed out; in another product, in 2020, the vault could not be read any more.",
    proves: "A new password or Secret Key wraps the same keys in place: no device loses its session or an item, each opens with what is in force, and each is told once.",
    run,
};

fn run(play: Play) -> Report {
    let mut scene = Scene::begin("FA-37", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    let sessions = [scene.world.session(laptop), scene.world.session(phone)];
    scene.edit(phone);
    scene.expect_told_once();
    let notices = scene.notices(phone);
    let rotated = scene.world.rotate_secret_key(laptop);
    scene.expect(rotated.is_ok(), &format!("the Secret Key is replaced: {rotated:?}"));
    scene.edit(phone);
    scene.expect_comes_back(phone);
    scene.expect_comes_back(laptop);
    let told = scene.notices(phone) - notices;
    scene.expect(told == 1, &format!("the phone is told of the new Secret Key once, not {told} times"));
    for (device, session) in [laptop, phone].into_iter().zip(sessions) {
        scene.expect_same_session(device, session);
        let opened = scene.world.restart(device);
        scene.expect(opened.is_ok(), &format!("device {} opens with what is in force: {opened:?}", device.0));
        scene.expect_readable(device);
        scene.expect_comes_back(device);
    }
    scene.end()
}
