//! Sign-up: one transaction, repeatable, and closed where the operator says so.

use super::person::{Device, Person, prepare};
use super::world::World;
use std::time::Duration;
use truebell_core::hash::Hash32;
use truebell_core::testing::Seeded;
use truebell_core::wire::server::SignUpMode;
use truebell_core::wire::sign_up::{Finish, Finished, Started};
use truebell_server::derive_invitation_digest;

#[tokio::test]
async fn anybody_can_ask_who_the_server_is() {
    let world = World::new().await;
    let reply = world.get("/v1/server").send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"server":"srv_2ybsf5wqjybsf5wqjybsf5wqjy","key":"XjSK0EUDQZIaLqEzb4G2z3x_W-QVPJsbr9tzv133FLc","generation":"np6enp6enp6enp6enp6eng","restore_epoch":0,"version":"0.1.0","sign_up":"open","attachment_bytes_max":104857600,"client_floor":"0.1.0"}"#);
    assert_eq!(reply.head.account, None);
}

#[tokio::test]
async fn a_sign_up_gives_an_account_a_device_and_a_session() {
    let world = World::new().await;
    let (mut ada, start, registration) = prepare(&world, "ada", 1);
    let started: Started = world.post("/v1/sign-up/start", &start).send().await.json();
    ada.register(&world, registration, &started);
    let reply = world.post("/v1/sign-up/finish", &ada.sign_up).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"session":{"session":"ses_7e20am9ndtfmpx58q8jem2ts1x","token":"tbs_ROuumho6NcvngJFItBhhGSYZL0ITlIv0Bw54UEUKYjo","expires":1797984000000}}"#);
    ada.laptop.token = reply.json::<Finished>().session.token.expose().to_owned();
    let reply = world.get("/v1/devices").token(&ada.laptop.token).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"devices":[{"device":"dev_1dhkj52hr0xfex4pcfydnc3b44","name":"laptop","platform":"linux command line","enrolled":1795392000000,"seen":1795392000000,"revoked":false}]}"#);
    let head = reply.head.account.unwrap();
    assert_eq!((head.account, head.chain.seq, head.chain.epoch, head.vaults.len()), (ada.account, 1, 1, 1));
}

#[tokio::test]
async fn a_sign_up_sent_again_opens_another_session_and_a_copy_of_its_event_does_not() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let again = world.post("/v1/sign-up/finish", &ada.sign_up).send().await;
    let token = again.json::<Finished>().session.token;
    assert_eq!(world.get("/v1/devices").token(token.expose()).send().await.word(), "ok");
    // All that the first event tells anybody who holds its check code, and no keyset.
    let copy = Finish { keyset: vec![7; 200].into(), ..ada.sign_up.clone() };
    assert_eq!(world.post("/v1/sign-up/finish", &copy).send().await.word(), "conflict");
}

