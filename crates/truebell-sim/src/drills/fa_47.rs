//! FA-47, a positive control: what really happened must be told, on every other device and by mail, once.

use super::{Drill, Scene};
use crate::fault::Fault;
use crate::report::Report;

pub(super) const DRILL: Drill = Drill {
    id: "FA-47",
    title: "A password is really changed, and a device really removed, behind a bad line",
    incident: "Elsewhere, a device that was really deauthorised stayed signed in for hours, and a real password change was not shown. True events must arrive.",
    run,
};

fn run(seed: u64) -> Report {
    let mut scene = Scene::begin(DRILL.id, seed);
    let (ada, laptop, phone) = (scene.ada, scene.laptop, scene.phone);
    let tablet = scene.world.enrol(ada);
    scene.expect(tablet.is_ok(), "the tablet is enrolled");
    scene.sync(laptop);
    scene.sync(phone);
    let before = scene.notices(phone);
    let changed = scene.world.change_password(laptop);
    scene.expect(changed.is_ok(), "the password is changed");
    // The phone's line is bad: nothing is told that did not arrive, and what arrives is told once.
    scene.trouble("/v1/sync", Fault::AnswerCut(500));
    for _ in 0..3 {
        scene.sync(phone);
    }
    let told = scene.notices(phone);
    scene.expect(told == before, "half an answer tells nothing");
    scene.clear();
    scene.sync(phone);
    let told = scene.notices(phone);
    scene.expect(told == before + 1, "the phone is told of the password change once");
    if let Ok(tablet) = tablet {
        let revoked = scene.world.revoke(laptop, tablet);
        scene.expect(revoked.is_ok(), "the tablet is removed");
        let said = scene.sync(tablet);
        scene.expect_words(&said, "cannot open a session");
        scene.expect_readable(tablet);
    }
    scene.sync(phone);
    let told = scene.notices(phone);
    scene.expect(told == before + 2, "the phone is told of the removed device once");
    scene.end()
}
