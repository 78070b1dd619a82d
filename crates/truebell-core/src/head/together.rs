//! One signature for the heads of several replies (`docs/formats/reply-head.md`): a Merkle tree over the heads, its root signed, and
//! with each head the path from it to the root. Never here: which replies are signed together.

use crate::hash::Hash32;
use crate::log::derive_node;
use crate::sign::{BadSignature, PublicKey, Purpose, Signature, SigningKey};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// A step of a path: on which side the other node stands, and its hash.
const STEP_LEN: usize = 33;
/// The other node stands to the left.
const LEFT: u8 = 0;
/// The other node stands to the right.
const RIGHT: u8 = 1;
/// Longest path: 256 heads.
const STEPS_MAX: usize = 8;

/// A head's leaf: `SHA-256(00 ‖ head)`. Inner nodes begin with 01 (RFC 6962, section 2.1), so that no node passes for a head.
fn derive_leaf(head: &[u8]) -> Hash32 {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(head);
    Hash32(hash.finalize().into())
}

/// The header values of `heads`, in their order.
pub(super) fn sign(heads: &[Vec<u8>], key: &SigningKey) -> Vec<String> {
    // A longer path than clients take is never made.
    heads.chunks(1 << STEPS_MAX).flat_map(|heads| sign_tree(heads, key)).collect()
}

fn sign_tree(heads: &[Vec<u8>], key: &SigningKey) -> Vec<String> {
    let mut level: Vec<Hash32> = heads.iter().map(|head| derive_leaf(head)).collect();
    let mut places: Vec<usize> = (0..heads.len()).collect();
    let mut paths = vec![Vec::new(); heads.len()];
    while level.len() > 1 {
        for (place, path) in places.iter_mut().zip(&mut paths) {
            let (side, other) = if place.is_multiple_of(2) { (RIGHT, *place + 1) } else { (LEFT, *place - 1) };
            // The last of an odd level has nobody beside it and goes up as it is.
            if let Some(other) = level.get(other) {
                path.push(side);
                path.extend(other.0);
            }
            *place /= 2;
        }
        level = level.chunks(2).map(derive_parent).collect();
    }
    let root = level.first().copied().unwrap_or_default();
    let signature = BASE64URL_NOPAD.encode(&key.sign(Purpose::ReplyHeads, &root.0).0);
    let value =
        |(head, path): (&Vec<u8>, Vec<u8>)| format!("{}.{signature}.{}", BASE64URL_NOPAD.encode(head), BASE64URL_NOPAD.encode(&path));
    heads.iter().zip(paths).map(value).collect()
}

fn derive_parent(pair: &[Hash32]) -> Hash32 {
    match pair {
        [left, right] => derive_node(left, right),
        [alone] => *alone,
        _ => Hash32::default(),
    }
}

