//! Our own formats never change: `vectors/core-v1.json` was written once and is compared for ever.
//!
//! A format that changes gets a new file beside it, and this one stays readable.

#![expect(clippy::unwrap_used, reason = "a vector that does not read is a failed test")]

use serde_json::{Value, json};
use truebell_core::account::Unlocked;
use truebell_core::derive::{derive_root, derive_stretched};
use truebell_core::event::{Chain, What, verify};
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, Head, Status, VaultMark};
use truebell_core::ids::{AccountId, ItemId, VaultId};
use truebell_core::item::Item;
use truebell_core::seal::{Context, Part, SealKey, open, seal};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::testing::{Seeded, World};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Kind, Revision, SignedVaultHead, VaultDigest, VaultHead};

const FILE: &str = include_str!("../../../vectors/core-v1.json");

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// Everything the file holds, made anew from the same seeds.
fn make() -> Value {
    json!({ "derive": derive(), "seal": seals(), "account": account(), "vault": vault(), "event": event(), "head": head() })
}

fn derive() -> Value {
    let (account, password) = (AccountId([1; 16]), Secret::new("Correct Horse ﬁ Å"));
    let secret_key = SecretKey::make_random(&mut Seeded::new(1));
    let root = derive_root(&password, &secret_key, account);
    json!({
        "account": account.to_string(), "password": password.expose(), "secret_key": secret_key.to_text().expose(),
        "stretched": hex(derive_stretched(&password, account).as_ref()),
        "unlock_key": hex(root.derive_unlock_key().expose_bytes()), "opaque_password": hex(root.derive_opaque_password().as_ref()),
    })
}

fn seals() -> Value {
    let mut chance = Seeded::new(2);
    let key = SealKey::make_random(&mut chance);
    let place = Context::item(Part::Detail, VaultId([1; 16]), ItemId([2; 16]), 3);
    let cases: Vec<Value> = [&b""[..], b"secret", &[0x80; 100]]
        .iter()
        .map(|plain| json!({ "plain": hex(plain), "sealed": hex(&seal(&key, &place, plain, &mut chance)) }))
        .collect();
    json!({ "key": hex(key.expose_bytes()), "part": 5, "vault": hex(&[1; 16]), "item": hex(&[2; 16]), "revision": 3, "cases": cases })
}

fn account() -> Value {
    let mut world = World::new(3);
    let root = derive_root(&Secret::new("password"), &SecretKey::make_random(&mut world.chance), world.keys.account());
    let keyset = world.keys.seal_keyset(1, &root, &mut world.chance);
    let (vault, wrapped) = world.keys.make_vault(&mut world.chance);
    let mut item = Item::default();
    item.overview.title = "Bank".into();
    item.set_field("password", "secret");
    let sealed = world.keys.seal_item(vault, ItemId([5; 16]), 1, &item, &mut world.chance).unwrap();
    json!({
        "unlock_key": hex(root.derive_unlock_key().expose_bytes()), "account": world.keys.account().to_string(),
        "public": world.keys.public(), "keyset": hex(&keyset), "vault": vault.to_string(), "vault_key": hex(&wrapped),
        "overview": hex(&sealed.overview), "detail": hex(&sealed.detail),
    })
}

fn vault() -> Value {
    let mut world = World::new(4);
    let (vault, _) = world.keys.make_vault(&mut world.chance);
    let live = Revision { item: ItemId([1; 16]), number: 1, prev: Hash32::default(), kind: Kind::Live, overview: vec![1], detail: vec![2] };
    let dead = Revision { number: 2, prev: live.digest(vault), kind: Kind::Tombstone, overview: vec![], detail: vec![], ..live.clone() };
    let mut digest = VaultDigest::default();
    digest.set([(live.item, live.digest(vault)), (ItemId([9; 16]), Hash32([8; 32]))]);
    let head = VaultHead {
        vault,
        seq: 1,
        digest: digest.digest(),
        prev: Hash32::default(),
        account: world.keys.account(),
        device: world.device,
        at: world.now,
        made: None,
    };
    let signed = SignedVaultHead::sign(&head, &world.keys);
    json!({
        "vault": vault.to_string(), "key": world.keys.public().signing, "live": live.digest(vault), "tombstone": dead.digest(vault),
        "empty": VaultDigest::default().digest(), "digest": digest.digest(), "head": hex(&truebell_core::cbor::to_vec(&signed)),
    })
}

