//! FA-55: the server is being worked on.

use super::{Drill, Play, Scene};
use crate::report::Report;
use truebell_core::status::{Said, Scope};
use truebell_core::time::UnixMillis;

pub(super) const FA_55: Drill = Drill {
    id: "FA-55",
    title: "The server is being worked on",
    incident: "In maintenance mode, clients asked for a password, or their tokens vanished for good.",
    proves: "Devices say until when it lasts, in the operator's words under the server's signature; sessions are the same afterwards, edits wait and arrive.",
    run,
};

const NOTE: &str = "moving to a larger house";

fn run(play: Play) -> Report {
    let mut scene = Scene::begin("FA-55", play);
    let sessions = [scene.world.session(scene.laptop), scene.world.session(scene.phone)];
    let (start, end) = (scene.world.now(), UnixMillis(scene.world.now().0 + 2 * 3_600_000));
    let announced = Said::MaintenanceAnnounced { start, end, note: NOTE.into(), scope: Scope::All };
    let id = scene.world.with_server(|site| site.say(announced));
    scene.expect_comes_back(scene.phone);
    scene.world.with_server(|site| site.say(Said::MaintenanceBegun { of: id.clone(), end }));
    for device in [scene.laptop, scene.phone] {
        for _ in 0..3 {
            let said = scene.expect_stays(device, "Your server is being worked on until");
            scene.expect_words(&said, "its operator says: “moving to a larger house”");
        }
        scene.edit(device);
        scene.expect_opens_offline(device);
    }
    let refused = scene.world.enrol(scene.ada).err().unwrap_or_default();
    scene.expect_words(&refused, "Your server is being worked on until");
    // What stands before it has a page of its own.
    scene.answers("/", "maintenance page");
    scene.expect_stays(scene.phone, "a page titled “We'll be back soon!”");
    scene.clear();
    scene.world.with_server(|site| site.say(Said::MaintenanceEnded { of: id }));
    for (device, session) in [scene.laptop, scene.phone].into_iter().zip(sessions) {
        scene.expect_comes_back(device);
        scene.expect_same_session(device, session);
    }
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
