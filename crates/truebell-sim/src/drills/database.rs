//! FA-31 and FA-33: the server's disk is full, or its database fails while it looks a session up.

use super::{Drill, Play, Scene};
use crate::fault::{DbFault, Fault};
use crate::report::Report;
use crate::site::Condition;

pub(super) const FA_31: Drill = Drill {
    id: "FA-31",
    title: "The server's disk is full",
    incident: "The disk was full: all sessions counted as unauthenticated, and sign-ins were refused.",
    proves: "Reading goes on with the same session; writing is refused for that one reason, in its words, and edits arrive once there is room.",
    run: disk_full,
};

pub(super) const FA_33: Drill = Drill {
    id: "FA-33",
    title: "The database fails while a session is looked up",
    incident: "An error of the database in the middle of a token's check was answered with 401 or `invalid_grant` (found by reading the code).",
    proves: "A look-up that failed is not an absence: the answer is a signed “busy”, and the session goes on.",
    run: look_up_fails,
};

fn disk_full(play: Play) -> Report {
    let mut scene = Scene::begin("FA-31", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    let session = scene.world.session(phone);
    scene.world.server_is(Condition::DiskFull);
    scene.edit(phone);
    for _ in 0..3 {
        scene.expect_stays(phone, "The server has no room left: reading goes on, writing does not. Tell its operator.");
        scene.expect_comes_back(laptop);
    }
    scene.expect_opens_offline(phone);
    scene.clear();
    scene.expect_comes_back(phone);
    scene.expect_same_session(phone, session);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn look_up_fails(play: Play) -> Report {
    let mut scene = Scene::begin("FA-33", play);
    let phone = scene.phone;
    let session = scene.world.session(phone);
    for at in 0..2 {
        scene.clear();
        scene.edit(scene.laptop);
        scene.expect_comes_back(scene.laptop);
        scene.trouble("/v1/sync", Fault::Database(at, DbFault::Unavailable));
        for _ in 0..3 {
            scene.expect_stays(phone, "Your server is busy and asks this device to come back after");
        }
        scene.edit(phone);
    }
    scene.world.calm();
    scene.trouble("/v1/vaults", Fault::Database(0, DbFault::Unavailable));
    scene.expect_stays(phone, "Your server is busy");
    scene.clear();
    scene.expect_comes_back(phone);
    scene.expect_same_session(phone, session);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
