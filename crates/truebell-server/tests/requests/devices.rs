//! Devices and sessions: enrolled by the password, opened by their own key, listed, put out.

use super::person::{Device, Person};
use super::world::World;
use std::time::Duration;
use truebell_core::event::What;
use truebell_core::ids::DeviceId;
use truebell_core::sign::Purpose;
use truebell_core::testing::Seeded;
use truebell_core::wire::account::Recorded;
use truebell_core::wire::device::{Enrol, Enrolled, Revoke, Sessions};
use truebell_core::wire::sign_in::{Prove, Proved};

#[tokio::test]
async fn a_second_device_is_enrolled_once_and_the_first_sees_the_event() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let phone = Device::make("phone", &mut Seeded::new(9));
    let finished = ada.sign_in(&world).await;
    let enrol = ada.enrolment(&world, &phone);
    let send = async |body: &Enrol| world.post("/v1/devices", body).token(finished.enrolment.expose()).send().await;
    let reply = send(&enrol).await;
    insta::assert_snapshot!(reply.text(), @r#"{"session":{"session":"ses_2bvjhcg13g41jtkcjfagg2trbf","token":"tbs_2PITjB-6i9VS25N1orh1Hb-bLoqT0UactZ9y5yNm0cM","expires":1797984000000}}"#);
    // A lost answer: the same again is another session and no other event.
    let again: Enrolled = send(&enrol).await.json();
    let token = again.session.token.expose().to_owned();
    let reply = world.get("/v1/sessions").token(&token).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"sessions":[{"session":"ses_2bvjhcg13g41jtkcjfagg2trbf","device":"dev_6vz1dc91kb1dd7d4qd8wqxq4nf","opened":1795392000000,"expires":1797984000000,"current":false},{"session":"ses_6mm6jm19k66kk9tnj4ska4zvr5","device":"dev_6vz1dc91kb1dd7d4qd8wqxq4nf","opened":1795392000000,"expires":1797984000000,"current":true},{"session":"ses_7e20am9ndtfmpx58q8jem2ts1x","device":"dev_1dhkj52hr0xfex4pcfydnc3b44","opened":1795392000000,"expires":1797984000000,"current":false}]}"#);
    assert_eq!(reply.head.account.unwrap().chain.seq, 2);
    // The enrolment is used up for any other device.
    ada.catch_up(&world).await;
    let other = Device::make("tablet", &mut Seeded::new(10));
    assert_eq!(send(&ada.enrolment(&world, &other)).await.word(), "sign-in-over");
    insta::assert_snapshot!(world.get("/v1/devices").token(&ada.laptop.token).send().await.text(), @r#"{"devices":[{"device":"dev_1dhkj52hr0xfex4pcfydnc3b44","name":"laptop","platform":"linux command line","enrolled":1795392000000,"seen":1795392000000,"revoked":false},{"device":"dev_6vz1dc91kb1dd7d4qd8wqxq4nf","name":"phone","platform":"linux command line","enrolled":1795392000000,"seen":1795392000000,"revoked":false}]}"#);
}

#[tokio::test]
async fn each_refusal_of_an_enrolment_has_its_own_reason() {
    let world = World::new().await;
    let [ada, eve] = [Person::sign_up(&world, "ada", 1).await, Person::sign_up(&world, "eve", 2).await];
    let phone = Device::make("phone", &mut Seeded::new(9));
    let good = ada.enrolment(&world, &phone);
    let token = ada.sign_in(&world).await.enrolment;
    let what = |platform: &str| What::DeviceEnrolled { enrolled: phone.new.device, device_key: phone.new.key, platform: platform.into() };
    let mut nameless = Device::make("", &mut Seeded::new(10));
    nameless.new.name = "\u{7}".into();
    let late = truebell_core::event::Act { seq: 5, ..ada.act_on(&phone, &world, what("linux command line")) };
    for (word, body) in [
        ("bad-signature", Enrol { act: eve.enrolment(&world, &phone).act, ..good.clone() }),
        ("malformed", Enrol { act: ada.act(&world, what("linux command line")).sign(&ada.keys).unwrap(), ..good.clone() }),
        ("malformed", Enrol { act: ada.act_on(&phone, &world, what("toaster")).sign(&ada.keys).unwrap(), ..good.clone() }),
        ("malformed", ada.enrolment(&world, &nameless)),
        ("chain-moved", Enrol { act: late.sign(&ada.keys).unwrap(), ..good.clone() }),
    ] {
        assert_eq!(world.post("/v1/devices", &body).token(token.expose()).send().await.word(), word);
    }
    assert_eq!(world.post("/v1/devices", &good).token(&ada.laptop.token).send().await.word(), "no-session", "a session enrols nobody");
    world.wait(Duration::from_mins(10));
    assert_eq!(world.post("/v1/devices", &good).token(token.expose()).send().await.word(), "sign-in-over");
}

