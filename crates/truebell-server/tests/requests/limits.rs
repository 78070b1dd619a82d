//! Limits: guesses are counted where they are made, big bodies stop at the door, and nobody's failures lock a device out.

use super::person::Person;
use super::world::World;
use axum::body::{Body, Bytes};
use axum::http::Method;
use std::time::Duration;
use truebell_core::head::Status;
use truebell_core::ids::AccountId;
use truebell_core::opaque::SignIn;
use truebell_core::testing::Seeded;
use truebell_core::wire::account::CredentialsStart;
use truebell_core::wire::sign_in::{Lookup, Start};
use truebell_server::Rate;
use zeroize::Zeroizing;

fn guess(account: AccountId) -> Start {
    let (_, ke1) = SignIn::start(Zeroizing::new([9; 32]), &mut Seeded::new(3)).unwrap();
    Start { account, ke1: ke1.into() }
}

#[tokio::test]
async fn guesses_at_an_account_end_and_its_enrolled_devices_go_on() {
    let world = World::with(|settings| settings.limits.sign_in_account = Rate::new(3, 60)).await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    for attempt in 0_u8..3 {
        let ask = world.post("/v1/sign-in/start", &guess(ada.account)).from(&format!("192.0.2.{attempt}:1"));
        assert_eq!(ask.send().await.word(), "ok");
    }
    let reply = world.post("/v1/sign-in/start", &guess(ada.account)).from("192.0.2.200:1").send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/too-many-attempts","title":"Too many tries: wait, then try again. Devices already signed in are not affected.","status":429}"#);
    assert_eq!(reply.headers["retry-after"], "60");
    assert!(matches!(reply.head.status, Status::Refused { retry_at, .. } if retry_at == world.now() + Duration::from_mins(1)));
    // An account that is not there runs dry in the same way.
    for attempt in 0..4 {
        let word = if attempt < 3 { "ok" } else { "too-many-attempts" };
        assert_eq!(world.post("/v1/sign-in/start", &guess(AccountId([7; 16]))).send().await.word(), word);
    }
    let prove = ada.prove(&world, &ada.laptop).await;
    assert_eq!(world.post("/v1/sessions", &prove).send().await.word(), "ok", "a device opens sessions with its key");
    assert_eq!(world.get("/v1/devices").token(&ada.laptop.token).send().await.word(), "ok");
    let mut ada = ada;
    ada.begin_password_change(&world, [42; 32]).await;
    world.wait(Duration::from_mins(1));
    ada.sign_in(&world).await;
}

#[tokio::test]
async fn sign_ins_that_succeed_cost_nothing() {
    let world = World::with(|settings| {
        settings.limits.sign_in_account = Rate::new(1, 1);
        settings.limits.sign_in_network = Rate::new(1, 1);
    })
    .await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    for _ in 0..5 {
        ada.sign_in(&world).await;
    }
}

#[tokio::test]
async fn each_network_has_its_own_tries_and_a_proxy_counts_as_those_behind_it() {
    let world = World::with(|settings| {
        settings.limits.lookup_network = Rate::new(2, 60);
        settings.trusted_proxies = proxies("10.0.0.0/8");
    })
    .await;
    let look_up = async |from: &str, forwarded: &str| {
        let ask = world.post("/v1/sign-in/lookup", &Lookup { email: "ada@example.org".into() }).from(from);
        ask.header("x-forwarded-for", forwarded).send().await.word()
    };
    for (from, forwarded, word) in [
        ("192.0.2.1:1", "198.51.100.1", "ok"),
        ("192.0.2.1:2", "198.51.100.2", "ok"),
        ("192.0.2.1:3", "198.51.100.3", "too-many-attempts"),
        ("10.0.0.1:1", "198.51.100.1", "ok"),
        ("10.0.0.1:1", "198.51.100.1", "ok"),
        ("10.0.0.1:1", "198.51.100.1", "too-many-attempts"),
        ("10.0.0.1:1", "198.51.100.2", "ok"),
        ("[2001:db8::1]:1", "", "ok"),
        ("[2001:db8::2]:1", "", "ok"),
        ("[2001:db8::3]:1", "", "too-many-attempts"),
        ("[2001:db8:0:1::3]:1", "", "ok"),
    ] {
        assert_eq!(look_up(from, forwarded).await, word, "{from} {forwarded}");
    }
}

