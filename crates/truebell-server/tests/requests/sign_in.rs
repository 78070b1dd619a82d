//! Sign-in with a password: real OPAQUE, state good for two minutes and one success, nothing told to strangers.

use super::person::{Device, Person};
use super::world::World;
use std::time::Duration;
use truebell_core::event::What;
use truebell_core::ids::AccountId;
use truebell_core::opaque::SignIn;
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_core::totp::Totp;
use truebell_core::wire::account::{AddSecondFactor, RemoveSecondFactor};
use truebell_core::wire::sign_in::{Finish, Finished, Looked, Lookup, Start, Started};
use zeroize::Zeroizing;

const FINISH: &str = "/v1/sign-in/finish";

#[tokio::test]
async fn an_address_leads_to_its_account_and_an_unknown_one_to_an_invented_one() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let look_up = async |email: &str| {
        let reply = world.post("/v1/sign-in/lookup", &Lookup { email: email.into() }).send().await;
        reply.json::<Looked>().account
    };
    assert_eq!(look_up(" Ada@Example.org").await, ada.account);
    let invented = look_up("eve@example.org").await;
    assert_eq!(look_up("EVE@example.org").await, invented);
    assert_ne!(look_up("bob@example.org").await, invented);
    let reply = world.post("/v1/sign-in/lookup", &Lookup { email: "eve".into() }).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/bad-address","title":"This is not a mail address: write it as name@example.org.","status":400,"detail":"the mail address needs a name, one @ and a domain: write it as name@example.org"}"#);
}

#[tokio::test]
async fn a_sign_in_gives_what_unlocks_the_account_and_enrols_a_device_and_is_no_session() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let finished: Finished = ada.sign_in(&world).await;
    assert_eq!((finished.email.as_str(), &finished.public, finished.chain), ("ada@example.org", &ada.keys.public(), ada.chain));
    assert_eq!(finished.keyset, ada.sign_up.keyset);
    assert!(finished.enrolment.expose().starts_with("tbe_"));
    assert_eq!(world.get("/v1/devices").token(finished.enrolment.expose()).send().await.word(), "no-session");
}

#[tokio::test]
async fn wrong_details_and_an_account_that_is_not_there_look_the_same() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    ada.password = [99; 32];
    let nobody = Person { account: AccountId([3; 16]), ..Person::sign_up(&world, "eve", 2).await };
    for person in [&ada, &nobody] {
        let mut chance = Seeded::new(5);
        let (client, ke1) = SignIn::start(person.root().derive_opaque_password(), &mut chance).unwrap();
        let start = Start { account: person.account, ke1: ke1.into() };
        let reply = world.post("/v1/sign-in/start", &start).send().await;
        let started: Started = reply.json();
        assert_eq!((started.ke2.len(), started.state.len(), reply.body.len()), (320, 281, 823));
        // The client sees that it does not open; a made-up answer does not either.
        client.finish(world.identity.server, person.account, &started.ke2, &mut chance).unwrap_err();
        let finish = Finish { state: started.state, ke3: vec![1; 64].into(), totp: None };
        let refused = world.post(FINISH, &finish).send().await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.text(), @r#"{"type":"https://truebell.org/problems/wrong-credentials","title":"These details do not open this account here: check the address, the password and the Secret Key.","status":403}"#);
        }
    }
}

#[tokio::test]
async fn the_state_of_a_sign_in_is_good_for_two_minutes_and_one_success() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let finish = ada.begin_sign_in(&world).await;
    assert_eq!(world.post(FINISH, &finish).send().await.word(), "ok");
    insta::assert_snapshot!(world.post(FINISH, &finish).send().await.text(), @r#"{"type":"https://truebell.org/problems/sign-in-over","title":"This took too long or was done already: start it again.","status":409}"#);
    let finish = ada.begin_sign_in(&world).await;
    world.wait(Duration::from_secs(121));
    assert_eq!(world.post(FINISH, &finish).send().await.word(), "sign-in-over");
    let finish = ada.begin_sign_in(&world).await;
    world.turn_back(Duration::from_hours(24));
    assert_eq!(world.post(FINISH, &finish).send().await.word(), "sign-in-over", "a clock that jumped back");
    let finish = Finish { state: vec![1; 600].into(), ..ada.begin_sign_in(&world).await };
    assert_eq!(world.post(FINISH, &finish).send().await.word(), "malformed");
}

#[tokio::test]
async fn one_persons_proof_does_not_finish_anothers_sign_in() {
    let world = World::new().await;
    let [ada, eve] = [Person::sign_up(&world, "ada", 1).await, Person::sign_up(&world, "eve", 2).await];
    let (hers, mine) = (ada.begin_sign_in(&world).await, eve.begin_sign_in(&world).await);
    let mixed = Finish { state: hers.state, ke3: mine.ke3, totp: None };
    assert_eq!(world.post(FINISH, &mixed).send().await.word(), "wrong-credentials");
}

