//! FA-04 and FA-17: what is on a device opens with the password, whether a server is there or not.

use super::{Drill, Play, Scene};
use crate::fault::Fault;
use crate::net::{Happens, Rule};
use crate::report::Report;

pub(super) const FA_04: Drill = Drill {
    id: "FA-04",
    title: "A circuit breaker answers for the server",
    incident: "One query ate the database and a circuit breaker opened: people read “upstream connect error”, and those whose extension unlocked on the web could not unlock.",
    proves: "Unlocking makes no request; items are read and edited meanwhile; the breaker's text is not passed on.",
    run: broken_circuit,
};

pub(super) const FA_17: Drill = Drill {
    id: "FA-17",
    title: "The session ends while the phone is away from the home network",
    incident: "A token expired away from the home network; every act that needed the network forced a sign-in that could not succeed, and the cached vault was lost.",
    proves: "The phone opens, reads and edits for three days; at home it opens its next session by itself and the edits arrive.",
    run: away_from_home,
};

fn broken_circuit(play: Play) -> Report {
    let mut scene = Scene::begin("FA-04", play);
    scene.let_sessions_end();
    scene.answers("/", "mesh without an upstream");
    for device in [scene.laptop, scene.phone] {
        let said = scene.expect_stays(device, "Someone between this device and your server answered: “envoy” with status 503");
        scene.expect_no_words(&said, "upstream connect error");
        scene.expect_opens_offline(device);
        scene.edit(device);
    }
    scene.clear();
    for device in [scene.laptop, scene.phone] {
        scene.expect_comes_back(device);
    }
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn away_from_home(play: Play) -> Report {
    let mut scene = Scene::begin("FA-17", play);
    let phone = scene.phone;
    scene.world.rule(Rule { device: Some(phone.0), path: "/".into(), times: None, what: Happens::Fault(Fault::NoName) });
    for _ in 0..3 {
        scene.world.pass(24 * 3600);
        scene.expect_stays(phone, "The server's name is not known here: is this device on a network?");
        scene.expect_opens_offline(phone);
        scene.edit(phone);
        scene.expect_comes_back(scene.laptop);
    }
    scene.clear();
    scene.expect_comes_back(phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
