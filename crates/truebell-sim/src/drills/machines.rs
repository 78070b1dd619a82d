//! FA-50: a build runs from nothing, each time, and nobody is told of it.

use super::{Drill, Play, Scene};
use crate::fault::{DbFault, Fault};
use crate::net::Happens;
use crate::report::Report;

pub(super) const FA_50: Drill = Drill {
    id: "FA-50",
    title: "A build reads its secrets for a month, on a new machine each time",
    incident: "CI ran the command line afresh each time; a flood of new-device mails could not be turned off.",
    proves: "A machine is told of once, when it is made; its runs, several a day and some behind a bad line, are told of never; a second machine and a removed one are told of, once each.",
    run: month_of_builds,
};

const DAYS: u64 = 30;
const DAY: u64 = 24 * 3600;
/// What befalls one run a day.
const MISHAPS: [(&str, Fault); 4] = [
    ("/v1/sync", Fault::AnswerLost),
    ("/v1/sessions", Fault::AnswerLost),
    ("/v1/sync", Fault::Database(0, DbFault::Unavailable)),
    ("/v1/sync", Fault::AnswerCut(500)),
];

fn month_of_builds(play: Play) -> Report {
    let mut scene = Scene::begin("FA-50", play);
    let (laptop, phone, mail) = (scene.laptop, scene.phone, scene.mail);
    let (notices, mails) = told(&mut scene);
    let Ok(mut build) = scene.world.create_machine(laptop, "build") else {
        scene.expect(false, "a machine can be made");
        return scene.end();
    };
    let expected = scene.world.read(laptop, mail, "password").unwrap_or_default();
    for day in 0..DAYS {
        scene.world.pass(DAY);
        for _ in 0..3 {
            let read = scene.world.run_machine(&mut build, mail, "password");
            scene.expect(read.as_ref() == Ok(&expected), &format!("on day {day} the build reads its secret: {read:?}"));
        }
        let (path, fault) = usize::try_from(day).ok().and_then(|day| MISHAPS.get(day % MISHAPS.len())).copied().unwrap_or(MISHAPS[0]);
        scene.world.next(path, Happens::Fault(fault));
        let read = scene.world.run_machine(&mut build, mail, "password");
        scene.expect(read.is_err() || read == Ok(expected.clone()), "what befalls a run never makes it read something else");
        scene.world.calm();
        scene.sync(phone);
        scene.world.work(None);
    }
    expect_told(&mut scene, (notices, mails), 1, "of a machine, and not of its runs");
    // Positive controls: another machine, and one whose access is taken away.
    let before = told(&mut scene);
    let deploy = scene.world.create_machine(laptop, "deploy");
    scene.expect(deploy.is_ok(), "a second machine can be made");
    expect_told(&mut scene, before, 1, "of a second machine");
    let before = told(&mut scene);
    let revoked = scene.world.revoke_machine(laptop, &build);
    scene.expect(revoked.is_ok(), &format!("the laptop takes the build's access away: {revoked:?}"));
    expect_told(&mut scene, before, 1, "of the machine's removal");
    let refused = scene.world.run_machine(&mut build, mail, "password").err().unwrap_or_default();
    scene.expect_words(&refused, "the server opens no session for this machine");
    if let Ok(mut deploy) = deploy {
        let read = scene.world.run_machine(&mut deploy, mail, "password");
        scene.expect(read == Ok(expected), &format!("the other machine reads on: {read:?}"));
    }
    scene.expect_told_once();
    scene.end()
}

/// Notices on the phone and mails so far.
fn told(scene: &mut Scene) -> (usize, usize) {
    scene.sync(scene.phone);
    scene.world.work(None);
    (scene.notices(scene.phone), scene.mails())
}

fn expect_told(scene: &mut Scene, before: (usize, usize), times: usize, of: &str) {
    let now = told(scene);
    let told = (now.0 - before.0, now.1 - before.1);
    scene.expect(told == (times, times), &format!("the phone is told {of} {times} times, and so is the mailbox: {told:?}"));
}
