//! A vault as the server sees it: sealed revisions, a sequence, and a head its owner signs (`docs/formats/vault.md`).
//!
//! Every write is a *commit*: some revisions and the vault's next head, signed on the device that wrote. The head holds a digest
//! over the current revision of every item, so a server can neither drop, replay, swap nor invent one without being caught; a
//! device remembers the highest head it saw, so it cannot be led back.

use crate::hash::Hash32;
use crate::ids::{AccountId, DeviceId, ItemId, VaultId};
use crate::sign::{BadSignature, PublicKey, Purpose, Signature};
use crate::time::UnixMillis;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a revision is an item or the mark that it was deleted for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// An item.
    #[n(0)]
    Live,
    /// A tombstone: both parts are empty, and the server drops the item's earlier revisions.
    #[n(1)]
    Tombstone,
}

/// One sealed revision of one item. Immutable; a change is the next number.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Revision {
    /// The item.
    #[n(0)]
    pub item: ItemId,
    /// 1, 2, 3, … within the item.
    #[n(1)]
    pub number: u64,
    /// Digest of the revision before; zero for the first.
    #[n(2)]
    pub prev: Hash32,
    /// Live or tombstone.
    #[n(3)]
    pub kind: Kind,
    /// Sealed overview.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub overview: Vec<u8>,
    /// Sealed detail.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub detail: Vec<u8>,
}

impl Revision {
    /// Names this revision and, through `prev`, all before it.
    pub fn digest(&self, vault: VaultId) -> Hash32 {
        Hash32::derive_labelled(
            "truebell revision v1",
            &[
                vault.as_bytes(),
                self.item.as_bytes(),
                &self.number.to_be_bytes(),
                &[self.kind as u8],
                &self.prev.0,
                &Sha256::digest(&self.overview),
                &Sha256::digest(&self.detail),
            ],
        )
    }
}

/// The current revision of each item of a vault, with the digest over all of them. Kept in 256 buckets by the first byte of the
/// item's id, so that one write costs one bucket and not the whole vault.
#[derive(Debug, Clone, Default)]
pub struct VaultDigest {
    buckets: BTreeMap<u8, Bucket>,
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    items: BTreeMap<ItemId, Hash32>,
    digest: Hash32,
}

impl VaultDigest {
    /// Puts items' current revisions in; a tombstone is a revision like any other.
    pub fn set(&mut self, revisions: impl IntoIterator<Item = (ItemId, Hash32)>) {
        let mut touched = BTreeSet::new();
        for (item, digest) in revisions {
            self.buckets.entry(item.0[0]).or_default().items.insert(item, digest);
            touched.insert(item.0[0]);
        }
        for number in touched {
            if let Some(bucket) = self.buckets.get_mut(&number) {
                bucket.digest = bucket_digest(number, &bucket.items);
            }
        }
    }

    /// The current revision's digest of one item.
    pub fn item(&self, item: ItemId) -> Option<Hash32> {
        self.buckets.get(&item.0[0])?.items.get(&item).copied()
    }

    /// The digest over all items. Empty vaults have one too.
    pub fn digest(&self) -> Hash32 {
        let mut hash = Sha256::new();
        hash.update(b"truebell vault digest v1");
        for (number, bucket) in &self.buckets {
            hash.update([*number]);
            hash.update(bucket.digest.0);
        }
        Hash32(hash.finalize().into())
    }
}

fn bucket_digest(number: u8, items: &BTreeMap<ItemId, Hash32>) -> Hash32 {
    let mut hash = Sha256::new();
    hash.update(b"truebell vault bucket v1");
    hash.update([number]);
    for (item, digest) in items {
        hash.update(item.0);
        hash.update(digest.0);
    }
    Hash32(hash.finalize().into())
}

/// What the owner of a vault signs with each commit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct VaultHead {
    /// The vault.
    #[n(0)]
    pub vault: VaultId,
    /// 0 when the vault is created, one more with each commit.
    #[n(1)]
    pub seq: u64,
    /// Digest over all items' current revisions.
    #[n(2)]
    pub digest: Hash32,
    /// Digest of the head before; zero for the first.
    #[n(3)]
    pub prev: Hash32,
    /// Who signs.
    #[n(4)]
    pub account: AccountId,
    /// On which device.
    #[n(5)]
    pub device: DeviceId,
    /// By the device's clock.
    #[n(6)]
    pub at: UnixMillis,
    /// When the vault was created, the same in each of its heads: an account's oldest vault is the same on all its devices.
    #[n(7)]
    pub made: Option<UnixMillis>,
}

/// A vault head and its signature, as carried: the bytes that were signed, never re-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedVaultHead {
    /// CBOR of a [`VaultHead`].
    #[cbor(n(0), with = "minicbor::bytes")]
    pub head: Vec<u8>,
    /// By the account's signing key, [`Purpose::VaultHead`].
    #[n(1)]
    pub signature: Signature,
}

