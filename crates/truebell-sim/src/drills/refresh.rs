//! FA-14, FA-18 and FA-23: the session cannot be renewed, for every reason but the true one.

use super::{Drill, Play, Scene};
use crate::fault::Fault;
use crate::report::Report;
use truebell_store::memory::Memory;

pub(super) const FA_14: Drill = Drill {
    id: "FA-14",
    title: "A refresh is answered 400",
    incident: "Any 400 to a refresh signed people out, until October 2022.",
    proves: "No status ends a session: only a reason that the server signed, and even then the device opens the next one by itself.",
    run: bad_request,
};

pub(super) const FA_18: Drill = Drill {
    id: "FA-18",
    title: "A refresh fails in every way there is",
    incident: "A refresh failed, and the account and the server's address were removed from the phone.",
    proves: "Whatever befalls the renewal, the device keeps its account, its server's address and its keys, and opens offline.",
    run: every_way,
};

pub(super) const FA_23: Drill = Drill {
    id: "FA-23",
    title: "The grant is not valid, long before its time",
    incident: "`invalid_grant` long before the 30 days were over, although nothing had changed: frequent sign-outs.",
    proves: "An unsigned `invalid_grant` is a stranger's; a session that the server itself has lost is opened anew by the device's key, with the reason in the trace, and nobody is told or asked anything.",
    run: invalid_grant,
};

fn bad_request(play: Play) -> Report {
    let mut scene = Scene::begin("FA-14", play);
    scene.let_sessions_end();
    for (who, words) in [
        ("another product: the grant is not valid", "something with status 400"),
        ("another product: the password was changed", "something with status 400"),
        ("bad request, said by a gateway", "a page titled “Bad Request”"),
    ] {
        scene.answers("/v1/sessions", who);
        scene.expect_stays(scene.phone, words);
        scene.expect_opens_offline(scene.phone);
    }
    scene.world.calm();
    scene.trouble("/v1/sessions", Fault::StatusChanged(400));
    scene.expect_stays(scene.phone, "somebody who changed the status to 400");
    scene.edit(scene.phone);
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn every_way(play: Play) -> Report {
    let mut scene = Scene::begin("FA-18", play);
    scene.let_sessions_end();
    let ways = [
        Fault::NoName,
        Fault::NoConnection,
        Fault::WrongTlsName,
        Fault::RequestLost,
        Fault::AnswerLost,
        Fault::RequestCut(500),
        Fault::AnswerCut(500),
        Fault::AnswerBroken(500),
        Fault::HeadStripped,
        Fault::BodyChanged,
        Fault::Replayed(1),
        Fault::OtherServer,
        Fault::StatusChanged(401),
        Fault::StatusChanged(403),
        Fault::StatusChanged(410),
    ];
    for way in ways {
        scene.world.calm();
        scene.trouble("/v1/sessions", way);
        scene.expect_stays(scene.phone, "");
    }
    for who in ["another product: the token is over", "another product: sign out", "another product: the account is gone"] {
        scene.answers("/v1/sessions", who);
        scene.expect_stays(scene.phone, "Someone between this device and your server answered");
    }
    scene.edit(scene.phone);
    scene.expect_opens_offline(scene.phone);
    scene.clear();
    scene.expect_comes_back(scene.phone);
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}

fn invalid_grant(play: Play) -> Report {
    let mut scene = Scene::begin("FA-23", play);
    scene.let_sessions_end();
    scene.answers("/v1/sessions", "another product: the grant is not valid");
    for _ in 0..3 {
        scene.expect_stays(scene.phone, "something with status 400");
    }
    scene.clear();
    scene.expect_comes_back(scene.phone);
    let (session, notices) = (scene.world.session(scene.phone), scene.notices(scene.phone));
    // The server has lost its sessions, and nobody did anything.
    scene.world.with_server(|site| site.splice(&Memory::new(), &["sessions"]));
    scene.edit(scene.phone);
    scene.expect_comes_back(scene.phone);
    scene.expect_traced(scene.phone, "refused: no-session");
    let is_new = scene.world.session(scene.phone) != session;
    scene.expect(is_new, "the device has opened another session by itself");
    let told = scene.notices(scene.phone) - notices;
    scene.expect(told == 0, "nobody is told that a session is another one");
    scene.expect_told_once();
    scene.expect_naive_cried();
    scene.end()
}
