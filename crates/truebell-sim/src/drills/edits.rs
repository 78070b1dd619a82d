//! FA-26 and FA-51: one call that fails, and what saving an item asks for.

use super::{Drill, Play, Scene};
use crate::bank::{self, PAGES};
use crate::net::Happens;
use crate::report::Report;

pub(super) const FA_26: Drill = Drill {
    id: "FA-26",
    title: "One call fails",
    incident: "Uploading a licence failed, and the app said “login session has expired”.",
    proves: "A call that fails is that call's failure: the session and everything else go on, and the same call succeeds later, told once.",
    run: one_call,
};

pub(super) const FA_51: Drill = Drill {
    id: "FA-51",
    title: "Saving an item is no sign-in",
    incident: "Saving an item made internal calls that were logged as failed logins; fail2ban shut out the server's own address.",
    proves: "Saving and syncing never come near the ways of signing in, nor count as a guess.",
    run: saving,
};

fn one_call(play: Play) -> Report {
    let mut scene = Scene::begin("FA-26", play);
    let (laptop, phone) = (scene.laptop, scene.phone);
    let (session, notices) = (scene.world.session(laptop), scene.notices(phone));
    for who in ["another product: the token is over", "too large, said by a proxy", "another product: sign out"] {
        scene.answers("/v1/account/address", who);
        let said = scene.world.change_address(laptop).err().unwrap_or_default();
        scene.expect_words(&said, "Someone between this device and your server answered");
        scene.edit(laptop);
        scene.expect_comes_back(laptop);
        scene.expect_same_session(laptop, session);
    }
    scene.clear();
    let changed = scene.world.change_address(laptop);
    scene.expect(changed.is_ok(), &format!("later the same call succeeds: {changed:?}"));
    scene.expect_comes_back(phone);
    let told = scene.notices(phone) - notices;
    scene.expect(told == 1, &format!("the phone is told of the new address once, not {told} times"));
    scene.expect_naive_cried();
    scene.end()
}

fn saving(play: Play) -> Report {
    let mut scene = Scene::begin("FA-51", play);
    let barred = PAGES.get(usize::from(bank::find("not allowed, said by a gateway"))).copied();
    for path in ["/v1/sign-in", "/v1/sessions", "/v1/account"] {
        barred.into_iter().for_each(|page| scene.world.always(path, Happens::Answer(page)));
    }
    for number in 0..20 {
        let device = if number % 2 == 0 { scene.laptop } else { scene.phone };
        scene.edit(device);
        scene.expect_comes_back(device);
    }
    let stray = scene.world.exchanges().faulted;
    scene.expect(stray == 0, &format!("saving an item asks nothing of sign-in; {stray} requests did"));
    scene.clear();
    let tablet = scene.world.enrol(scene.ada);
    scene.expect(tablet.is_ok(), &format!("nobody is shut out by it: {tablet:?}"));
    scene.expect_told_once();
    scene.end()
}
