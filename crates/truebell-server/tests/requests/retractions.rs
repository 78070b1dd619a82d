//! Notices taken back: by a device of the account, by the operator; told to exactly those who were told, and seen wherever the code is.

use super::person::Person;
use super::world::World;
use truebell_core::event::{CheckCode, Event, Genuine, Of, Plea, Reason, What, is_retraction, read_public, read_signed};
use truebell_core::letter::{Enclosed, Evidence};
use truebell_core::sign::SigningKey;
use truebell_core::testing::Seeded;
use truebell_core::wire::account::Acknowledge;
use truebell_core::wire::notice::{Checked, Verdict};
use truebell_server::mail::{MailDetails, Signer};
use truebell_server::retract::{NotTakenBack, TakenBack, take_back};
use truebell_store::rows::{Mail, MailOutcome};

/// The next mail of the outbox, and what it says.
async fn next_mail(world: &World, outcome: MailOutcome) -> Option<(Mail, Evidence)> {
    let mail = world.store.claim_mail(world.now(), world.now()).await.unwrap()?;
    world.store.finish_mail(mail.mail.mail, outcome, world.now()).await.unwrap();
    let enclosed: Enclosed = serde_json::from_str(&mail.mail.values).unwrap();
    let evidence = enclosed.open(world.identity.server, &world.identity.key).unwrap();
    Some((mail, evidence))
}

/// The notice that a first mail tells of.
async fn told(world: &World) -> (Mail, Genuine<Event>) {
    match next_mail(world, MailOutcome::Sent).await.unwrap() {
        (mail, Evidence::Event(event)) => (mail, event),
        other => panic!("{other:?}"),
    }
}

fn acknowledging(person: &Person, world: &World, event: &Event) -> Acknowledge {
    Acknowledge { act: person.signed(world, What::Acknowledged { of: Of::event(event), plea: Plea::ThatWasMe }) }
}

async fn verdict(world: &World, code: &CheckCode) -> Verdict {
    world.get(&format!("/v1/notices/{code}")).send().await.json::<Checked>().verdict
}

async fn operator(world: &World, code: &CheckCode) -> Result<TakenBack, NotTakenBack> {
    let signer = Signer { server: world.identity.server, key: SigningKey::make_random(&mut Seeded::new(7)) };
    assert_eq!(signer.key.public(), world.identity.key);
    let mut chance = Seeded::new(0x4e7 + world.now().0);
    take_back(&*world.store, &signer, (code, Reason::Fault), world.now(), &mut chance).await.map(|(_, taken_back)| taken_back)
}

#[tokio::test]
async fn a_device_takes_a_notice_back_and_those_who_were_told_are_told() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let (first, event) = told(&world).await;
    let asked = acknowledging(&ada, &world, &event);
    let reply = ada.post(&world, "/v1/account/acknowledge", &asked).send().await;
    assert_eq!(reply.word(), "ok");
    let again = ada.post(&world, "/v1/account/acknowledge", &asked).send().await;
    assert_eq!(again.text(), reply.text(), "an answer that was lost");
    ada.recorded(&reply);

    let (mail, Evidence::Acknowledged { of, by, .. }) = next_mail(&world, MailOutcome::Sent).await.unwrap() else { panic!("a correction") };
    assert_eq!((&mail.mail.to, of.code()), (&first.mail.to, event.code()));
    assert_eq!(next_mail(&world, MailOutcome::Sent).await.map(|(mail, _)| mail), None, "once");
    let Verdict::Retracted { proof, retractions } = verdict(&world, &event.code()).await else { panic!("retracted") };
    assert_eq!((proof.kind.as_str(), retractions.len()), ("account-created", 1));
    assert!(matches!(verdict(&world, &by.code()).await, Verdict::Genuine(proof) if proof.kind == "acknowledged"));

    let twice = acknowledging(&ada, &world, &event);
    assert_eq!(ada.post(&world, "/v1/account/acknowledge", &twice).send().await.word(), "conflict");
    let of_itself = acknowledging(&ada, &world, &by);
    assert_eq!(ada.post(&world, "/v1/account/acknowledge", &of_itself).send().await.word(), "malformed", "a correction is not corrected");
    let eve = Person::sign_up(&world, "eve", 2).await;
    let (_, hers) = told(&world).await;
    let anothers = acknowledging(&ada, &world, &hers);
    assert_eq!(ada.post(&world, "/v1/account/acknowledge", &anothers).send().await.word(), "not-found");
    let forged = acknowledging(&eve, &world, &event);
    assert_eq!(ada.post(&world, "/v1/account/acknowledge", &forged).send().await.word(), "bad-signature");
    let nothing = What::Acknowledged { of: Of { seq: 9, ..Of::event(&event) }, plea: Plea::Mistake };
    let wrong = Acknowledge { act: ada.signed(&world, nothing) };
    assert_eq!(ada.post(&world, "/v1/account/acknowledge", &wrong).send().await.word(), "malformed", "another place than the code's");
}

