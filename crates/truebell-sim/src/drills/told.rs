//! FA-38 and FA-47: what really happened is told, to those it happened to and to nobody else.

use super::{Drill, Play, Scene};
use crate::fault::Fault;
use crate::report::Report;

pub(super) const FA_38: Drill = Drill {
    id: "FA-38",
    title: "A push says “log out” to the wrong device",
    incident: "A log-out push lacked the right context id, and the device that had acted was thrown out as well.",
    proves: "A push is a hint to look: the device that acted keeps its session, the other one opens its next by itself, and is told once what was done.",
    run: stray_push,
};

pub(super) const FA_47: Drill = Drill {
    id: "FA-47",
    title: "A password is really changed, and a device really removed, behind a bad line",
    incident: "Elsewhere, a device that was really deauthorised stayed signed in for hours, and a real password change was not shown.",
    proves: "True events arrive: each is shown on every other device and mailed, once, as soon as a whole answer comes through.",
    run: true_events,
};

fn stray_push(play: Play) -> Report {
    let mut scene = Scene::begin("FA-38", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    let (session, notices) = (scene.world.session(laptop), scene.notices(phone));
    let ended = scene.world.end_session(laptop, phone);
    scene.expect(ended.is_ok(), &format!("the laptop ends the phone's session: {ended:?}"));
    for device in [laptop, phone, laptop, phone] {
        scene.world.pass(40);
        let said = scene.world.forge_push(device);
        scene.expect_words(&said, "Up to date");
        scene.expect_readable(device);
    }
    scene.expect_same_session(laptop, session);
    let told = scene.notices(phone) - notices;
    scene.expect(told == 1, &format!("the phone is told of its session's end once, not {told} times"));
    scene.edit(phone);
    scene.expect_comes_back(phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn true_events(play: Play) -> Report {
    let mut scene = Scene::begin("FA-47", play);
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
