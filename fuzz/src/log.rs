//! The transparency log: notes and proofs as they come from a server, from a witness, or with a mail.

use std::sync::LazyLock;

use truebell_core::hash::Hash32;
use truebell_core::log::{
    Checkpoint, Consistency, Note, Origin, Policy, Proof, Resource, Tiles, Witness, append, cosign, derive_entry, prove_inclusion,
};
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;

use crate::world::{SERVER, SERVER_KEY, split};

static WITNESS: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[8; 32]));

/// The digests of the events in the one genuine log.
const DIGESTS: [Hash32; 3] = [Hash32([1; 32]), Hash32([2; 32]), Hash32([3; 32])];

/// A proof that its second event is in it, under a checkpoint that a witness signed as well.
static GENUINE: LazyLock<Option<Proof>> = LazyLock::new(|| {
    let entries: Vec<Hash32> = DIGESTS.iter().map(derive_entry).collect();
    let made = append(0, &[], &entries)?;
    let mut tiles = Tiles::default();
    made.tiles.iter().for_each(|(tile, bytes)| tiles.put(*tile, bytes));
    let checkpoint = Checkpoint { origin: Origin { server: SERVER, restore_epoch: 0 }, size: made.size, root: made.root };
    let note = checkpoint.sign(&SERVER_KEY) + &cosign(&checkpoint.text(), "w.example", &WITNESS, UnixMillis(1_000));
    Some(Proof { index: 1, path: prove_inclusion(&tiles, 1, made.size)?, checkpoint: note })
});

/// - a note nobody signed is not believed, and no witness is counted under it;
/// - the genuine checkpoint changed anywhere is refused, or says what it said;
/// - what reads as a path, a witness or a note is written back as it was read.
pub fn checkpoint(data: &[u8]) {
    let (kind, rest) = split(data);
    let Some(genuine) = &*GENUINE else { return };
    let text = match kind & 1 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(&change(genuine.checkpoint.as_bytes(), rest)).into_owned(),
    };
    let (Ok(believed), key) = (Checkpoint::verify(&genuine.checkpoint, SERVER, &SERVER_KEY.public()), SERVER_KEY.public()) else { return };
    if let Ok(found) = Checkpoint::verify(&text, SERVER, &key) {
        assert_eq!(found, believed, "a checkpoint nobody signed was believed");
    }
    if let Ok(witness) = Witness::new("w.example", WITNESS.public())
        && Policy::new(vec![witness], 1).count(&text).enough
    {
        assert_eq!(Note::parse(&text).map(|note| note.text.to_owned()), Ok(believed.text()), "a witness was counted that did not sign");
    }
    if let Ok(witness) = text.parse::<Witness>() {
        assert_eq!(witness.to_string(), text);
    }
    if let Some((resource, width)) = Resource::parse(&text) {
        assert_eq!(resource.path(width), text);
    }
}

/// - a text nobody signed proves nothing;
/// - the genuine proof changed anywhere proves no more than it did: its own event, in its place;
/// - whatever reads is written back to the same meaning.
pub fn proof(data: &[u8]) {
    let (kind, rest) = split(data);
    let Some(genuine) = &*GENUINE else { return };
    let text = match kind & 1 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(&change(genuine.to_text().as_bytes(), rest)).into_owned(),
    };
    if let Ok(proof) = Proof::parse(&text) {
        assert_eq!(Proof::parse(&proof.to_text()).as_ref(), Ok(&proof));
        for (place, digest) in DIGESTS.iter().enumerate() {
            if let Ok(included) = proof.verify(digest, SERVER, &SERVER_KEY.public()) {
                assert_eq!((place as u64, included.checkpoint.size), (included.index, 3), "an event was proven where it is not");
            }
        }
        assert!(proof.verify(&Hash32([9; 32]), SERVER, &SERVER_KEY.public()).is_err(), "an event was proven that is not there");
    }
    if let Some(consistency) = Consistency::parse(&text) {
        assert_eq!(Consistency::parse(&consistency.to_text()).as_ref(), Some(&consistency));
    }
}

/// Replaces bytes: each three of `changes` are a place (two bytes) and what stands there then.
fn change(text: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut changed = text.to_vec();
    for step in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([step[0], step[1]])) % changed.len();
        changed[at] = step[2];
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_genuine_proof_is_believed() {
        let proof = GENUINE.as_ref().expect("a proof");
        assert!(proof.verify(&DIGESTS[1], SERVER, &SERVER_KEY.public()).is_ok(), "otherwise these targets would find nothing");
    }
}
