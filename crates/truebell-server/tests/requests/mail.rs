//! Law 4: every act has its mail, made with it and with nothing else.

use super::person::Person;
use super::world::World;
use std::time::Duration;
use truebell_core::event::What;
use truebell_core::wire::account::{ChangeAddress, Deletion};

/// What is queued: template and recipient, oldest first.
async fn queued(world: &World) -> Vec<(String, String)> {
    let mut mails = Vec::new();
    while let Some(mail) = world.store.claim_mail(world.now(), world.now() + Duration::from_hours(1)).await.unwrap() {
        mails.push((mail.mail.template, mail.mail.to));
    }
    mails.sort();
    mails
}

#[tokio::test]
async fn each_act_queues_its_mail_once_and_a_change_of_address_goes_to_both() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let mail = |template: &str, to: &str| (template.to_owned(), to.to_owned());
    assert_eq!(queued(&world).await, [mail("account-created", "ada@example.org")]);
    ada.sign_in(&world).await;
    world.post("/v1/sign-up/finish", &ada.sign_up).send().await;
    ada.prove(&world, &ada.laptop).await;
    assert_eq!(queued(&world).await, [], "a sign-in, a repetition and a session are no acts");
    ada.enrol(&world, "phone").await;
    assert_eq!(queued(&world).await, [mail("device-enrolled", "ada@example.org")]);
    let change = ada.begin_password_change(&world, [42; 32]).await;
    for _ in 0..2 {
        ada.post(&world, "/v1/account/credentials/finish", &change).send().await.json::<serde_json::Value>();
    }
    assert_eq!(queued(&world).await, [mail("password-changed", "ada@example.org")]);
    ada.catch_up(&world).await;
    let what = What::AddressChanged { from_masked: "a…@example.org".into(), to_masked: "l…@example.com".into() };
    let change = ChangeAddress { email: "lovelace@example.com".into(), act: ada.signed(&world, what) };
    ada.recorded(&ada.post(&world, "/v1/account/address", &change).send().await);
    assert_eq!(queued(&world).await, [mail("address-changed", "ada@example.org"), mail("address-changed", "lovelace@example.com")]);
    let due = world.now() + Duration::from_hours(14 * 24);
    let delete = Deletion { act: ada.signed(&world, What::DeletionScheduled { due }) };
    ada.recorded(&ada.post(&world, "/v1/account/deletion", &delete).send().await);
    assert_eq!(queued(&world).await, [mail("deletion-scheduled", "lovelace@example.com")]);
}
