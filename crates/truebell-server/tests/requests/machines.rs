//! Machines: they read the vaults they were given, and every other door is closed to them.

use super::person::{Device, Person, frames};
use super::world::{Reply, World};
use axum::http::Method;
use truebell_core::event::{Chain, What};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AttachmentId, ItemId, VaultId};
use truebell_core::machine::{MachineSecret, PLATFORM};
use truebell_core::testing::Seeded;
use truebell_core::vault::{SignedVaultHead, VaultDigest, VaultHead};
use truebell_core::wire::device::{EnrolMachine, MachineKey, NewDevice, Revoke};
use truebell_core::wire::sign_in::Proved;
use truebell_core::wire::sync::{Frame, Have};
use truebell_core::wire::vault::NewVault;

/// A second vault of a person's.
async fn second_vault(world: &World, ada: &mut Person) -> VaultId {
    let mut chance = Seeded::new(77);
    let (vault, key) = ada.keys.make_vault(&mut chance);
    let head = VaultHead {
        vault,
        seq: 0,
        digest: VaultDigest::default().digest(),
        prev: Hash32::default(),
        account: ada.account,
        device: ada.laptop.new.device,
        at: world.now(),
        made: Some(world.now()),
    };
    let head = truebell_core::cbor::to_vec(&SignedVaultHead::sign(&head, &ada.keys));
    let name = ada.keys.seal_vault_name(vault, 1, "Work", &mut chance).unwrap();
    let new = NewVault { vault, key: key.into(), name: name.into(), head: head.into() };
    assert_eq!(ada.post(world, "/v1/vaults", &new).send().await.word(), "ok");
    vault
}

fn secret(seed: u64) -> MachineSecret {
    MachineSecret::make_random(&mut Seeded::new(seed))
}

/// What makes a machine, signed on the laptop.
fn enrolment(world: &World, ada: &Person, secret: &MachineSecret, vaults: &[VaultId]) -> EnrolMachine {
    let (device, key) = (secret.derive_device(), secret.derive_device_key().public());
    let name = "build".to_owned();
    let what = What::MachineEnrolled { enrolled: device, device_key: key, name: name.clone(), vaults: vaults.to_vec() };
    let seal = |vault: &VaultId| {
        let key = ada.keys.wrap_vault_for(*vault, &secret.derive_wrapping_key(), &mut *ada.chance.borrow_mut()).unwrap();
        MachineKey { vault: *vault, key: key.into() }
    };
    let device = NewDevice { device, key, name, platform: PLATFORM.into() };
    EnrolMachine { device, vaults: vaults.iter().map(seal).collect(), act: ada.signed(world, what) }
}

async fn open(world: &World, ada: &Person, secret: &MachineSecret) -> Reply {
    let machine = Device {
        new: NewDevice { device: secret.derive_device(), ..ada.laptop.new.clone() },
        key: secret.derive_device_key(),
        token: String::new(),
    };
    world.post("/v1/sessions", &ada.prove(world, &machine).await).send().await
}

/// A machine of somebody who has two vaults and may read the first; its token.
async fn machine(world: &World, ada: &mut Person) -> (MachineSecret, String) {
    let secret = secret(5);
    let reply = ada.post(world, "/v1/machines", &enrolment(world, ada, &secret, &[ada.vault])).send().await;
    ada.recorded(&reply);
    let token = open(world, ada, &secret).await.json::<Proved>().session.token;
    (secret, token.expose().to_owned())
}

#[tokio::test]
async fn a_machine_is_told_once_and_its_sessions_are_not() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let before = world.store.queued_mails("machine-enrolled", 9).await.unwrap().len();
    let (secret, _) = machine(&world, &mut ada).await;
    let chain = ada.chain;
    for _ in 0..20 {
        assert_eq!(open(&world, &ada, &secret).await.word(), "ok");
    }
    ada.catch_up(&world).await;
    assert_eq!((before, ada.chain), (0, chain));
    assert_eq!(world.store.queued_mails("machine-enrolled", 9).await.unwrap().len(), 1);
    assert_eq!(world.store.queued_mails("device-enrolled", 9).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_machine_reads_its_vault_and_hears_of_nothing_else() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let other = second_vault(&world, &mut ada).await;
    let first = ada.revision(ItemId([1; 16]), 1, Hash32::default(), 100);
    ada.write(&world, vec![first]).await;
    let (secret, token) = machine(&world, &mut ada).await;
    let reply = world.post_cbor("/v1/sync", &Have::default()).token(&token).send().await;
    let head = reply.head.account.clone().unwrap();
    assert_eq!((head.account, head.chain, head.record), (ada.account, Chain::default(), 0));
    assert_eq!(head.vaults.iter().map(|mark| mark.vault).collect::<Vec<_>>(), [ada.vault]);
    let frames = frames(&reply);
    let [Frame::Vault(info), Frame::Revisions(of, revisions), Frame::Head(headed, _)] = frames.as_slice() else {
        panic!("its vault, whole, and no event and no record: {frames:?}")
    };
    assert_eq!((info.vault, *of, *headed, revisions.len()), (ada.vault, ada.vault, ada.vault, 1));
    let mut keys = secret.unlock(ada.account);
    keys.add_vault(info.vault, &info.key).unwrap();
    assert_eq!(keys.open_vault_name(info.vault, 1, &info.name).unwrap(), "Personal");
    let theirs = AttachmentId([4; 16]);
    for (vault, word) in [(ada.vault, "ok"), (other, "not-found")] {
        let path = format!("/v1/vaults/{vault}/attachments/{theirs}/chunks/0");
        assert_eq!(world.ask(Method::PUT, &path).body(vec![1; 200]).token(&ada.laptop.token).send().await.word(), "ok");
        assert_eq!(world.get(&path).token(&token).send().await.word(), word);
    }
    let up_to_date = Have { vaults: ada.have_all(0).vaults, ..Have::default() };
    assert_eq!(super::person::frames(&world.post_cbor("/v1/sync", &up_to_date).token(&token).send().await), []);
    let claims_more = Have { events: 999, record: 999, vaults: Vec::new() };
    let reply = world.post_cbor("/v1/sync", &claims_more).token(&token).send().await;
    assert_eq!(super::person::frames(&reply).len(), 3, "what it says it has makes no difference");
}

