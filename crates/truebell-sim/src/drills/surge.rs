//! FA-01 and FA-03: the database is down or has no connection left while everybody wants to sign in.

use super::{Drill, Play, Scene};
use crate::fault::{DbFault, Fault};
use crate::report::Report;
use truebell_core::status::Said;

pub(super) const FA_01: Drill = Drill {
    id: "FA-01",
    title: "The database is being upgraded, and every session is over",
    incident: "1Password, 27 April 2023: a database upgrade set off a surge of syncs; sign-ins were refused, and the apps told people “Your Secret Key or password was recently changed”. It was false.",
    proves: "Devices say that the server is busy and until when; items stay readable, edits wait and arrive; a real change is told once.",
    run: upgraded,
};

pub(super) const FA_03: Drill = Drill {
    id: "FA-03",
    title: "No connection to the database is left",
    incident: "A rollback that was set wrong used up the database's connections; people read “Can't sign in”, “Failed to determine sign in methods” and raw text of a proxy.",
    proves: "A sign-in is answered “busy” under the server's signature, with what the operator says on the status page; a proxy's text is not passed on.",
    run: exhausted,
};

fn upgraded(play: Play) -> Report {
    let mut scene = Scene::begin("FA-01", play);
    // Every device must sign in again while the database is down.
    scene.let_sessions_end();
    scene.trouble("/", Fault::Database(0, DbFault::Unavailable));
    for _ in 0..20 {
        for device in [scene.laptop, scene.phone] {
            scene.expect_stays(device, "Your server is busy and asks this device to come back after");
        }
    }
    scene.edit(scene.phone);
    scene.sync(scene.phone);
    scene.expect_opens_offline(scene.phone);
    scene.clear();
    for device in [scene.phone, scene.laptop] {
        scene.expect_comes_back(device);
    }
    let same = scene.world.read(scene.laptop, scene.mail, "password") == scene.world.read(scene.phone, scene.mail, "password");
    scene.expect(same, "the edit made during the upgrade reaches the other device");
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn exhausted(play: Play) -> Report {
    let mut scene = Scene::begin_with_status_page("FA-03", play);
    let said = Said::IncidentOpened { title: "The database is overloaded".into(), words: "Sign-ins fail for now.".into() };
    scene.world.with_server(|site| site.say(said));
    scene.trouble("/v1/sign-in", Fault::Database(0, DbFault::Unavailable));
    let refused = scene.world.enrol(scene.ada).err().unwrap_or_default();
    scene.expect_words(&refused, "Your server is busy and asks this device to come back after");
    scene.expect_words(&refused, "Its operator knows of trouble since");
    scene.expect_words(&refused, "The database is overloaded");
    scene.expect_no_words(&refused, "check the address, the password and the Secret Key");
    // In front of the server, the proxy's own words.
    scene.answers("/", "mesh without an upstream");
    let said = scene.expect_stays(scene.phone, "Someone between this device and your server answered");
    scene.expect_words(&said, "Its operator knows of trouble since");
    scene.expect_no_words(&said, "upstream connect error");
    scene.clear();
    let enrolled = scene.world.enrol(scene.ada);
    scene.expect(enrolled.is_ok(), &format!("once it is over, the same details sign in: {enrolled:?}"));
    scene.expect_comes_back(scene.phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
