//! Vaults: created, written to, never twice and never half; attachments in chunks that do not change.

use super::person::Person;
use super::world::World;
use axum::http::Method;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AttachmentId, ItemId, VaultId};
use truebell_core::vault::{Commit, Kind, Revision, SignedVaultHead, VaultDigest, VaultHead};
use truebell_core::wire::vault::{Committed, NewVault};

const ITEM: ItemId = ItemId([1; 16]);

fn new_vault(ada: &mut Person, world: &World, change: impl FnOnce(&mut VaultHead)) -> NewVault {
    let chance = &mut *ada.chance.borrow_mut();
    let (vault, key) = ada.keys.make_vault(chance);
    let name = ada.keys.seal_vault_name(vault, 1, "Work", chance).unwrap();
    let (digest, device) = (VaultDigest::default().digest(), ada.laptop.new.device);
    let mut head = VaultHead {
        vault,
        seq: 0,
        digest,
        prev: Hash32::default(),
        account: ada.account,
        device,
        at: world.now(),
        made: Some(world.now()),
    };
    change(&mut head);
    let head = SignedVaultHead::sign(&head, &ada.keys);
    NewVault { vault, key: key.into(), name: name.into(), head: truebell_core::cbor::to_vec(&head).into() }
}

#[tokio::test]
async fn a_vault_is_created_once_and_only_empty() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let good = new_vault(&mut ada, &world, |_| {});
    let reply = ada.post(&world, "/v1/vaults", &good).send().await;
    assert_eq!((reply.text().as_str(), reply.head.account.unwrap().vaults.len()), (r#"{"seq":0}"#, 2));
    assert_eq!(ada.post(&world, "/v1/vaults", &good).send().await.json::<Committed>(), Committed { seq: 0 });
    let renamed = NewVault { name: vec![1; 200].into(), ..good };
    assert_eq!(ada.post(&world, "/v1/vaults", &renamed).send().await.word(), "conflict");
    for bad in [
        new_vault(&mut ada, &world, |head| head.seq = 1),
        new_vault(&mut ada, &world, |head| head.vault = VaultId([1; 16])),
        new_vault(&mut ada, &world, |head| head.prev = Hash32([1; 32])),
        new_vault(&mut ada, &world, |head| head.digest = Hash32([1; 32])),
        NewVault { key: vec![1; 5000].into(), ..new_vault(&mut ada, &world, |_| {}) },
    ] {
        assert_eq!(ada.post(&world, "/v1/vaults", &bad).send().await.word(), "malformed");
    }
    let eve = Person::sign_up(&world, "eve", 2).await;
    let hers = new_vault(&mut ada, &world, |_| {});
    assert_eq!(eve.post(&world, "/v1/vaults", &hers).send().await.word(), "bad-signature");
}

#[tokio::test]
async fn a_commit_is_stored_once_and_its_head_is_in_the_reply() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let commit = ada.commit(&world, vec![ada.revision(ITEM, 1, Hash32::default(), 100)]);
    let path = ada.vault_path("/commits");
    for _ in 0..2 {
        let reply = world.post_cbor(&path, &commit).token(&ada.laptop.token).send().await;
        assert_eq!(reply.json::<Committed>(), Committed { seq: 1 });
        let mark = reply.head.account.unwrap().vaults[0];
        assert_eq!((mark.seq, mark.head), (1, commit.head.digest()));
    }
    // A second writer that did not see the first.
    let late = ada.commit(&world, vec![ada.revision(ItemId([2; 16]), 1, Hash32::default(), 100)]);
    let reply = world.post_cbor(&path, &late).token(&ada.laptop.token).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/conflict","title":"Another device wrote first: sync and try again.","status":409}"#);
    assert_eq!(reply.head.account.unwrap().vaults[0].seq, 1, "a conflict says where the vault stands");
}

