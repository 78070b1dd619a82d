//! FA-02: a false alarm whose cause nobody could find out. What a device was answered, and what it made of it, must be there to read.

use super::{Drill, Play, Scene};
use crate::bank::PAGES;
use crate::fault::{DbFault, Fault};
use crate::net::Happens;
use crate::report::Report;

pub(super) const FA_02: Drill = Drill {
    id: "FA-02",
    title: "Nobody knows why the sign-in fails",
    incident: "December 2022: “Your Secret Key or password was recently changed”, the cause unknown; people were sent to support.",
    proves: "Whatever a session's renewal is answered with, no alarm is raised, and the decision trace says of each exchange what came in and why it was judged so, without a secret.",
    run,
};

fn run(play: Play) -> Report {
    let mut scene = Scene::begin("FA-02", play);
    scene.let_sessions_end();
    for page in PAGES {
        scene.world.calm();
        scene.world.always("/v1/sessions", Happens::Answer(*page));
        scene.expect_stays(scene.phone, "Someone between this device and your server answered");
        let traced = scene.trace(scene.phone).first().is_some_and(|line| {
            line.request == "POST /v1/sessions/challenge"
                && line.status == page.status
                && line.outcome.starts_with("intercepted by")
                && line.came_in.contains(&format!("status {}", page.status))
                && !line.because.is_empty()
        });
        scene.expect(traced, &format!("the trace has the answer of “{}”", page.who));
    }
    for fault in [Fault::Database(0, DbFault::Unavailable), Fault::NoConnection, Fault::AnswerLost, Fault::HeadStripped] {
        scene.world.calm();
        scene.trouble("/v1/sessions", fault);
        scene.expect_stays(scene.phone, "");
    }
    expect_no_secret(&mut scene);
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

/// A trace is made to be shown to others.
fn expect_no_secret(scene: &mut Scene) {
    let text = scene.trace(scene.phone).iter().map(|line| format!("{line:?}")).collect::<String>();
    let value = scene.world.read(scene.phone, scene.mail, "password").unwrap_or_default();
    let (server, email) = scene.world.set_up_for(scene.phone).unwrap_or_default();
    for (what, secret) in [("an item's value", value.as_str()), ("the address", &email), ("the server", &server), ("a token", "tbs_")] {
        scene.expect(!secret.is_empty() && !text.contains(secret), &format!("{what} is not in the trace"));
    }
}