/// Whoever adds a route closes it to machines, unless it is opened to them here.
#[tokio::test]
async fn every_route_that_asks_for_a_session_is_closed_to_machines_but_these() {
    const OPEN: [(&str, &str); 3] =
        [("post", "/v1/sync"), ("get", "/v1/vaults/{vault}/attachments/{attachment}/chunks/{index}"), ("post", "/v1/sign-out")];
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let (_, token) = machine(&world, &mut ada).await;
    let document: serde_json::Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    let mut closed = 0;
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, route) in verbs.as_object().unwrap() {
            let asks = route["security"].as_array().is_some_and(|shown| shown.iter().any(|shown| shown.get("session").is_some()));
            if !asks || OPEN.contains(&(verb, path)) {
                continue;
            }
            closed += 1;
            let path = path.replace("{vault}", &ada.vault.to_string()).replace("{device}", &ada.laptop.new.device.to_string());
            let path = path.replace("{attachment}", &AttachmentId([4; 16]).to_string()).replace("{index}", "0");
            let path = path.replace("{session}", "ses_2bvjhcg13g41jtkcjfagg2trbf");
            let reply = world.ask(verb.to_uppercase().parse().unwrap(), &path).body("{}").token(&token).send().await;
            assert_eq!(reply.word(), "machine-only-reads", "{verb} {path}");
            assert_eq!(reply.head.account.unwrap().chain, Chain::default(), "{verb} {path}: not even a refusal tells it more");
        }
    }
    assert!(closed >= 17, "{closed} routes were tried");
}

#[tokio::test]
async fn each_refusal_of_a_machine_has_its_own_reason() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let eve = Person::sign_up(&world, "eve", 2).await;
    let other = second_vault(&world, &mut ada).await;
    let mut both = [ada.vault, other];
    both.sort_unstable();
    let good = enrolment(&world, &ada, &secret(5), &both);
    let upside_down: Vec<VaultId> = both.iter().rev().copied().collect();
    let theirs = EnrolMachine {
        vaults: vec![MachineKey { vault: eve.vault, key: vec![1; 100].into() }],
        act: ada.signed(
            &world,
            What::MachineEnrolled {
                enrolled: good.device.device,
                device_key: good.device.key,
                name: "build".into(),
                vaults: vec![eve.vault],
            },
        ),
        ..good.clone()
    };
    let keyless = |key: Vec<u8>| EnrolMachine {
        vaults: good.vaults.iter().map(|given| MachineKey { key: key.clone().into(), ..given.clone() }).collect(),
        ..good.clone()
    };
    let named = |name: &str| EnrolMachine { device: NewDevice { name: name.into(), ..good.device.clone() }, ..good.clone() };
    for (why, word, body) in [
        ("no vault", "malformed", enrolment(&world, &ada, &secret(5), &[])),
        ("out of order", "malformed", enrolment(&world, &ada, &secret(5), &upside_down)),
        ("one twice", "malformed", enrolment(&world, &ada, &secret(5), &[ada.vault, ada.vault])),
        ("others than signed", "malformed", EnrolMachine { vaults: good.vaults[..1].to_vec(), ..good.clone() }),
        ("another name than signed", "malformed", named("deploy")),
        ("no key", "malformed", keyless(vec![])),
        ("a key too long", "malformed", keyless(vec![1; 4097])),
        ("another account's vault", "not-found", theirs),
        (
            "signed by somebody else",
            "bad-signature",
            EnrolMachine { act: enrolment(&world, &eve, &secret(5), &[eve.vault]).act, ..good.clone() },
        ),
    ] {
        assert_eq!(ada.post(&world, "/v1/machines", &body).send().await.word(), word, "{why}");
    }
    let reply = ada.post(&world, "/v1/machines", &good).send().await;
    assert_eq!(reply.word(), "ok");
    let again = ada.post(&world, "/v1/machines", &good).send().await;
    assert_eq!(again.text(), reply.text(), "the same again is the same event");
    ada.recorded(&reply);
    let twice = enrolment(&world, &ada, &secret(5), &both);
    assert_eq!(ada.post(&world, "/v1/machines", &twice).send().await.word(), "not-found", "its id is taken");
}

#[tokio::test]
async fn a_revoked_machine_is_out_at_once() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let (secret, token) = machine(&world, &mut ada).await;
    let device = secret.derive_device();
    let act = ada.signed(&world, What::DeviceRevoked { revoked: device, revoked_name: "build".into() });
    let reply = ada.post(&world, &format!("/v1/devices/{device}/revoke"), &Revoke { act }).send().await;
    ada.recorded(&reply);
    assert_eq!(world.post_cbor("/v1/sync", &Have::default()).token(&token).send().await.word(), "no-session");
    assert_eq!(open(&world, &ada, &secret).await.word(), "device-unknown");
}