#[tokio::test]
async fn each_commit_that_is_not_one_is_refused_with_its_reason() {
    let world = World::new().await;
    let [ada, eve] = [Person::sign_up(&world, "ada", 1).await, Person::sign_up(&world, "eve", 2).await];
    let first = || ada.revision(ITEM, 1, Hash32::default(), 100);
    let cases: Vec<(&str, Commit)> = vec![
        ("malformed", ada.commit(&world, vec![])),
        ("malformed", ada.commit(&world, vec![first(), first()])),
        ("malformed", ada.commit(&world, vec![Revision { number: 0, ..first() }])),
        ("malformed", ada.commit(&world, vec![Revision { number: 1 << 63, prev: Hash32([1; 32]), ..first() }])),
        ("malformed", ada.commit(&world, vec![Revision { prev: Hash32([1; 32]), ..first() }])),
        ("malformed", ada.commit(&world, vec![Revision { number: 2, ..first() }])),
        ("malformed", ada.commit(&world, vec![Revision { kind: Kind::Tombstone, ..first() }])),
        ("malformed", ada.commit(&world, vec![Revision { overview: vec![], ..first() }])),
        ("too-large", ada.commit(&world, vec![ada.revision(ITEM, 1, Hash32::default(), (4 << 20) + 1)])),
        ("conflict", ada.commit(&world, vec![Revision { number: 2, prev: Hash32([1; 32]), ..first() }])),
        ("bad-signature", Commit { head: eve.commit(&world, vec![first()]).head, ..ada.commit(&world, vec![first()]) }),
    ];
    for (place, (word, commit)) in cases.iter().enumerate() {
        let reply = world.post_cbor(&ada.vault_path("/commits"), commit).token(&ada.laptop.token).send().await;
        assert_eq!(reply.word(), *word, "case {place}: {}", reply.text());
    }
    let good = ada.commit(&world, vec![first()]);
    let send = async |path: &str| world.post_cbor(path, &good).token(&ada.laptop.token).send().await;
    assert_eq!(send(&eve.vault_path("/commits")).await.word(), "malformed", "the head names its vault");
    assert_eq!(send("/v1/vaults/vlt_x/commits").await.word(), "not-found");
    let many = (0..2001_u32).map(|number| {
        let mut item = [0; 16];
        item[..4].copy_from_slice(&number.to_be_bytes());
        ada.revision(ItemId(item), 1, Hash32::default(), 1)
    });
    let reply = world.post_cbor(&ada.vault_path("/commits"), &ada.commit(&world, many.collect())).token(&ada.laptop.token).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/too-large","title":"That is larger than this server takes.","status":413,"detail":"A commit has at most 2000 revisions."}"#);
    let reply = world.ask(Method::POST, &ada.vault_path("/commits")).body(vec![0xff; 40]).token(&ada.laptop.token).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"type":"https://truebell.org/problems/malformed","title":"The request is not one this server understands: update Truebell.","status":400,"detail":"The body is not the CBOR this route takes."}"#);
}

#[tokio::test]
async fn an_item_of_a_megabyte_and_a_name_in_any_script_are_taken() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    ada.write(&world, vec![ada.revision(ITEM, 1, Hash32::default(), 1 << 20)]).await;
    for name in ["آدا", "아다의 노트북", "ada’s 💻", "ᚨᛞᚨ"] {
        ada.enrol(&world, name).await;
    }
}

#[tokio::test]
async fn an_attachment_is_stored_in_chunks_that_never_change() {
    let world = World::with(|settings| settings.attachment_bytes_max = 2 << 20).await;
    let [ada, eve] = [Person::sign_up(&world, "ada", 1).await, Person::sign_up(&world, "eve", 2).await];
    let attachment = ada.vault_path(&format!("/attachments/{}", AttachmentId([4; 16])));
    let chunk = |index: &str| format!("{attachment}/chunks/{index}");
    let put = async |index: &str, bytes: Vec<u8>| world.ask(Method::PUT, &chunk(index)).body(bytes).token(&ada.laptop.token).send().await;
    for (index, bytes, word) in [
        ("0", vec![1; 1 << 20], "ok"),
        ("0", vec![1; 1 << 20], "ok"),
        ("0", vec![2; 1 << 20], "conflict"),
        ("1", vec![3; 200], "ok"),
        ("2", vec![3; 200], "too-large"),
        ("1", vec![3; 2 << 20], "too-large"),
        ("1", vec![3; 10], "malformed"),
        ("one", vec![3; 200], "not-found"),
    ] {
        assert_eq!(put(index, bytes).await.word(), word, "{index}");
    }
    let get = async |index: &str, token: &str| world.get(&chunk(index)).token(token).send().await;
    let reply = get("1", &ada.laptop.token).await;
    assert_eq!((reply.word(), reply.body), ("ok", vec![3; 200]));
    assert_eq!(get("7", &ada.laptop.token).await.word(), "not-found");
    assert_eq!(get("1", &eve.laptop.token).await.word(), "not-found");
    let delete = async |token: &str| world.ask(Method::DELETE, &attachment).token(token).send().await;
    assert_eq!(delete(&eve.laptop.token).await.word(), "not-found");
    assert_eq!(delete(&ada.laptop.token).await.word(), "ok");
    assert_eq!(delete(&ada.laptop.token).await.word(), "not-found");
    assert_eq!(get("1", &ada.laptop.token).await.word(), "not-found");
}