#[tokio::test]
async fn an_operator_takes_a_notice_back_and_the_account_goes_on_after_it() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let (first, event) = told(&world).await;
    let done = operator(&world, &event.code()).await.unwrap();
    assert_eq!((done.of, done.told, done.withheld), (event.code(), 1, 0));
    let (mail, Evidence::Retracted { of, by }) = next_mail(&world, MailOutcome::Sent).await.unwrap() else { panic!("a correction") };
    assert_eq!((&mail.mail.to, of.code(), by.reason), (&first.mail.to, event.code(), Reason::Fault));
    assert_eq!(by.code(), done.code);
    let Verdict::Retracted { retractions, .. } = verdict(&world, &event.code()).await else { panic!("retracted") };
    assert!(is_retraction(&retractions[0]));
    assert!(matches!(verdict(&world, &done.code).await, Verdict::Genuine(proof) if proof.kind == "retracted"));

    assert_eq!(operator(&world, &event.code()).await, Err(NotTakenBack::Already(event.code())));
    assert_eq!(operator(&world, &done.code).await, Err(NotTakenBack::Correction(done.code.clone())));
    let nobody = CheckCode::parse("00000-00000").unwrap();
    assert_eq!(operator(&world, &nobody).await, Err(NotTakenBack::NeverSent(nobody.clone())));

    // The account's next act is told that something happened first, and goes on after it.
    let early = acknowledging(&ada, &world, &event);
    assert_eq!(ada.post(&world, "/v1/account/acknowledge", &early).send().await.word(), "chain-moved");
    ada.chain = world.store.account(ada.account).await.unwrap().unwrap().chain;
    let asked = acknowledging(&ada, &world, &event);
    assert_eq!(ada.post(&world, "/v1/account/acknowledge", &asked).send().await.word(), "ok", "both sides may say so");
    let Verdict::Retracted { retractions, .. } = verdict(&world, &event.code()).await else { panic!("retracted") };
    assert_eq!(retractions.iter().map(|set| is_retraction(set)).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn a_correction_goes_to_no_address_that_certainly_got_nothing() {
    let world = World::new().await;
    Person::sign_up(&world, "ada", 1).await;
    let (_, Evidence::Event(event)) = next_mail(&world, MailOutcome::Refused).await.unwrap() else { panic!("a notice") };
    assert_eq!(operator(&world, &event.code()).await.map(|done| done.told), Ok(0));
    assert_eq!(next_mail(&world, MailOutcome::Sent).await.map(|(mail, _)| mail), None);
    let eve = Person::sign_up(&world, "eve", 2).await;
    let set = world.store.changes(eve.account, &Default::default()).await.unwrap().unwrap().events.remove(0);
    let trust = truebell_core::event::Trust {
        server: world.identity.server,
        server_key: world.identity.key,
        account: eve.account,
        account_key: eve.keys.public().signing,
    };
    let code = read_signed(&set, &trust).unwrap().code();
    let on_its_way = world.store.claim_mail(world.now(), world.now() + std::time::Duration::from_secs(9)).await.unwrap().unwrap();
    assert_eq!(operator(&world, &code).await.map(|done| (done.told, done.withheld)), Ok((1, 0)), "one that is on its way is followed");
    let correction = world.store.claim_mail(world.now(), world.now() + std::time::Duration::from_secs(9)).await.unwrap().unwrap();
    let details: MailDetails = serde_json::from_str(&correction.mail.values).unwrap();
    assert_eq!(details.corrects, Some(on_its_way.mail.mail), "it names the mail it follows");
    let mal = Person::sign_up(&world, "mal", 3).await;
    let set = world.store.changes(mal.account, &Default::default()).await.unwrap().unwrap().events.remove(0);
    let code = read_public(&set, world.identity.server, &world.identity.key, &mal.keys.public().signing).unwrap().code();
    assert_eq!(operator(&world, &code).await.map(|done| (done.told, done.withheld)), Ok((0, 1)), "one that waits is withheld");
    assert_eq!(next_mail(&world, MailOutcome::Sent).await.map(|(mail, _)| mail), None);
}

#[tokio::test]
async fn the_page_says_retracted_in_each_form_and_by_whom() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let (_, event) = told(&world).await;
    let code = event.code();
    let (_, page) = world.page(&format!("/notice/{code}")).await;
    assert!(page.contains("<h1>Genuine</h1>") && page.contains(&format!("href=\"/v1/log/proofs/{code}\"")), "{page}");
    let done = operator(&world, &code).await.unwrap();
    let _ = ada;
    let (status, page) = world.page(&format!("/notice/{code}")).await;
    assert!(status == 200 && page.contains("<h1>Retracted</h1>"), "{page}");
    assert!(page.contains("by the operator of this server") && page.contains("which the operator cannot undo"), "{page}");
    let (status, text) = world.page(&format!("/notice/{code}.txt")).await;
    assert!(status == 200 && text.starts_with("Retracted\n") && !text.contains('<'), "{text}");
    let (status, json) = world.page(&format!("/notice/{code}.json")).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, &json["verdict"], &json["code"]), (200, &"retracted".into(), &code.as_str().into()));
    assert_eq!(json["retractions"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["log_proof"], format!("/v1/log/proofs/{code}"));
    assert!(world.page(&format!("/notice/{}", done.code)).await.1.contains("took an earlier notice back"));
    for (path, verdict) in [("/notice/00000-00000.json", "never-sent"), ("/notice?code=", "")] {
        let (status, said) = world.page(path).await;
        assert!(status == 200 && (verdict.is_empty() || said.contains(verdict)), "{said}");
    }
    assert_eq!(world.page("/notice/hello.json").await.0, 400);
    for word in ["ada", "example", "laptop"] {
        assert!(!page.contains(word) && !text.contains(word), "{word}: anybody may ask");
    }
}
