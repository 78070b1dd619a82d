//! FA-15, FA-16, FA-24 and FA-57: the server is away for minutes or hours, for one device or for all.

use super::{Drill, Play, Scene};
use crate::bank;
use crate::fault::Fault;
use crate::net::{Happens, Rule};
use crate::report::Report;
use crate::site::Condition;

pub(super) const FA_15: Drill = Drill {
    id: "FA-15",
    title: "The server is down for a few minutes",
    incident: "The server was down for a few minutes; the Android app signed its person out and forgot the fingerprint unlock.",
    proves: "The device stays, keeps its session, opens offline, and is up to date by itself when the server is back.",
    run: a_few_minutes,
};

pub(super) const FA_16: Drill = Drill {
    id: "FA-16",
    title: "The phone is online and cannot reach the server",
    incident: "The server could not be reached from a phone that was online; the iOS app signed its person out.",
    proves: "The phone says that the server cannot be reached, and stays; the laptop goes on.",
    run: unreachable,
};

pub(super) const FA_24: Drill = Drill {
    id: "FA-24",
    title: "The cloud is down for hours, and every session ends meanwhile",
    incident: "A cloud's outage in December 2021: “renew your session”, then “An error has occurred”, on all platforms.",
    proves: "Every device says what is known, opens offline and takes edits; afterwards all come back by themselves.",
    run: outage,
};

pub(super) const FA_57: Drill = Drill {
    id: "FA-57",
    title: "A proxy answers 502 while the server starts",
    incident: "The proxy answered 502 while the server booted, and the app logged out.",
    proves: "Started in the middle of it, the app opens and keeps its session.",
    run: booting,
};

fn a_few_minutes(play: Play) -> Report {
    let mut scene = Scene::begin("FA-15", play);
    let session = scene.world.session(scene.phone);
    for page in [None, Some(bank::find("balancer's bad gateway"))] {
        scene.world.server_is(Condition::Down(page));
        for _ in 0..3 {
            scene.expect_stays(scene.phone, if page.is_none() { "The server cannot be reached." } else { "502 Bad Gateway" });
            scene.world.pass(60);
        }
        scene.edit(scene.phone);
        scene.expect_opens_offline(scene.phone);
    }
    scene.clear();
    scene.world.restart_server();
    scene.expect_comes_back(scene.phone);
    scene.expect_same_session(scene.phone, session);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn unreachable(play: Play) -> Report {
    let mut scene = Scene::begin("FA-16", play);
    scene.let_sessions_end();
    let phone = scene.phone;
    for (fault, words) in [
        (Fault::NoConnection, "The server cannot be reached."),
        (Fault::RequestLost, "The server did not answer in time."),
        (Fault::AnswerLost, "The connection to the server broke off."),
    ] {
        scene.world.calm();
        scene.world.rule(Rule { device: Some(phone.0), path: "/".into(), times: None, what: Happens::Fault(fault) });
        for _ in 0..3 {
            scene.expect_stays(phone, words);
        }
        scene.expect_comes_back(scene.laptop);
        scene.edit(phone);
        scene.expect_opens_offline(phone);
    }
    scene.clear();
    scene.expect_comes_back(phone);
    // What did not arrive, and what did while its answer was lost, is neither forgotten nor done twice.
    for (fault, words) in
        [(Fault::RequestLost, "The server did not answer in time."), (Fault::AnswerLost, "The connection to the server broke off.")]
    {
        scene.edit(phone);
        scene.trouble("/v1/vaults", fault);
        scene.expect_stays(phone, words);
        scene.expect_opens_offline(phone);
        scene.clear();
        scene.expect_comes_back(phone);
    }
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn outage(play: Play) -> Report {
    let mut scene = Scene::begin("FA-24", play);
    scene.let_sessions_end();
    for (page, words) in [
        (None, "The server cannot be reached."),
        (Some("balancer without a server"), "503 Service Temporarily Unavailable"),
        (Some("page of an error in a language"), "“PHP/8.1” with status 500"),
    ] {
        scene.world.server_is(Condition::Down(page.map(bank::find)));
        for device in [scene.laptop, scene.phone] {
            scene.expect_stays(device, words);
            scene.edit(device);
            scene.expect_opens_offline(device);
        }
        scene.world.pass(5 * 3600);
    }
    scene.clear();
    for device in [scene.laptop, scene.phone] {
        scene.expect_comes_back(device);
    }
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn booting(play: Play) -> Report {
    let mut scene = Scene::begin("FA-57", play);
    let session = scene.world.session(scene.phone);
    scene.world.kill(scene.phone);
    scene.world.server_is(Condition::Down(Some(bank::find("balancer's bad gateway"))));
    scene.expect_opens_offline(scene.phone);
    scene.expect_stays(scene.phone, "a page titled “502 Bad Gateway” from “nginx/1.24.0”");
    scene.edit(scene.phone);
    scene.world.restart_server();
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_same_session(scene.phone, session);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