fn event() -> Value {
    let mut world = World::new(5);
    let sets = [
        world.happen(What::SecondFactorAdded { kind: "totp".into() }),
        world.happen(What::PasswordChanged {}),
        world.happen(What::DeletionScheduled { due: UnixMillis(1_900_000_000_000) }),
    ];
    json!({ "trust": world.trust(), "sets": sets, "end": world.chain })
}

fn head() -> Value {
    let world = World::new(6);
    let mark = VaultMark { vault: VaultId([3; 16]), seq: 4, head: Hash32([5; 32]) };
    let account = AccountHead {
        account: world.keys.account(),
        chain: Chain { seq: 2, digest: Hash32([6; 32]), epoch: 1 },
        vaults: vec![mark],
        record: 7,
    };
    let head = Head {
        server: world.server,
        generation: [1; 16],
        restore_epoch: 0,
        at: world.now,
        nonce: [2; 16],
        status: Status::Ok,
        account: Some(account),
        pace_ms: 30_000,
        body: None,
    };
    let heads = [3, 4, 5].map(|nonce| Head { nonce: [nonce; 16], ..head.clone() });
    let together = Head::sign_all(&heads, &world.server_key);
    json!({ "key": world.server_key.public(), "value": head.sign(&world.server_key), "together": together })
}

#[test]
fn every_encoding_is_the_one_that_was_written_down() {
    let made = make();
    let kept: Value = serde_json::from_str(FILE).unwrap();
    assert_eq!(made, kept);
}

#[test]
fn everything_written_down_still_opens() {
    let kept: Value = serde_json::from_str(FILE).unwrap();
    let seal = &kept["seal"];
    let key = SealKey::from_bytes(bytes(&seal["key"]).try_into().unwrap());
    for case in seal["cases"].as_array().unwrap() {
        let place = Context::item(Part::Detail, VaultId([1; 16]), ItemId([2; 16]), 3);
        assert_eq!(open(&key, &place, &bytes(&case["sealed"])).unwrap().as_slice(), bytes(&case["plain"]));
    }
    let account = &kept["account"];
    let id: AccountId = account["account"].as_str().unwrap().parse().unwrap();
    let root = derive_root(&Secret::new("password"), &SecretKey::make_random(&mut World::new(3).chance), id);
    let mut keys = Unlocked::open(id, 1, &root, &bytes(&account["keyset"])).unwrap();
    let vault: VaultId = account["vault"].as_str().unwrap().parse().unwrap();
    keys.add_vault(vault, &bytes(&account["vault_key"])).unwrap();
    assert_eq!(keys.open_overview(vault, ItemId([5; 16]), 1, &bytes(&account["overview"])).unwrap().title, "Bank");
    assert!(keys.open_detail(vault, ItemId([5; 16]), 1, &bytes(&account["detail"])).is_ok());

    let event = &kept["event"];
    let trust = serde_json::from_value(event["trust"].clone()).unwrap();
    let mut chain = Chain::default();
    for set in event["sets"].as_array().unwrap() {
        chain = Chain::after(&verify(set.as_str().unwrap(), &trust, &chain).unwrap());
    }
    assert_eq!(serde_json::to_value(chain).unwrap(), event["end"]);

    let vault = &kept["vault"];
    let signed: SignedVaultHead = truebell_core::cbor::from_slice(&bytes(&vault["head"])).unwrap();
    signed.verify(&serde_json::from_value(vault["key"].clone()).unwrap()).unwrap();
    let key = serde_json::from_value(kept["head"]["key"].clone()).unwrap();
    for value in kept["head"]["together"].as_array().unwrap().iter().chain([&kept["head"]["value"]]) {
        Head::verify(value.as_str().unwrap(), &key).unwrap();
    }
}