#[tokio::test]
async fn each_refusal_of_a_sign_up_has_its_own_reason() {
    let world = World::new().await;
    let eve = Person::sign_up(&world, "eve", 2).await;
    let (mut ada, start, registration) = prepare(&world, "ada", 1);
    let started: Started = world.post("/v1/sign-up/start", &start).send().await.json();
    ada.register(&world, registration, &started);
    let other_device = Device::make("laptop", &mut Seeded::new(9)).new;
    let sent = |change: &dyn Fn(&mut Finish)| {
        let mut finish = ada.sign_up.clone();
        change(&mut finish);
        let world = &world;
        async move { world.post("/v1/sign-up/finish", &finish).send().await }
    };
    type Case<'a> = (&'a str, &'a dyn Fn(&mut Finish));
    let cases: &[Case<'_>] = &[
        ("address-taken", &|finish| finish.email = " EVE@example.org ".into()),
        ("bad-address", &|finish| finish.email = "ada".into()),
        ("bad-signature", &|finish| finish.public.signing = eve.keys.public().signing),
        ("malformed", &|finish| finish.act = "nonsense".into()),
        ("malformed", &|finish| finish.public.account = eve.account),
        ("malformed", &|finish| finish.device = other_device.clone()),
        ("malformed", &|finish| finish.device.name = "another".into()),
        ("malformed", &|finish| finish.opaque = vec![1; 10].into()),
        ("malformed", &|finish| finish.keyset = vec![1; 10_000].into()),
        ("malformed", &|finish| finish.public.kem = vec![1; 10].into()),
        ("malformed", &|finish| finish.vault.head = vec![1; 10].into()),
        ("malformed", &|finish| finish.vault.vault = eve.vault),
        ("bad-signature", &|finish| finish.vault.head = eve.sign_up.vault.head.clone()),
    ];
    for (place, (word, change)) in cases.iter().enumerate() {
        assert_eq!(sent(change).await.word(), *word, "case {place}");
    }
    insta::assert_snapshot!(sent(&|finish| finish.email = "ada".into()).await.text(), @r#"{"type":"https://truebell.org/problems/bad-address","title":"This is not a mail address: write it as name@example.org.","status":400,"detail":"the mail address needs a name, one @ and a domain: write it as name@example.org"}"#);
    insta::assert_snapshot!(sent(&|finish| finish.act = eve.sign_up.act.clone()).await.text(), @r#"{"type":"https://truebell.org/problems/bad-signature","title":"The request is not signed by this account.","status":403}"#);
    assert_eq!(sent(&|_| {}).await.word(), "ok");
}

#[tokio::test]
async fn a_clock_off_by_a_day_is_told_so_and_one_off_by_an_hour_passes() {
    let world = World::new().await;
    for (seed, off_hours, word) in [(1, 24, "clock-skew"), (2, 1, "ok"), (3, 2, "clock-skew")] {
        let (mut ada, start, registration) = prepare(&world, &format!("ada{seed}"), seed);
        let started: Started = world.post("/v1/sign-up/start", &start).send().await.json();
        ada.register(&world, registration, &started);
        world.wait(Duration::from_hours(off_hours));
        assert_eq!(world.post("/v1/sign-up/finish", &ada.sign_up).send().await.word(), word, "{off_hours} h behind");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused_at_the_first_message() {
    let world = World::new().await;
    Person::sign_up(&world, "ada", 1).await;
    let (_, start, _) = prepare(&world, "ADA", 2);
    insta::assert_snapshot!(world.post("/v1/sign-up/start", &start).send().await.text(), @r#"{"type":"https://truebell.org/problems/address-taken","title":"An account with this address exists already: sign in instead.","status":409}"#);
}

#[tokio::test]
async fn an_invitation_is_good_once_and_a_closed_server_takes_nobody() {
    let world = World::with(|settings| settings.sign_up = SignUpMode::Invite).await;
    let expires = world.now() + Duration::from_hours(1);
    world.store.invite(derive_invitation_digest("welcome"), expires).await.unwrap();
    for (seed, invitation, word) in [
        (1, None, "sign-up-closed"),
        (2, Some("guess"), "bad-invitation"),
        (3, Some(" welcome "), "ok"),
        (4, Some("welcome"), "bad-invitation"),
    ] {
        let (mut person, mut start, registration) = prepare(&world, &format!("person{seed}"), seed);
        start.invitation = invitation.map(str::to_owned);
        let reply = world.post("/v1/sign-up/start", &start).send().await;
        if invitation.is_some() {
            person.register(&world, registration, &reply.json());
        }
        person.sign_up.invitation = start.invitation;
        assert_eq!(world.post("/v1/sign-up/finish", &person.sign_up).send().await.word(), word, "{invitation:?}");
    }
    let closed = World::with(|settings| settings.sign_up = SignUpMode::Closed).await;
    let (ada, start, _) = prepare(&closed, "ada", 1);
    insta::assert_snapshot!(closed.post("/v1/sign-up/start", &start).send().await.text(), @r#"{"type":"https://truebell.org/problems/sign-up-closed","title":"This server takes no new accounts: ask its operator.","status":403}"#);
    assert_eq!(closed.post("/v1/sign-up/finish", &ada.sign_up).send().await.word(), "sign-up-closed");
    assert_eq!(closed.store.account(ada.account).await.unwrap(), None);
    assert_ne!(derive_invitation_digest("welcome"), Hash32::derive_plain(b"welcome"));
}
