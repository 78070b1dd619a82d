//! FA-10: a reverse proxy answers 401 by a rule of its own, and a client throws its person out.

use super::{Drill, Scene};
use crate::bank::{self, PAGES};
use crate::report::Report;

pub(super) const DRILL: Drill = Drill {
    id: "FA-10",
    title: "A reverse proxy answers 401 to everything",
    incident: "A reverse proxy's rule against forged requests answered 401; the app said “login session has expired” and signed its person out.",
    run,
};

fn run(seed: u64) -> Report {
    let mut scene = Scene::begin(DRILL.id, seed);
    let Some(page) = PAGES.get(usize::from(bank::find("proxy's rule against forged requests"))) else { return scene.end() };
    scene.between(*page);
    for _ in 0..3 {
        let said = scene.sync(scene.phone);
        scene.expect_words(&said, "Someone between this device and your server answered");
        scene.expect_words(&said, "Apache");
        scene.expect_words(&said, "Nothing about your account changed");
        scene.expect_readable(scene.phone);
    }
    // The program is started again behind the proxy: unlocking needs no server.
    let unlocked = scene.world.restart(scene.phone).is_ok();
    scene.expect(unlocked, "the phone unlocks behind the proxy");
    scene.expect_readable(scene.phone);
    scene.clear();
    let said = scene.sync(scene.phone);
    scene.expect_words(&said, "Up to date");
    scene.end()
}
