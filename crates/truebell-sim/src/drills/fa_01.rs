//! FA-01, 27 April 2023: a database upgrade, a surge of syncs, sign-ins refused, and apps that said “your Secret Key or password was
//! recently changed”.

use super::{Drill, Scene};
use crate::fault::{DbFault, Fault};
use crate::report::Report;
use std::time::Duration;

pub(super) const DRILL: Drill = Drill {
    id: "FA-01",
    title: "The database is being upgraded, and every session is over",
    incident: "1Password, 27 April 2023: a database upgrade set off a surge of syncs; sign-ins were refused, and the apps told people “Your Secret Key or password was recently changed”. It was false.",
    run,
};

fn run(seed: u64) -> Report {
    let mut scene = Scene::begin(DRILL.id, seed);
    // Sessions are over, so every device must sign in again while the database is down.
    scene.world.pass(Duration::from_hours(7).as_secs());
    scene.trouble("/", Fault::Database(0, DbFault::Unavailable));
    for _ in 0..20 {
        for device in [scene.laptop, scene.phone] {
            let said = scene.sync(device);
            scene.expect_words(&said, "Your server is busy");
            scene.expect_readable(device);
        }
    }
    // Edits made meanwhile wait, and are not lost.
    scene.world.set(scene.phone, scene.mail, "password");
    scene.sync(scene.phone);
    scene.clear();
    let said = scene.sync(scene.phone);
    scene.expect_words(&said, "Up to date");
    scene.sync(scene.laptop);
    let same = scene.world.read(scene.laptop, scene.mail, "password") == scene.world.read(scene.phone, scene.mail, "password");
    scene.expect(same, "the edit made during the upgrade reaches the other device");
    scene.end()
}
