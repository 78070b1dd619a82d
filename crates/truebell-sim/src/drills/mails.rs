//! FA-48 and FA-49: mails that told people what had not happened, or told it every day.

use super::{Drill, Play, Scene};
use crate::relay::Mood;
use crate::report::Report;

pub(super) const FA_48: Drill = Drill {
    id: "FA-48",
    title: "Somebody tries passwords, for days",
    incident: "LastPass, 28 December 2021: a fault of its alerts mailed people that somebody had used their master password.",
    proves: "A mail is made of a signed event and of nothing else: failed guesses, however many, send none; a real change sends one, and none twice while the relay fails in every phase; a wrong one is taken back with whoever got it, once.",
    run: guesses,
};

pub(super) const FA_49: Drill = Drill {
    id: "FA-49",
    title: "The same machine, every day for a month",
    incident: "The browser cleared its storage: a “new device” mail every day for the same machine, with the wrong browser and a strange address in it.",
    proves: "A device is its key: a month of new sessions is no news to anybody; a device that is really new is told once. (Clearing a browser's storage waits for the browser.)",
    run: same_machine,
};

fn guesses(play: Play) -> Report {
    let mut scene = Scene::begin("FA-48", play);
    scene.world.work(None);
    let (mails, notices) = (scene.mails(), scene.notices(scene.phone));
    for _ in 0..5 {
        scene.world.guess(scene.ada, 30);
        scene.world.work(None);
        scene.expect_comes_back(scene.phone);
        scene.let_sessions_end();
    }
    let (sent, told) = (scene.mails() - mails, scene.notices(scene.phone) - notices);
    scene.expect((sent, told) == (0, 0), &format!("failed guesses are no event: {sent} mails, {told} notices"));
    scene.expect_told_once();
    // A mail whose fate is unknown is parked, and not sent again.
    scene.world.mail_is(Mood::Sick);
    for _ in 0..6 {
        let changed = scene.world.change_password(scene.laptop);
        scene.expect(changed.is_ok(), &format!("the password can be changed: {changed:?}"));
        for _ in 0..3 {
            scene.world.work(None);
            scene.world.pass(3600);
        }
        scene.expect_comes_back(scene.phone);
        scene.expect_comes_back(scene.laptop);
    }
    expect_corrected_once(&mut scene);
    scene.expect_naive_cried();
    scene.end()
}

fn same_machine(play: Play) -> Report {
    let mut scene = Scene::begin("FA-49", play);
    scene.world.work(None);
    let (mails, notices) = (scene.mails(), scene.notices(scene.phone));
    let mut sessions = std::collections::BTreeSet::new();
    for _ in 0..30 {
        scene.world.pass(24 * 3600);
        scene.expect_opens_offline(scene.laptop);
        scene.expect_comes_back(scene.laptop);
        scene.expect_comes_back(scene.phone);
        sessions.extend(scene.world.session(scene.laptop));
        scene.world.work(None);
    }
    scene.expect(sessions.len() == 30, &format!("a session a day: {}", sessions.len()));
    let (sent, told) = (scene.mails() - mails, scene.notices(scene.phone) - notices);
    scene.expect((sent, told) == (0, 0), &format!("another day is no new device: {sent} mails, {told} notices"));
    let tablet = scene.world.enrol(scene.ada);
    scene.expect(tablet.is_ok(), &format!("a really new device is enrolled: {tablet:?}"));
    scene.expect_comes_back(scene.phone);
    scene.world.work(None);
    let (sent, told) = (scene.mails() - mails, scene.notices(scene.phone) - notices);
    scene.expect((sent, told) == (1, 1), &format!("a new device is told once: {sent} mails, {told} notices"));
    scene.end()
}

/// The newest mail was wrong, says the operator: whoever got it gets the correction once, and no device takes it for news of the account.
fn expect_corrected_once(scene: &mut Scene) {
    scene.world.mail_is(Mood::Well);
    scene.world.work(None);
    let (mails, notices) = (scene.mails(), scene.notices(scene.phone));
    let taken_back = scene.world.take_back_newest();
    scene.expect(taken_back.is_some(), "a notice that was sent can be taken back");
    for _ in 0..3 {
        scene.world.work(None);
        scene.world.pass(120);
    }
    scene.expect_comes_back(scene.phone);
    let (sent, told) = (scene.mails() - mails, scene.notices(scene.phone) - notices);
    scene.expect((sent, told) == (1, 0), &format!("a correction is one mail and no alarm: {sent} mails, {told} notices"));
    let inbox = scene.world.client(scene.phone).and_then(|client| client.inbox().ok()).unwrap_or_default();
    let corrected = inbox.iter().filter(|entry| entry.corrections.iter().any(|by| Some(&by.code) == taken_back.as_ref())).count();
    scene.expect(corrected == 1, &format!("the correction stands beside its notice, and beside no other: {corrected}"));
}
