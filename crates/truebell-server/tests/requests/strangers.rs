//! Every route with no token, a wrong one, an expired one, and somebody else's: nothing of one person is reached by another.

use super::person::{Person, frames};
use super::world::{Ask, World};
use axum::http::Method;
use std::time::Duration;
use truebell_core::event::What;
use truebell_core::ids::{AttachmentId, ItemId};
use truebell_core::wire::account::{ChangeAddress, CredentialsStart, Deletion, RemoveSecondFactor};
use truebell_core::wire::device::{Revoke, Sessions};
use truebell_core::wire::sync::{Have, HaveVault};

/// A request, and what it is answered with when somebody else's token is shown.
type Case<'a> = (Box<dyn Fn() -> Ask<'a> + 'a>, &'static [&'static str]);

/// Every route that needs a session, asked about Ada's things.
async fn cases<'a>(world: &'a World, ada: &'a mut Person) -> Vec<Case<'a>> {
    let change = ada.begin_password_change(world, [42; 32]).await;
    let session = world.get("/v1/sessions").token(&ada.laptop.token).send().await.json::<Sessions>().sessions[0].session;
    let ada = &*ada;
    let commit = ada.commit(world, vec![ada.revision(ItemId([1; 16]), 1, Default::default(), 10)]);
    let device = ada.laptop.new.device;
    let chunk = ada.vault_path(&format!("/attachments/{}/chunks/0", AttachmentId([1; 16])));
    let attachment = ada.vault_path(&format!("/attachments/{}", AttachmentId([1; 16])));
    let act = ada.signed(world, What::DeletionCancelled {});
    let start = CredentialsStart { ke1: vec![1; 96].into(), opaque: vec![1; 32].into() };
    let address = ChangeAddress { email: "new@example.org".into(), act: act.clone() };
    let (revoke, deletion) = (Revoke { act: act.clone() }, Deletion { act: act.clone() });
    let again = revoke.clone();
    let (keep, code) = (deletion.clone(), RemoveSecondFactor { code: "123456".into(), act });
    let factor = serde_json::json!({ "totp_uri": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "code": "123456", "act": code.act });
    let get = chunk.clone();
    const SIGNED_BY_ADA: &[&str] = &["bad-signature"];
    vec![
        (Box::new(|| world.get("/v1/devices")), &["ok"]),
        (Box::new(|| world.get("/v1/sessions")), &["ok"]),
        (Box::new(|| world.get("/v1/hints")), &["ok"]),
        (Box::new(|| world.post_cbor("/v1/sync", &Have::default())), &["ok"]),
        (Box::new(move || world.post(&format!("/v1/devices/{device}/revoke"), &revoke)), SIGNED_BY_ADA),
        (Box::new(move || world.post(&format!("/v1/sessions/{session}/revoke"), &again)), SIGNED_BY_ADA),
        (Box::new(move || world.post("/v1/account/credentials/start", &start)), &["malformed"]),
        (Box::new(move || world.post("/v1/account/credentials/finish", &change)), SIGNED_BY_ADA),
        (Box::new(move || world.post("/v1/account/address", &address)), SIGNED_BY_ADA),
        (Box::new(move || world.post("/v1/account/deletion", &deletion)), SIGNED_BY_ADA),
        (Box::new(move || world.post("/v1/account/keep", &keep)), SIGNED_BY_ADA),
        (Box::new(move || world.post("/v1/account/second-factors", &factor)), SIGNED_BY_ADA),
        (Box::new(move || world.post("/v1/account/second-factors/remove", &code)), SIGNED_BY_ADA),
        (Box::new(|| world.post("/v1/vaults", &ada.sign_up.vault)), SIGNED_BY_ADA),
        (Box::new(move || world.post_cbor(&ada.vault_path("/commits"), &commit)), SIGNED_BY_ADA),
        (Box::new(move || world.ask(Method::PUT, &chunk).body(vec![1; 200])), &["not-found"]),
        (Box::new(move || world.get(&get)), &["not-found"]),
        (Box::new(move || world.ask(Method::DELETE, &attachment)), &["not-found"]),
        // Ends Eve's own session, so it comes last.
        (Box::new(|| world.post("/v1/sign-out", &())), &["ok"]),
    ]
}

#[tokio::test]
async fn every_route_asks_for_a_session_and_gives_nobody_anothers_things() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let eve = Person::sign_up(&world, "eve", 2).await;
    let enrolment = eve.sign_in(&world).await.enrolment;
    let hers = ada.account;
    let token = ada.laptop.token.clone();
    let ended = world.post("/v1/sessions", &ada.prove(&world, &ada.laptop).await).send().await;
    let ended = ended.json::<truebell_core::wire::sign_in::Proved>().session.token.expose().to_owned();
    world.post("/v1/sign-out", &()).token(&ended).send().await;
    for (place, (ask, words)) in cases(&world, &mut ada).await.iter().enumerate() {
        let words = *words;
        assert_eq!(ask().send().await.word(), "no-session", "case {place} without a token");
        for wrong in ["tbs_", "tbs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", enrolment.expose(), &token[..46], &ended] {
            assert_eq!(ask().token(wrong).send().await.word(), "no-session", "case {place}");
        }
        assert_eq!(ask().header("authorization", &format!("Basic {token}")).send().await.word(), "no-session");
        let reply = ask().token(&eve.laptop.token).begin().await;
        let word = reply.head.status.clone();
        let word = match word {
            truebell_core::head::Status::Ok => "ok",
            truebell_core::head::Status::Refused { reason, .. } => reason.word(),
            _ => "busy",
        };
        assert!(words.contains(&word), "case {place}: {word}");
        assert_ne!(reply.head.account.map(|head| head.account), Some(hers), "case {place}");
    }
    // After all of it, Ada's account is as it was.
    let reply = world.get("/v1/devices").token(&token).send().await;
    assert_eq!(reply.head.account.unwrap().chain.seq, 1);
    world.wait(Duration::from_hours(31 * 24));
    assert_eq!(world.get("/v1/devices").token(&token).send().await.word(), "session-expired");
}

#[tokio::test]
async fn a_sync_that_names_anothers_vault_gets_nothing_of_it() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let eve = Person::sign_up(&world, "eve", 2).await;
    ada.write(&world, vec![ada.revision(ItemId([1; 16]), 1, Default::default(), 10)]).await;
    let have = Have { vaults: vec![HaveVault { vault: ada.vault, seq: 0 }], ..eve.have_all(1) };
    let reply = world.post_cbor("/v1/sync", &have).token(&eve.laptop.token).send().await;
    assert!(frames(&reply).iter().all(|frame| !format!("{frame:?}").contains(&ada.vault.to_string())));
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_said_so_under_our_head() {
    let world = World::new().await;
    for ask in [world.get("/"), world.get("/v2/server"), world.ask(Method::DELETE, "/v1/server"), world.get("/v1/sync")] {
        let reply = ask.send().await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/no-such-route","title":"This server does not know that request: one of the two is too old.","status":404}"#);
        }
    }
}

#[tokio::test]
async fn a_request_without_a_nonce_is_answered_with_none() {
    let world = World::new().await;
    for nonce in [None, Some("short"), Some("!!!!!!!!!!!!!!!!!!!!!!")] {
        let mut ask = world.get("/v1/server");
        ask.nonce = [0; 16];
        ask.request.headers_mut().remove("truebell-nonce");
        let ask = match nonce {
            Some(nonce) => ask.header("truebell-nonce", nonce),
            None => ask,
        };
        assert_eq!(ask.send().await.word(), "ok");
    }
}