fn proxies(text: &str) -> truebell_server::config::Networks {
    let given = truebell_server::config::Given { name: "trusted_proxies".into(), text: text.into(), flag: "--set" };
    let sources = truebell_server::config::Sources { flags: vec![given], ..Default::default() };
    truebell_server::config::load(&sources).unwrap().config.trusted_proxies
}

#[tokio::test]
async fn sign_ups_from_one_network_are_counted_and_so_are_tries_on_one_device() {
    let world = World::with(|settings| {
        settings.limits.sign_up_network = Rate::new(2, 60);
        settings.limits.device = Rate::new(2, 60);
    })
    .await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    for _ in 0..5 {
        assert_eq!(world.post("/v1/sign-up/finish", &ada.sign_up).send().await.word(), "ok", "a repetition makes no account");
    }
    Person::sign_up(&world, "eve", 2).await;
    let (mut bob, start, registration) = super::person::prepare(&world, "bob", 3);
    bob.register(&world, registration, &world.post("/v1/sign-up/start", &start).send().await.json());
    assert_eq!(world.post("/v1/sign-up/finish", &bob.sign_up).send().await.word(), "too-many-attempts");
    assert_eq!(world.post("/v1/sign-up/finish", &bob.sign_up).from("192.0.2.9:1").send().await.word(), "ok");
    let (_, request) = truebell_core::opaque::Registration::start(Zeroizing::new([1; 32]), &mut Seeded::new(4)).unwrap();
    let change = CredentialsStart { ke1: guess(ada.account).ke1, opaque: request.into() };
    for word in ["ok", "ok", "too-many-attempts"] {
        assert_eq!(ada.post(&world, "/v1/account/credentials/start", &change).send().await.word(), word);
    }
}

#[tokio::test]
async fn codes_are_counted_per_account() {
    use truebell_core::{event::What, totp::Totp, wire::account::AddSecondFactor, wire::sign_in::Finish};
    let world = World::with(|settings| settings.limits.second_factor = Rate::new(2, 60)).await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let totp = Totp::new(Zeroizing::new(vec![5; 20]), "", "").unwrap();
    let code = totp.code(world.now()).text.expose().to_owned();
    let act = ada.signed(&world, What::SecondFactorAdded { kind: "totp".into() });
    let add = AddSecondFactor { totp_uri: totp.to_uri(), code, act };
    assert_eq!(ada.post(&world, "/v1/account/second-factors", &add).send().await.word(), "ok");
    for word in ["second-factor-wrong", "second-factor-wrong", "too-many-attempts"] {
        let finish = Finish { totp: Some("000000".into()), ..ada.begin_sign_in(&world).await };
        assert_eq!(world.post("/v1/sign-in/finish", &finish).send().await.word(), word);
    }
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_refused_before_it_is_read() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let chunk = ada.vault_path("/attachments/att_00000000000000000000000000/chunks/0");
    for (path, method) in [("/v1/sign-in/start", Method::POST), ("/v1/sync", Method::POST), (chunk.as_str(), Method::PUT)] {
        let unread = Body::from_stream(futures::stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
            panic!("nothing of it is read")
        }));
        let ask = world.ask(method, path).body(unread).header("content-length", "1000000000").token(&ada.laptop.token);
        let reply = ask.send().await;
        assert_eq!((reply.word(), reply.status), ("too-large", 413), "{path}");
    }
    // Without a length, it is read up to the limit and no further.
    let endless = Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1000]))));
    let reply = world.ask(Method::POST, "/v1/sign-in/start").body(endless).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/too-large","title":"That is larger than this server takes.","status":413,"detail":"This route takes at most 131072 bytes."}"#);
    let broken = Body::from_stream(futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]));
    insta::assert_snapshot!(world.ask(Method::POST, "/v1/sign-in/start").body(broken).send().await.text(), @r#"{"type":"https://truebell.org/problems/malformed","title":"The request is not one this server understands: update Truebell.","status":400,"detail":"The body ended early."}"#);
    let reply = world.ask(Method::POST, "/v1/sign-in/start").body("{\"account\": \"secret\"}").send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/malformed","title":"The request is not one this server understands: update Truebell.","status":400,"detail":"The body is not what this route takes (line 1, column 21)."}"#);
}