/// Checks that `path` leads from this head to a root that `key` signed.
pub(super) fn verify(head: &[u8], signature: &Signature, path: &[u8], key: &PublicKey) -> Result<(), BadSignature> {
    if !path.len().is_multiple_of(STEP_LEN) || path.len() > STEP_LEN * STEPS_MAX {
        return Err(BadSignature);
    }
    let mut found = derive_leaf(head);
    for step in path.chunks_exact(STEP_LEN) {
        let (side, other) = step.split_first().ok_or(BadSignature)?;
        let other = Hash32::from_bytes(other).ok_or(BadSignature)?;
        found = match *side {
            LEFT => derive_node(&other, &found),
            RIGHT => derive_node(&found, &other),
            _ => return Err(BadSignature),
        };
    }
    key.verify(Purpose::ReplyHeads, &found.0, signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{Head, NoHead, Status};
    use crate::ids::ServerId;
    use crate::testing::Seeded;
    use crate::time::UnixMillis;
    use proptest::prelude::*;

    fn head(number: u8) -> Head {
        Head {
            server: ServerId([1; 16]),
            generation: [2; 16],
            restore_epoch: 0,
            at: UnixMillis(u64::from(number)),
            nonce: [number; 16],
            status: Status::Ok,
            account: None,
            pace_ms: 0,
            body: None,
        }
    }

    fn key(seed: u64) -> SigningKey {
        SigningKey::make_random(&mut Seeded::new(seed))
    }

    fn split(value: &str) -> (&str, &str, &str) {
        let mut parts = value.split('.');
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or_default())
    }

    #[test]
    fn every_head_signed_together_verifies_as_itself_and_under_no_other_key() {
        for count in [1, 2, 3, 5, 8, 13, 31, 32, 33, 100] {
            let heads: Vec<Head> = (0..count).map(head).collect();
            let values = Head::sign_all(&heads, &key(1));
            let read: Vec<Head> = values.iter().map(|value| Head::verify(value, &key(1).public()).unwrap()).collect();
            assert_eq!(read, heads, "{count} together");
            assert!(values.iter().all(|value| Head::verify(value, &key(2).public()) == Err(NoHead::Unsigned)));
        }
        assert!(Head::sign_all(&[], &key(1)).is_empty());
    }

    #[test]
    fn more_heads_than_a_path_can_lead_from_take_more_signatures() {
        let heads: Vec<Vec<u8>> = (0..600_u32).map(|number| number.to_be_bytes().to_vec()).collect();
        let values = sign(&heads, &key(1));
        let mut signatures: Vec<&str> = values.iter().map(|value| split(value).1).collect();
        signatures.dedup();
        assert_eq!((values.len(), signatures.len()), (600, 3));
        for (head, value) in heads.iter().zip(&values) {
            let (_, signature, path) = split(value);
            let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
            assert_eq!(verify(head, &Signature(decode(signature).try_into().unwrap()), &decode(path), &key(1).public()), Ok(()));
        }
    }

    #[test]
    fn a_head_with_the_path_of_another_or_with_a_signature_for_something_else_is_unsigned() {
        let values = Head::sign_all(&[head(1), head(2), head(3)], &key(1));
        let parts: Vec<_> = values.iter().map(|value| split(value)).collect();
        let alone = head(1).sign(&key(1));
        let root = {
            let leaves: Vec<Hash32> = (1..=3).map(|number| derive_leaf(&crate::cbor::to_vec(&head(number)))).collect();
            derive_node(&derive_node(&leaves[0], &leaves[1]), &leaves[2])
        };
        let bare_root = BASE64URL_NOPAD.encode(&root.0);
        for (forged, what) in [
            (format!("{}.{}.{}", parts[0].0, parts[0].1, parts[1].2), "another's path"),
            (format!("{}.{}.{}", parts[0].0, parts[0].1, parts[2].2), "the path of the odd one"),
            (format!("{}.{}", parts[0].0, parts[0].1), "without its path"),
            (format!("{}.{}.", parts[0].0, parts[0].1), "an empty path"),
            (format!("{alone}."), "signed alone, with an empty path"),
            (format!("{}.{}.{}", parts[0].0, split(&alone).1, parts[0].2), "the signature of one that was signed alone"),
            (format!("{bare_root}.{}.", parts[0].1), "the root in place of a head"),
            (format!("{}.{}.{}.{}", parts[0].0, parts[0].1, parts[0].2, parts[0].2), "a fourth part"),
        ] {
            assert_eq!(Head::verify(&forged, &key(1).public()), Err(NoHead::Unsigned), "{what}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_letter_leaves_a_head_signed(count in 2_u8..20, pick: prop::sample::Index, at: prop::sample::Index, letter in "[A-Za-z0-9_.-]") {
            let heads: Vec<Head> = (0..count).map(head).collect();
            let values = Head::sign_all(&heads, &key(1));
            let value = pick.get(&values);
            let at = at.index(value.len());
            let mut bent = value.clone();
            bent.replace_range(at..=at, &letter);
            prop_assume!(bent != *value);
            prop_assert_eq!(Head::verify(&bent, &key(1).public()), Err(NoHead::Unsigned));
        }
    }
}
