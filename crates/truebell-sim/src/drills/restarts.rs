//! FA-05, FA-22 and FA-29: the server's processes are restarted, replaced and upgraded; nobody has to sign in again.

use super::{Drill, Play, Scene};
use crate::bank::{self, PAGES};
use crate::dice::Dice;
use crate::net::Happens;
use crate::report::Report;
use crate::site::{Condition, ready};
use truebell_server::identity::{self, Start};
use truebell_store::memory::Memory;

pub(super) const FA_05: Drill = Drill {
    id: "FA-05",
    title: "Everything that was only in memory is gone",
    incident: "A cluster of caches ran out of memory; after it was mended, people had to sign in again.",
    proves: "Sessions are in the database: after each restart every device goes on with the session it had, and asks for no other.",
    run: caches_lost,
};

pub(super) const FA_22: Drill = Drill {
    id: "FA-22",
    title: "The server's container is replaced",
    incident: "A container was updated or restarted, and every client asked for the master password.",
    proves: "Key and sessions outlive the process, which takes up the key it had; every device goes on with its session.",
    run: container_replaced,
};

pub(super) const FA_29: Drill = Drill {
    id: "FA-29",
    title: "A rolling upgrade, both versions live, and back again",
    incident: "An update changed the format of refresh tokens, and logged every client out.",
    proves: "Old and new processes serve the same sessions side by side; devices go on, edits arrive, and a way back is open.",
    run: rolling_upgrade,
};

/// From now on nobody can sign in: who had to would show it.
fn bar_the_door(scene: &mut Scene) {
    let page = PAGES.get(usize::from(bank::find("another product: the token is over"))).copied();
    for path in ["/v1/sign-in", "/v1/sessions"] {
        page.into_iter().for_each(|page| scene.world.always(path, Happens::Answer(page)));
    }
}

/// Both devices edit and sync, with the sessions they had.
fn go_on(scene: &mut Scene) {
    for device in [scene.laptop, scene.phone] {
        let session = scene.world.session(device);
        scene.edit(device);
        scene.expect_comes_back(device);
        scene.expect_same_session(device, session);
    }
}

/// Nobody was at the door that is barred.
fn settle(mut scene: Scene) -> Report {
    let turned_away = scene.world.exchanges().faulted;
    scene.expect(turned_away == 0, &format!("nobody had to sign in again; {turned_away} requests tried"));
    scene.clear();
    scene.expect_told_once();
    scene.end()
}

fn caches_lost(play: Play) -> Report {
    let mut scene = Scene::begin("FA-05", play);
    bar_the_door(&mut scene);
    for _ in 0..5 {
        scene.world.restart_server();
        go_on(&mut scene);
    }
    settle(scene)
}

fn container_replaced(play: Play) -> Report {
    let mut scene = Scene::begin("FA-22", play);
    expect_key_taken_up(&mut scene, play.seed);
    bar_the_door(&mut scene);
    for _ in 0..3 {
        scene.world.server_is(Condition::Down(None));
        scene.world.pass(90);
        scene.world.restart_server();
        scene.world.server_is(Condition::Up);
        go_on(&mut scene);
        scene.expect_opens_offline(scene.phone);
    }
    settle(scene)
}

/// The real start of a server, twice over the same folder and database.
fn expect_key_taken_up(scene: &mut Scene, seed: u64) {
    let Ok(folder) = tempfile::tempdir() else { return scene.expect(false, "a folder for the server's key") };
    let (store, now) = (Memory::new(), scene.world.now());
    let mut starts = (0..3_u64).map(|number| {
        let start = Start { data: folder.path(), new_identity: false, now };
        ready(identity::establish(&store, start, &mut Dice::about(seed, number))).and_then(Result::ok)
    });
    let first = starts.next().flatten().map(|start| (start.is_new, start.identity));
    let Some((true, made)) = first else { return scene.expect(false, "a first start makes an identity") };
    for start in starts {
        let same = start.is_some_and(|start| !start.is_new && start.identity == made);
        scene.expect(same, "a later start takes up the key there is");
    }
}

fn rolling_upgrade(play: Play) -> Report {
    let mut scene = Scene::begin("FA-29", play);
    bar_the_door(&mut scene);
    for (processes, with_newer) in [(2, true), (3, true), (1, true), (2, true), (2, false), (1, false)] {
        scene.world.with_server(|site| site.scale(processes, with_newer));
        for _ in 0..3 {
            go_on(&mut scene);
        }
    }
    settle(scene)
}
