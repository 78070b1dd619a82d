//! FA-12 and FA-44: too many requests, said by the content network or by the server itself.

use super::{Drill, Play, Scene};
use crate::report::Report;

/// How often a guess is tried: more often than the server lets anybody.
const GUESSES: usize = 24;
/// For so many seconds an agent looks every second whether a sync is due.
const WATCHED: u64 = 600;

pub(super) const FA_12: Drill = Drill {
    id: "FA-12",
    title: "The content network thinks that this is too often",
    incident: "A content network's rate limit answered the first message of a sign-in; the app said “previous login has expired”.",
    proves: "The person is told that somebody in between answered, and not that their details are wrong; later the same details sign in.",
    run: at_sign_in,
};

pub(super) const FA_44: Drill = Drill {
    id: "FA-44",
    title: "Too many requests",
    incident: "A 429 was shown as a failed login, or led to a tight loop of retries, or to a 403.",
    proves: "A signed “too many tries” says until when, and stops no device that is signed in; an unsigned one is a stranger's; the device asks less and less often.",
    run: too_many,
};

fn at_sign_in(play: Play) -> Report {
    let mut scene = Scene::begin("FA-12", play);
    scene.answers("/v1/sign-in", "content network's rate limit");
    let Some(tablet) = scene.world.unpack(scene.ada) else { return scene.end() };
    let refused = scene.world.restart(tablet).err().unwrap_or_default();
    scene.expect_words(&refused, "Someone between this device and your server answered: a page titled “Access denied | Error 1015”");
    scene.expect_no_words(&refused, "check the address, the password and the Secret Key");
    scene.expect_comes_back(scene.phone);
    scene.clear();
    let signed_in = scene.world.restart(tablet);
    scene.expect(signed_in.is_ok(), &format!("later the same details sign in: {signed_in:?}"));
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn too_many(play: Play) -> Report {
    let mut scene = Scene::begin("FA-44", play);
    scene.answers("/", "too many requests");
    let before = scene.world.exchanges().all;
    for _ in 0..WATCHED {
        scene.world.pass(1);
        let due = scene.world.client(scene.phone).map(truebell_client::Client::sync_if_due);
        scene.expect(matches!(due, Some(Ok(_))), "a sync that cannot be is no failure of the device");
    }
    let asked = scene.world.exchanges().all - before;
    scene.expect((2..=16).contains(&asked), &format!("a device asks ever less often: {asked} times in {WATCHED} seconds"));
    scene.expect_stays(scene.phone, "“kong/3.4” with status 429");
    scene.clear();
    scene.expect_comes_back(scene.phone);

    let answers = scene.world.guess(scene.ada, GUESSES);
    let first = answers.first().cloned().unwrap_or_default();
    scene.expect_words(&first, "these details do not open this account here");
    let last = answers.last().cloned().unwrap_or_default();
    scene.expect_words(&last, "Too many tries: wait, then try again. Devices already signed in are not affected. (Not before 2026-");
    scene.let_sessions_end();
    scene.world.guess(scene.ada, GUESSES);
    scene.edit(scene.phone);
    scene.expect_comes_back(scene.phone);
    scene.let_sessions_end();
    let tablet = scene.world.enrol(scene.ada);
    scene.expect(tablet.is_ok(), &format!("when the time is over, the right details sign in: {tablet:?}"));
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
