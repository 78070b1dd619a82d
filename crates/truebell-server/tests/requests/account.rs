//! Changes of the account: credentials, address, deletion. One event each, whatever is lost on the way.

use super::person::Person;
use super::world::World;
use std::time::Duration;
use truebell_core::event::{Act, What};
use truebell_core::wire::account::{ChangeAddress, CredentialsFinish, Deletion, Recorded};
use truebell_core::wire::sign_in::Lookup;

const FINISH: &str = "/v1/account/credentials/finish";

#[tokio::test]
async fn a_password_change_raises_the_epoch_and_ends_no_session() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let phone = ada.enrol(&world, "phone").await;
    let change = ada.begin_password_change(&world, [42; 32]).await;
    let reply = ada.post(&world, FINISH, &change).send().await;
    let head = reply.head.account.clone().unwrap();
    assert_eq!((head.chain.seq, head.chain.epoch, head.record), (3, 2, 2));
    ada.recorded(&reply);
    ada.password = [42; 32];
    assert_eq!(ada.sign_in(&world).await.keyset, change.keyset);
    assert_eq!(world.get("/v1/devices").token(&phone.token).send().await.word(), "ok");
    // The answer was lost: the same again, even much later, is the same event.
    world.wait(Duration::from_hours(100));
    let again = ada.post(&world, FINISH, &change).send().await;
    assert_eq!(again.json::<Recorded>().event, reply.json::<Recorded>().event);
    assert_eq!(again.head.account.unwrap().chain, ada.chain);
}

#[tokio::test]
async fn each_refusal_of_a_credential_change_has_its_own_reason_and_changes_nothing() {
    let world = World::new().await;
    let [mut ada, mut eve] = [Person::sign_up(&world, "ada", 1).await, Person::sign_up(&world, "eve", 2).await];
    let phone = ada.enrol(&world, "phone").await;
    let good = ada.begin_password_change(&world, [42; 32]).await;
    let hers = eve.begin_password_change(&world, [43; 32]).await;
    let sign_in = ada.begin_sign_in(&world).await;
    let other_act = ada.signed(&world, What::DeletionCancelled {});
    let skewed = Act { at: world.now() + Duration::from_hours(24), ..ada.act(&world, What::PasswordChanged {}) }.sign(&ada.keys).unwrap();
    let ahead = Act { seq: 9, ..ada.act(&world, What::PasswordChanged {}) }.sign(&ada.keys).unwrap();
    let renamed = Act { device_name: "toaster".into(), ..ada.act(&world, What::PasswordChanged {}) }.sign(&ada.keys).unwrap();
    for (word, body) in [
        ("bad-signature", CredentialsFinish { act: hers.act.clone(), ..good.clone() }),
        ("malformed", CredentialsFinish { act: other_act, ..good.clone() }),
        ("clock-skew", CredentialsFinish { act: skewed, ..good.clone() }),
        ("chain-moved", CredentialsFinish { act: ahead, ..good.clone() }),
        ("malformed", CredentialsFinish { act: renamed, ..good.clone() }),
        ("sign-in-over", CredentialsFinish { state: hers.state.clone(), ke3: hers.ke3.clone(), ..good.clone() }),
        ("malformed", CredentialsFinish { state: sign_in.state, ke3: sign_in.ke3, ..good.clone() }),
        ("wrong-credentials", CredentialsFinish { ke3: hers.ke3, ..good.clone() }),
        ("malformed", CredentialsFinish { opaque: vec![1; 9].into(), ..good.clone() }),
        ("malformed", CredentialsFinish { keyset: vec![].into(), ..good.clone() }),
    ] {
        assert_eq!(ada.post(&world, FINISH, &body).send().await.word(), word);
    }
    let on_phone = world.post(FINISH, &good).token(&phone.token).send().await;
    assert_eq!(on_phone.word(), "malformed", "another device's act");
    assert_eq!(ada.post(&world, FINISH, &good).send().await.word(), "ok");
}

#[tokio::test]
async fn a_changed_address_leads_to_the_account_and_the_old_one_no_more() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    Person::sign_up(&world, "eve", 2).await;
    let change = |email: &str, to_masked: &str| {
        let what = What::AddressChanged { from_masked: "a…@example.org".into(), to_masked: to_masked.into() };
        ChangeAddress { email: email.into(), act: ada.signed(&world, what) }
    };
    for (body, word) in [
        (change("Lovelace@Example.com", "x…@example.com"), "malformed"),
        (change("eve@example.org", "e…@example.org"), "address-taken"),
        (change("nobody", "n…@example.org"), "bad-address"),
        (change(" Lovelace@Example.com", "L…@Example.com"), "ok"),
    ] {
        let reply = ada.post(&world, "/v1/account/address", &body).send().await;
        assert_eq!(reply.word(), word, "{}", reply.text());
        if word == "ok" {
            ada.recorded(&reply);
            assert_eq!(reply.head.account.unwrap().record, 2);
            break;
        }
    }
    let look_up = async |email: &str| world.post("/v1/sign-in/lookup", &Lookup { email: email.into() }).send().await.text();
    assert!(look_up("lovelace@example.com").await.contains(&ada.account.to_string()));
    assert!(!look_up("ada@example.org").await.contains(&ada.account.to_string()));
    ada.sign_in(&world).await;
}

#[tokio::test]
async fn a_closing_account_is_read_and_kept_and_takes_no_other_write() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let phone = ada.enrol(&world, "phone").await;
    let due = world.now() + Duration::from_hours(14 * 24);
    let far = Deletion { act: ada.signed(&world, What::DeletionScheduled { due: due + Duration::from_hours(3) }) };
    assert_eq!(ada.post(&world, "/v1/account/deletion", &far).send().await.word(), "malformed");
    let keep = Deletion { act: ada.signed(&world, What::DeletionCancelled {}) };
    assert_eq!(ada.post(&world, "/v1/account/keep", &keep).send().await.word(), "not-found");
    let delete = Deletion { act: ada.signed(&world, What::DeletionScheduled { due }) };
    let reply = ada.post(&world, "/v1/account/deletion", &delete).send().await;
    let again = ada.post(&world, "/v1/account/deletion", &delete).send().await;
    assert_eq!(again.json::<Recorded>().event, reply.json::<Recorded>().event);
    ada.recorded(&reply);
    let second = Deletion { act: ada.signed(&world, What::DeletionScheduled { due }) };
    assert_eq!(ada.post(&world, "/v1/account/deletion", &second).send().await.word(), "account-closing");
    let commit = ada.commit(&world, vec![ada.revision(truebell_core::ids::ItemId([1; 16]), 1, Default::default(), 100)]);
    let reply = world.post_cbor(&ada.vault_path("/commits"), &commit).token(&ada.laptop.token).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/account-closing","title":"The server takes no changes to this account now: sync to see why, or keep the account with `truebell account keep`.","status":409}"#);
    assert_eq!(world.post("/v1/vaults", &ada.sign_up.vault).token(&phone.token).send().await.word(), "account-closing");
    assert_eq!(world.get("/v1/devices").token(&phone.token).send().await.word(), "ok");
    // Somebody without a device can still sign in and keep it.
    let tablet = ada.enrol(&world, "tablet").await;
    let keep = Deletion { act: ada.act_on(&tablet, &world, What::DeletionCancelled {}).sign(&ada.keys).unwrap() };
    ada.recorded(&world.post("/v1/account/keep", &keep).token(&tablet.token).send().await);
    let reply = world.post_cbor(&ada.vault_path("/commits"), &commit).token(&ada.laptop.token).send().await;
    assert_eq!(reply.word(), "ok");
}
