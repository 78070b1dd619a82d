//! FA-25: the app is newer than the server.

use super::{Drill, Play, Scene};
use crate::report::Report;

pub(super) const FA_25: Drill = Drill {
    id: "FA-25",
    title: "The app is newer than the server",
    incident: "A newer app missed a field in what an older server had sent: “Invalid master password” at the local unlock, with no request even sent. In 2020, and again in 2026.",
    proves: "A request that the server does not know is answered, signed, that one of the two is too old; unlocking asks nobody, and only a wrong password is called that.",
    run,
};

fn run(play: Play) -> Report {
    let mut scene = Scene::begin("FA-25", play);
    let phone = scene.phone;
    for unknown in ["/v1/account/address", "/v1/sync", "/v1/sessions"] {
        scene.world.with_server(|site| site.knows_not(Some(unknown)));
        match unknown {
            "/v1/account/address" => {
                let said = scene.world.change_address(phone).err().unwrap_or_default();
                scene.expect_words(&said, "This server does not know that request: one of the two is too old.");
                scene.expect_comes_back(phone);
            }
            _ => {
                scene.let_sessions_end();
                scene.expect_stays(phone, "This server does not know that request: one of the two is too old.");
            }
        }
        scene.edit(phone);
        scene.expect_opens_offline(phone);
    }
    let said = scene.world.mistype(phone).unwrap_or_default();
    scene.expect_words(&said, "this password does not open this account on this device");
    scene.expect_opens_offline(phone);
    scene.world.with_server(|site| site.knows_not(None));
    scene.clear();
    scene.expect_comes_back(phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