#[tokio::test]
async fn an_old_password_does_not_finish_after_the_new_one_is_in_force() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let old = ada.begin_sign_in(&world).await;
    let unused = ada.sign_in(&world).await;
    let change = ada.begin_password_change(&world, [42; 32]).await;
    let reply = ada.post(&world, "/v1/account/credentials/finish", &change).send().await;
    ada.recorded(&reply);
    assert_eq!(world.post(FINISH, &old).send().await.word(), "sign-in-over");
    let phone = Device::make("phone", &mut Seeded::new(9));
    let enrol = ada.enrolment(&world, &phone);
    let reply = world.post("/v1/devices", &enrol).token(unused.enrolment.expose()).send().await;
    assert_eq!(reply.word(), "no-session", "an enrolment of the old password ends with it");
    ada.password = [42; 32];
    ada.sign_in(&world).await;
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_is_good_once() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let totp = Totp::new(Zeroizing::new(vec![5; 20]), "Truebell", "ada").unwrap();
    let add = AddSecondFactor {
        totp_uri: totp.to_uri(),
        code: totp.code(world.now()).text.expose().to_owned(),
        act: ada.signed(&world, What::SecondFactorAdded { kind: "totp".into() }),
    };
    ada.recorded(&ada.post(&world, "/v1/account/second-factors", &add).send().await);
    let mut finish = ada.begin_sign_in(&world).await;
    insta::assert_snapshot!(world.post(FINISH, &finish).send().await.text(), @r#"{"type":"https://truebell.org/problems/second-factor-needed","title":"A code from your authenticator is needed as well.","status":403}"#);
    finish.totp = Some("000000".into());
    insta::assert_snapshot!(world.post(FINISH, &finish).send().await.text(), @r#"{"type":"https://truebell.org/problems/second-factor-wrong","title":"That code is not right, or was used already: take the next one your authenticator shows.","status":403}"#);
    finish.totp = Some(add.code.clone());
    assert_eq!(world.post(FINISH, &finish).send().await.word(), "second-factor-wrong", "the code that proved the generator");
    world.wait(Duration::from_secs(30));
    let code = totp.code(world.now()).text.expose().to_owned();
    finish.totp = Some(code.clone());
    assert_eq!(world.post(FINISH, &finish).send().await.word(), "ok");
    let again = Finish { totp: Some(code.clone()), ..ada.begin_sign_in(&world).await };
    assert_eq!(world.post(FINISH, &again).send().await.word(), "second-factor-wrong", "a code shown twice");
    // The same holds for taking it away.
    let act = ada.signed(&world, What::SecondFactorRemoved { kind: "totp".into() });
    let remove = RemoveSecondFactor { code, act: act.clone() };
    assert_eq!(ada.post(&world, "/v1/account/second-factors/remove", &remove).send().await.word(), "second-factor-wrong");
    world.wait(Duration::from_secs(30));
    let remove = RemoveSecondFactor { code: totp.code(world.now()).text.expose().to_owned(), act };
    ada.recorded(&ada.post(&world, "/v1/account/second-factors/remove", &remove).send().await);
    ada.sign_in(&world).await;
    assert_eq!(ada.post(&world, "/v1/account/second-factors/remove", &remove).send().await.word(), "ok", "the same act again");
}

#[tokio::test]
async fn a_second_factor_is_only_taken_whole() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let totp = Totp::new(Zeroizing::new(vec![5; 20]), "Truebell", "ada").unwrap();
    let code = totp.code(world.now()).text.expose().to_owned();
    let act = |kind: &str| ada.signed(&world, What::SecondFactorAdded { kind: kind.into() });
    let short = Totp::new(Zeroizing::new(vec![5; 10]), "", "").unwrap().to_uri();
    let endless = totp.clone().with_period_s(86_400).unwrap().to_uri();
    for (uri, code, act, word) in [
        (totp.to_uri(), "000000", act("totp"), "second-factor-wrong"),
        (totp.to_uri(), code.as_str(), act("sms"), "malformed"),
        (totp.to_uri(), &code, ada.signed(&world, What::DeletionCancelled {}), "malformed"),
        (Secret::new("https://example.org"), &code, act("totp"), "malformed"),
        (short, &code, act("totp"), "malformed"),
        (endless, &code, act("totp"), "malformed"),
    ] {
        let add = AddSecondFactor { totp_uri: uri, code: code.into(), act };
        assert_eq!(ada.post(&world, "/v1/account/second-factors", &add).send().await.word(), word);
    }
    let remove = RemoveSecondFactor { code, act: ada.signed(&world, What::SecondFactorRemoved { kind: "totp".into() }) };
    assert_eq!(ada.post(&world, "/v1/account/second-factors/remove", &remove).send().await.word(), "not-found");
}
