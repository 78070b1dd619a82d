//! FA-39: the server gets another name.

use super::{Drill, Play, Scene};
use crate::fault::Fault;
use crate::report::Report;
use truebell_server::config::{Given, Sources, load, remarks};

pub(super) const FA_39: Drill = Drill {
    id: "FA-39",
    title: "The server moves to another domain",
    incident: "After a change of the domain, issuer and claim did not fit: “session has expired”, right after the login.",
    proves: "A server is its key and not its name: a device signs in under the new name, those under the old one stay and come back; a wrong address is found by `truebell config check`, before anybody is served.",
    run,
};

/// The new name.
const NEW: &str = "https://passwords.example.net";

fn run(play: Play) -> Report {
    let mut scene = Scene::begin("FA-39", play);
    expect_settings_checked(&mut scene);
    scene.let_sessions_end();
    // The old name is gone, and then another machine's.
    for (fault, words) in [(Fault::NoName, "The server's name is not known here"), (Fault::WrongTlsName, "certificate is for another name")]
    {
        scene.world.calm();
        scene.trouble("/", fault);
        scene.expect_stays(scene.phone, words);
        scene.edit(scene.phone);
        scene.expect_opens_offline(scene.phone);
    }
    scene.clear();
    let Some(tablet) = scene.world.unpack(scene.ada) else { return scene.end() };
    let signed_in = scene.world.sign_in_again(tablet, NEW);
    scene.expect(signed_in.is_ok(), &format!("a new device signs in under the new name: {signed_in:?}"));
    scene.expect_comes_back(tablet);
    let address = scene.world.set_up_for(tablet).map(|(server, _)| server);
    scene.expect(address.as_deref() == Some(NEW), "and knows its server by it");
    scene.expect_readable(tablet);
    for device in [scene.laptop, scene.phone] {
        scene.expect_comes_back(device);
    }
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

/// The operator's own check of what they wrote.
fn expect_settings_checked(scene: &mut Scene) {
    let given = |text: &str| {
        let flags = vec![Given { name: "public_url".into(), text: text.into(), flag: "--set" }];
        load(&Sources { flags, ..Sources::default() })
    };
    for wrong in ["passwords.example.net", "https://example.net/passwords"] {
        let said = given(wrong).err().map(|error| error.to_string()).unwrap_or_default();
        scene.expect_words(&said, "`public_url` is https://HOST or http://HOST, without a path");
    }
    let unsafe_url = given("http://passwords.example.net").map(|loaded| remarks(&loaded.config)).unwrap_or_default();
    let warned = unsafe_url.iter().any(|remark| remark.setting == "public_url");
    scene.expect(warned, "an address without TLS is remarked upon");
    let right = given(NEW).map(|loaded| remarks(&loaded.config));
    let is_right = right.is_ok_and(|remarks| remarks.iter().all(|remark| remark.setting != "public_url"));
    scene.expect(is_right, "the right address is taken without a remark");
}
