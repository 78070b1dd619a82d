//! FA-08 and FA-30: why a request was refused is one of a closed list, inside the signed head, and not the number beside it.

use super::{Drill, Play, Scene};
use crate::fault::{DbFault, Fault};
use crate::net::Happens;
use crate::report::Report;

pub(super) const FA_08: Drill = Drill {
    id: "FA-08",
    title: "A session ends four times, each time for another reason",
    incident: "A service account's token got a 401 every few days; its owner believed that it had expired, and replaced it.",
    proves: "Ended, throttled, in trouble and revoked are four signed reasons, each with its own words and its own line in the trace; only what needs a person is said to one.",
    run: four_reasons,
};

pub(super) const FA_30: Drill = Drill {
    id: "FA-30",
    title: "Server and client do not mean the same by a status",
    incident: "The server said 401 where the client wanted 400 `invalid_grant`: an endless failed refresh, edits that failed, or a dropped session.",
    proves: "Whatever number a refusal comes with, the device reads the signed reason, opens its next session and sends its edits; a number without that reason ends nothing.",
    run: other_numbers,
};

fn four_reasons(play: Play) -> Report {
    let mut scene = Scene::begin("FA-08", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    // Ended, by its owner.
    let ended = scene.world.end_session(laptop, phone);
    scene.expect(ended.is_ok(), &format!("the laptop ends the phone's session: {ended:?}"));
    scene.expect_comes_back(phone);
    scene.expect_traced(phone, "refused: no-session");
    // Throttled.
    let throttled = scene.world.guess(scene.ada, 24).pop().unwrap_or_default();
    scene.expect_words(&throttled, "Too many tries: wait, then try again.");
    // In trouble.
    scene.trouble("/v1/sync", Fault::Database(0, DbFault::Unavailable));
    scene.expect_stays(phone, "Your server is busy");
    scene.expect_traced(phone, "busy");
    scene.clear();
    scene.expect_comes_back(phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    // The same of a machine, which is what this happened to.
    let build = scene.world.create_machine(laptop, "build");
    scene.expect(build.is_ok(), "a machine can be made");
    if let Ok(mut build) = build {
        scene.trouble("/v1/sync", Fault::Database(0, DbFault::Unavailable));
        let busy = scene.world.run_machine(&mut build, scene.mail, "password").err().unwrap_or_default();
        scene.expect_words(&busy, "busy");
        scene.clear();
        let read = scene.world.run_machine(&mut build, scene.mail, "password");
        scene.expect(read.is_ok(), &format!("its next run reads: {read:?}"));
        let revoked = scene.world.revoke_machine(laptop, &build);
        scene.expect(revoked.is_ok(), &format!("the laptop takes the machine's access away: {revoked:?}"));
        let refused = scene.world.run_machine(&mut build, scene.mail, "password").err().unwrap_or_default();
        scene.expect_words(&refused, "the server opens no session for this machine");
        scene.expect_comes_back(phone);
    }
    // Revoked.
    let revoked = scene.world.revoke(laptop, phone);
    scene.expect(revoked.is_ok(), &format!("the laptop takes the phone's access away: {revoked:?}"));
    scene.expect_stays(phone, "This device cannot open a session on this server.");
    scene.expect_traced(phone, "refused: device-unknown");
    scene.end()
}

fn other_numbers(play: Play) -> Report {
    let mut scene = Scene::begin("FA-30", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    for status in [200, 400, 403, 404, 500] {
        let ended = scene.world.end_session(laptop, phone);
        scene.expect(ended.is_ok(), &format!("the laptop ends the phone's session: {ended:?}"));
        scene.edit(phone);
        scene.world.next("/v1/sync", Happens::Fault(Fault::StatusChanged(status)));
        scene.expect_comes_back(phone);
        scene.expect_comes_back(laptop);
    }
    let session = scene.world.session(phone);
    for status in [400, 401, 403] {
        scene.world.next("/v1/sync", Happens::Fault(Fault::StatusChanged(status)));
        scene.expect_stays(phone, &format!("somebody who changed the status to {status}"));
    }
    scene.expect_comes_back(phone);
    scene.expect_same_session(phone, session);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