#[tokio::test]
async fn an_enrolled_device_opens_sessions_with_its_own_key() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let prove = ada.prove(&world, &ada.laptop).await;
    let reply = world.post("/v1/sessions", &prove).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"session":{"session":"ses_4ezth8bvbz3nzyzdwmynprjewj","token":"tbs_c2Zva412EK9Dbl99cGd7447LOjQQb3wY5XwynC64Ez8","expires":1797984000000}}"#);
    let token = reply.json::<Proved>().session.token;
    assert_eq!(world.get("/v1/devices").token(token.expose()).send().await.word(), "ok");
    let stranger = Device::make("stranger", &mut Seeded::new(9));
    let unknown = ada.prove(&world, &stranger).await;
    insta::assert_snapshot!(world.post("/v1/sessions", &unknown).send().await.text(), @r#"{"type":"https://truebell.org/problems/device-unknown","title":"This device cannot open a session on this server.","status":403}"#);
    let signature = stranger.key.sign(Purpose::DeviceProof, &prove.challenge);
    let forged = Prove { signature, ..prove.clone() };
    assert_eq!(world.post("/v1/sessions", &forged).send().await.word(), "device-unknown");
    let others = Prove {
        challenge: unknown.challenge.clone(),
        signature: ada.laptop.key.sign(Purpose::DeviceProof, &unknown.challenge),
        ..prove.clone()
    };
    assert_eq!(world.post("/v1/sessions", &others).send().await.word(), "device-unknown");
    world.wait(Duration::from_secs(121));
    assert_eq!(world.post("/v1/sessions", &prove).send().await.word(), "sign-in-over");
}

#[tokio::test]
async fn a_session_ends_by_its_time_and_by_signing_out() {
    let world = World::with(|settings| settings.session_lifetime = Duration::from_hours(1)).await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    world.wait(Duration::from_mins(60) - Duration::from_millis(1));
    assert_eq!(world.get("/v1/devices").token(&ada.laptop.token).send().await.word(), "ok");
    world.wait(Duration::from_millis(1));
    let reply = world.get("/v1/devices").token(&ada.laptop.token).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/session-expired","title":"The session's time is over; the device opens a new one by itself.","status":401}"#);
    assert_eq!(reply.head.account, None);
    let prove = ada.prove(&world, &ada.laptop).await;
    let token = world.post("/v1/sessions", &prove).send().await.json::<Proved>().session.token;
    let out = world.post("/v1/sign-out", &()).token(token.expose()).send().await;
    insta::assert_snapshot!(out.text(), @r#"{}"#);
    assert_eq!(world.get("/v1/devices").token(token.expose()).send().await.word(), "no-session");
}

#[tokio::test]
async fn a_revoked_device_is_out_at_once_and_stays_out() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let phone = ada.enrol(&world, "phone").await;
    let path = format!("/v1/devices/{}/revoke", phone.new.device);
    let revoke =
        |name: &str| Revoke { act: ada.signed(&world, What::DeviceRevoked { revoked: phone.new.device, revoked_name: name.into() }) };
    assert_eq!(ada.post(&world, &path, &revoke("toaster")).send().await.word(), "malformed");
    let good = revoke("phone");
    let reply = ada.post(&world, &path, &good).send().await;
    assert_eq!(reply.head.account.as_ref().unwrap().chain.seq, 3, "the head says where the account stands after it");
    assert_eq!(world.get("/v1/devices").token(&phone.token).send().await.word(), "no-session");
    let prove = ada.prove(&world, &phone).await;
    assert_eq!(world.post("/v1/sessions", &prove).send().await.word(), "device-unknown");
    // The same act again is the same event; another one finds nothing to revoke.
    let again = ada.post(&world, &path, &good).send().await;
    assert_eq!(again.json::<Recorded>().event, reply.json::<Recorded>().event);
    ada.recorded(&reply);
    let twice = Revoke { act: ada.signed(&world, What::DeviceRevoked { revoked: phone.new.device, revoked_name: "phone".into() }) };
    assert_eq!(ada.post(&world, &path, &twice).send().await.word(), "not-found");
    let nobody = format!("/v1/devices/{}/revoke", DeviceId([7; 16]));
    assert_eq!(ada.post(&world, &nobody, &twice).send().await.word(), "not-found");
    assert_eq!(ada.post(&world, "/v1/devices/phone/revoke", &twice).send().await.word(), "not-found");
}

#[tokio::test]
async fn a_device_can_put_itself_out() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let device = ada.laptop.new.device;
    let act = ada.signed(&world, What::DeviceRevoked { revoked: device, revoked_name: "laptop".into() });
    let reply = ada.post(&world, &format!("/v1/devices/{device}/revoke"), &Revoke { act }).send().await;
    assert_eq!((reply.word(), reply.head.account), ("ok", None));
}

#[tokio::test]
async fn one_session_is_ended_and_the_others_stay() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let phone = ada.enrol(&world, "phone").await;
    let sessions: Sessions = world.get("/v1/sessions").token(&phone.token).send().await.json();
    let session = sessions.sessions.iter().find(|session| session.current).unwrap().session;
    let path = format!("/v1/sessions/{session}/revoke");
    let act = |of: &Device, name: &str| {
        ada.signed(&world, What::SessionRevoked { session, of_device: of.new.device, of_device_name: name.into() })
    };
    assert_eq!(ada.post(&world, &path, &Revoke { act: act(&ada.laptop, "laptop") }).send().await.word(), "malformed");
    let good = Revoke { act: act(&phone, "phone") };
    let reply = ada.post(&world, &path, &good).send().await;
    assert_eq!(reply.word(), "ok");
    assert_eq!(world.get("/v1/devices").token(&phone.token).send().await.word(), "no-session");
    assert_eq!(ada.post(&world, &path, &good).send().await.json::<Recorded>().event, reply.json::<Recorded>().event);
    let prove = ada.prove(&world, &phone).await;
    assert_eq!(world.post("/v1/sessions", &prove).send().await.word(), "ok", "the device itself is still in");
}