/// Why a vault head is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadVaultHead {
    /// Not CBOR of a head.
    #[error("the vault head is malformed")]
    Malformed,
    /// Somebody else signed it, or nobody.
    #[error(transparent)]
    Signature(#[from] BadSignature),
}

impl SignedVaultHead {
    /// Signs a head with the account's key.
    pub fn sign(head: &VaultHead, keys: &crate::account::Unlocked) -> Self {
        let bytes = crate::cbor::to_vec(head);
        let signature = keys.sign(Purpose::VaultHead, &bytes);
        Self { head: bytes, signature }
    }

    /// Reads it without checking who signed: for the server's bookkeeping before [`verify`](Self::verify), and for nothing else.
    pub fn parse_unverified(&self) -> Result<VaultHead, BadVaultHead> {
        crate::cbor::from_slice(&self.head).map_err(|_| BadVaultHead::Malformed)
    }

    /// The head, if `key` signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<VaultHead, BadVaultHead> {
        key.verify(Purpose::VaultHead, &self.head, &self.signature)?;
        self.parse_unverified()
    }

    /// Names this head.
    pub fn digest(&self) -> Hash32 {
        Hash32::derive_labelled("truebell vault head v1", &[&self.head])
    }
}

/// One write to one vault: all of it is stored, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Commit {
    /// New revisions; at most one per item.
    #[n(0)]
    pub revisions: Vec<Revision>,
    /// The head after them. Its `seq` must be the stored one plus one.
    #[n(1)]
    pub head: SignedVaultHead,
    /// The writer's own number for this commit: a repeated request with the same one is answered as the first was.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub idempotency: [u8; 16],
}

/// Most revisions in one commit.
pub const COMMIT_REVISIONS_MAX: usize = 2000;
/// Most bytes in one commit's CBOR.
pub const COMMIT_BYTES_MAX: usize = 16 << 20;
/// Most bytes in one sealed part.
pub const PART_BYTES_MAX: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use proptest::prelude::*;

    fn revision(item: u8, number: u64, overview: &[u8]) -> Revision {
        Revision {
            item: ItemId([item; 16]),
            number,
            prev: Hash32::default(),
            kind: Kind::Live,
            overview: overview.to_vec(),
            detail: vec![],
        }
    }

    #[test]
    fn a_digest_names_every_member_of_a_revision() {
        let vault = VaultId([1; 16]);
        let base = revision(1, 1, b"a");
        let others = [
            revision(2, 1, b"a"),
            revision(1, 2, b"a"),
            revision(1, 1, b"b"),
            Revision { detail: b"a".to_vec(), overview: vec![], ..base.clone() },
            Revision { prev: Hash32([1; 32]), ..base.clone() },
            Revision { kind: Kind::Tombstone, ..base.clone() },
        ];
        for other in others {
            assert_ne!(other.digest(vault), base.digest(vault), "{other:?}");
        }
        assert_ne!(base.digest(VaultId([2; 16])), base.digest(vault));
    }

    #[test]
    fn a_head_is_believed_from_its_account_only_and_only_as_signed() {
        let (mut ada, bob) = (World::new(1), World::new(2));
        let (vault, _) = ada.keys.make_vault(&mut ada.chance);
        let head = VaultHead {
            vault,
            seq: 3,
            digest: VaultDigest::default().digest(),
            prev: Hash32::default(),
            account: ada.keys.account(),
            device: ada.device,
            at: ada.now,
            made: Some(ada.now),
        };
        let signed = SignedVaultHead::sign(&head, &ada.keys);
        assert_eq!(signed.verify(&ada.keys.public().signing), Ok(head.clone()));
        signed.verify(&bob.keys.public().signing).unwrap_err();
        let raised = SignedVaultHead { head: crate::cbor::to_vec(&VaultHead { seq: 4, ..head }), ..signed };
        raised.verify(&ada.keys.public().signing).unwrap_err();
    }

    proptest! {
        #[test]
        fn ms_11_the_digest_depends_on_the_set_of_current_revisions_and_on_nothing_else(
            writes in proptest::collection::vec((0_u8..20, any::<u8>()), 0..60),
            cut in 0_usize..60,
        ) {
            let write = |(item, digest): &(u8, u8)| {
                let mut id = [*item; 16];
                id[0] = *item % 3;
                (ItemId(id), Hash32([*digest; 32]))
            };
            let mut at_once = VaultDigest::default();
            at_once.set(writes.iter().map(write).collect::<BTreeMap<_, _>>());
            let mut stepwise = VaultDigest::default();
            let cut = cut.min(writes.len());
            stepwise.set(writes[..cut].iter().map(write));
            stepwise.set(writes[cut..].iter().map(write));
            prop_assert_eq!(at_once.digest(), stepwise.digest());
            let before = at_once.digest();
            at_once.set([(ItemId([200; 16]), Hash32([0; 32]))]);
            prop_assert_ne!(at_once.digest(), before);
        }
    }
}
