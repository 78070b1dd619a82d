//! FA-09, FA-10, FA-11 and FA-13: somebody in between answers in the server's place.

use super::{Drill, Play, Scene};
use crate::report::Report;

pub(super) const FA_09: Drill = Drill {
    id: "FA-09",
    title: "The content network blocks, or has trouble of its own",
    incident: "A content network answered with a block page or a 5xx; the extension said that the session had expired, and offline use was lost.",
    proves: "The device names who answered, stays as it is, and opens offline.",
    run: content_network,
};

pub(super) const FA_10: Drill = Drill {
    id: "FA-10",
    title: "A reverse proxy answers 401 to everything",
    incident: "A reverse proxy's rule against forged requests answered 401; the app said “login session has expired” and signed its person out.",
    proves: "A 401 that the server did not sign is a stranger's: nobody is signed out, and the same session goes on.",
    run: reverse_proxy,
};

pub(super) const FA_11: Drill = Drill {
    id: "FA-11",
    title: "A company's proxy wants its own sign-in",
    incident: "Behind a company's proxy the app signed its person out within a second.",
    proves: "The device names the proxy, stays as it is, and opens offline.",
    run: company_proxy,
};

pub(super) const FA_13: Drill = Drill {
    id: "FA-13",
    title: "A page asks whether you are human",
    incident: "A challenge page came back where an answer should have been, and its HTML was dumped into an alert.",
    proves: "One line says whose page it was; what it calls itself for its own support is in the decision trace.",
    run: challenge,
};

/// Each of these answers everything for a while, and is to be named so.
fn behind(scene: &mut Scene, strangers: &[(&str, &str)]) {
    for (who, words) in strangers {
        scene.answers("/", who);
        for device in [scene.phone, scene.laptop, scene.phone] {
            let said = scene.expect_stays(device, "Someone between this device and your server answered");
            scene.expect_words(&said, words);
        }
        scene.expect_opens_offline(scene.phone);
        scene.edit(scene.phone);
    }
}

fn settle(mut scene: Scene) -> Report {
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_comes_back(scene.laptop);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn content_network(play: Play) -> Report {
    let mut scene = Scene::begin("FA-09", play);
    let pages = [
        ("content network's block page", "a page titled “Attention Required! | Cloudflare”"),
        ("content network's own trouble", "522: Connection timed out"),
    ];
    behind(&mut scene, &pages);
    scene.let_sessions_end();
    behind(&mut scene, &pages);
    settle(scene)
}

fn reverse_proxy(play: Play) -> Report {
    let mut scene = Scene::begin("FA-10", play);
    let session = scene.world.session(scene.phone);
    behind(
        &mut scene,
        &[
            ("proxy's rule against forged requests", "“Apache/2.4.57” with status 401"),
            ("reverse proxy asks for a password", "401 Authorization Required"),
        ],
    );
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_same_session(scene.phone, session);
    settle(scene)
}

fn company_proxy(play: Play) -> Report {
    let mut scene = Scene::begin("FA-11", play);
    behind(&mut scene, &[("company proxy", "from “1.1 proxy.corp (squid/5.7)”")]);
    settle(scene)
}

fn challenge(play: Play) -> Report {
    let mut scene = Scene::begin("FA-13", play);
    behind(
        &mut scene,
        &[("content network's challenge", "a page titled “Just a moment...”"), ("content network's block page", "Cloudflare")],
    );
    let named = scene.trace(scene.phone).iter().any(|line| line.came_in.iter().any(|part| part == "ray 7f2b9c41d2e05a13"));
    scene.expect(named, "the page's Ray ID is in the trace");
    behind(&mut scene, &[("firewall of an application", "a page titled “Request Rejected” from “awselb/2.0”")]);
    settle(scene)
}
