//! The log's formats never change: `vectors/log-v1.json` was written once and is compared for ever.

#![expect(clippy::unwrap_used, reason = "a vector that does not read is a failed test")]

use serde_json::{Value, json};
use truebell_core::hash::Hash32;
use truebell_core::ids::ServerId;
use truebell_core::log::{
    Checkpoint, Consistency, Origin, Policy, Proof, Tiles, Witness, append, check_consistency, cosign, derive_entry, derive_leaf,
    prove_consistency, prove_inclusion,
};
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;

const FILE: &str = include_str!("../../../vectors/log-v1.json");

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// A log of five events whose digests are `00…`, `01…`, `02…`, `03…`, `04…`.
fn make() -> Value {
    let (key, witness) = (SigningKey::from_seed(&[7; 32]), SigningKey::from_seed(&[8; 32]));
    let origin = Origin { server: ServerId([1; 16]), restore_epoch: 0 };
    let entries: Vec<Hash32> = (0..5).map(|byte| derive_entry(&Hash32([byte; 32]))).collect();
    let (three, five) = (append(0, &[], entries.split_at(3).0).unwrap(), append(0, &[], &entries).unwrap());
    let mut tiles = Tiles::default();
    for (tile, bytes) in &five.tiles {
        tiles.put(*tile, bytes);
    }
    let checkpoint = |size, root| Checkpoint { origin, size, root };
    let last = checkpoint(5, five.root);
    let cosigned = last.sign(&key) + &cosign(&last.text(), "witness.example/w1", &witness, UnixMillis(1_800_000_000_000));
    let consistency = Consistency { from: 3, path: prove_consistency(&tiles, 3, 5).unwrap(), checkpoint: cosigned.clone() };
    let proof = Proof { index: 4, path: prove_inclusion(&tiles, 4, 5).unwrap(), checkpoint: cosigned };
    json!({
        "server": origin.server.to_string(), "server_key": hex(&key.public().0),
        "witness": Witness::new("witness.example/w1", witness.public()).unwrap().to_string(),
        "digests": (0..5).map(|byte| hex(&[byte; 32])).collect::<Vec<_>>(),
        "entries": entries.iter().map(|entry| hex(&entry.0)).collect::<Vec<_>>(),
        "leaves": entries.iter().map(|entry| hex(&derive_leaf(entry).0)).collect::<Vec<_>>(),
        "checkpoint_of_three": checkpoint(3, three.root).sign(&key),
        "consistency": consistency.to_text(), "proof_of_the_last": proof.to_text(),
    })
}

#[test]
fn the_formats_of_the_log_are_those_of_its_vectors() {
    let made = make();
    let stored: Value = serde_json::from_str(FILE).unwrap_or_default();
    assert_eq!(stored, made, "{}", serde_json::to_string_pretty(&made).unwrap());
}

#[test]
fn the_vectors_verify_from_their_texts_alone() {
    let stored: Value = serde_json::from_str(FILE).unwrap();
    let text = |name: &str| stored[name].as_str().unwrap().to_owned();
    let server: ServerId = text("server").parse().unwrap();
    let key = data_encoding::HEXLOWER.decode(text("server_key").as_bytes()).unwrap();
    let key = truebell_core::sign::PublicKey(key.try_into().unwrap());
    let first = Checkpoint::verify(&text("checkpoint_of_three"), server, &key).unwrap();
    let consistency = Consistency::parse(&text("consistency")).unwrap();
    let last = Checkpoint::verify(&consistency.checkpoint, server, &key).unwrap();
    check_consistency((first.size, &first.root), (last.size, &last.root), &consistency.path).unwrap();
    let proof = Proof::parse(&text("proof_of_the_last")).unwrap();
    assert_eq!(proof.verify(&Hash32([4; 32]), server, &key).unwrap().index, 4);
    let policy = Policy::new(vec![text("witness").parse().unwrap()], 1);
    assert!(policy.count(&proof.checkpoint).enough);
}
