//! FA-46: a device that has not synced for weeks must not look as if it had.

use super::{Drill, Play, Scene};
use crate::fault::Fault;
use crate::net::{Happens, Rule};
use crate::report::Report;
use truebell_engine::sync::View;

pub(super) const FA_46: Drill = Drill {
    id: "FA-46",
    title: "Eight weeks without a sync",
    incident: "A refresh was dead and the client silent; it was eight weeks behind, and its person did not know.",
    proves: "For eight weeks the device says since when it is behind; a password change of that time is told, once, when it is back.",
    run,
};

const WEEKS: u64 = 8;

fn run(play: Play) -> Report {
    let mut scene = Scene::begin("FA-46", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    scene.expect_comes_back(phone);
    let Some(View::UpToDate { as_of }) = scene.world.view(phone) else {
        scene.expect(false, "the phone is up to date at the beginning");
        return scene.end();
    };
    let since = format!("up to date as of {}.", truebell_engine::sync::sentences::moment(as_of));
    scene.world.rule(Rule { device: Some(phone.0), path: "/v1/".into(), times: None, what: Happens::Fault(Fault::NoConnection) });
    let notices = scene.notices(phone);
    for week in 0..WEEKS {
        scene.world.pass(7 * 24 * 3600);
        scene.expect_comes_back(laptop);
        if week == 3 {
            let changed = scene.world.change_password(laptop);
            scene.expect(changed.is_ok(), &format!("the password can be changed: {changed:?}"));
        }
        scene.expect_stays(phone, &since);
        let is_stale = matches!(scene.world.view(phone), Some(View::Stale { since: Some(since), .. }) if since == as_of);
        scene.expect(is_stale, "the phone knows since when it is behind");
    }
    scene.clear();
    scene.expect_comes_back(phone);
    scene.sync(phone);
    let told = scene.notices(phone) - notices;
    scene.expect(told == 1, &format!("the phone is told of the password change of that time once, not {told} times"));
    scene.expect_naive_cried();
    scene.end()
}