#[tokio::test]
async fn beyond_what_is_open_at_once_long_streams_are_shed_with_a_time_to_come_back_and_hold_up_nobody_else() {
    let world = World::with(|settings| settings.capacity = 8).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    for number in 0..8 {
        ada.write(&world, vec![ada.revision(truebell_core::ids::ItemId([number; 16]), 1, Default::default(), 100_000)]).await;
    }
    let everything = || world.post_cbor("/v1/sync", &truebell_core::wire::sync::Have::default()).token(&ada.laptop.token);
    // Four first syncs that nobody reads on.
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(everything().begin().await);
    }
    let reply = everything().send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/busy","title":"The server has too much to do: it will be asked again in a moment.","status":503}"#);
    let Status::Busy { until } = reply.head.status else { panic!("{:?}", reply.head.status) };
    let wait = until - world.now();
    assert!(wait >= Duration::from_secs(2) && wait < Duration::from_secs(4), "{wait:?}");
    assert_eq!(reply.headers["retry-after"].to_str().unwrap(), wait.as_millis().div_ceil(1000).to_string());
    let current = world.post_cbor("/v1/sync", &ada.have_all(1)).token(&ada.laptop.token).send().await;
    assert_eq!((current.word(), current.head.pace_ms), ("ok", 1000), "streams that wait for their readers are no work");
    ada.sign_in(&world).await;
    assert_eq!(world.app.load().at_work, 0);
    drop(open);
    assert_eq!(everything().send().await.word(), "ok");
}

#[tokio::test]
async fn bodies_that_do_not_come_hold_no_place_and_shed_nobody() {
    use futures::FutureExt;
    let world = World::with(|settings| settings.capacity = 2).await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let stuck = || {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        Box::pin(world.ask(Method::POST, "/v1/sign-in/start").body(body).send())
    };
    let mut held: Vec<_> = (0..20).map(|_| stuck()).collect();
    for request in &mut held {
        assert!(request.now_or_never().is_none());
    }
    ada.sign_in(&world).await;
    assert_eq!(world.app.load().shed.map(|(_, count)| count), [0; 4]);
}

#[tokio::test]
async fn a_server_whose_database_does_not_answer_sheds_by_class_within_a_moment_and_looks_at_nothing() {
    let world = World::with(|settings| settings.capacity = 1).await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    // One request that works for ever: its place is the only one.
    let _work = world.app.hold_a_place_for_tests().await;
    let never = Body::from_stream(futures::stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
        panic!("nothing of it is read")
    }));
    let reply = world.ask(Method::POST, "/v1/sync").body(never).token(&ada.laptop.token).send().await;
    assert_eq!((reply.word(), reply.status), ("busy", 503));
    assert!(reply.head.account.is_none(), "the session was not looked up");
    assert_eq!(world.app.load().shed, [("finish-sign-in", 0), ("delta", 1), ("full", 0), ("bulk", 0)]);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_put_off() {
    let world = World::with(|settings| settings.request_time_max = Duration::ZERO).await;
    let stuck = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(world.ask(Method::POST, "/v1/sign-in/start").body(stuck).send().await.word(), "busy");
}

#[tokio::test]
async fn large_bodies_wait_for_room_and_small_requests_do_not_wait_behind_them() {
    use futures::FutureExt;
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let path = ada.vault_path("/commits");
    let stuck = || {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        Box::pin(world.ask(Method::POST, &path).body(body).header("content-length", "16000000").token(&ada.laptop.token).send())
    };
    // Four of sixteen megabytes fill the room; a fifth has to wait, which is not a refusal.
    let mut held: Vec<_> = (0..5).map(|_| stuck()).collect();
    for request in &mut held {
        assert!(request.now_or_never().is_none());
    }
    let large = ada.commit(&world, vec![ada.revision(truebell_core::ids::ItemId([1; 16]), 1, Default::default(), 3 << 20)]);
    let mut large = Box::pin(world.post_cbor(&path, &large).token(&ada.laptop.token).send());
    assert!((&mut large).now_or_never().is_none());
    let small = ada.commit(&world, vec![ada.revision(truebell_core::ids::ItemId([1; 16]), 1, Default::default(), 100)]);
    assert_eq!(world.post_cbor(&path, &small).token(&ada.laptop.token).send().await.word(), "ok");
    drop(held);
    assert_eq!(large.await.word(), "conflict", "its turn came, after the small one");
}
