//! How far this device is: what it asks with, and what a server's words are held against.

use super::{Facts, KnownAddress, Taken};
use std::collections::BTreeMap;
use truebell_core::event::Chain;
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{AccountId, ItemId, VaultId};
use truebell_core::time::UnixMillis;
use truebell_core::vault::VaultDigest;
use truebell_core::wire::sync::{Have, HaveVault};

/// How far the account is known here. Proven, all of it: a device never goes back behind this.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// The end of the chain of events.
    pub chain: Chain,
    /// What that chain says of the account.
    pub facts: Facts,
    /// The account record's number; 0 for none.
    pub record: u64,
    /// The mail address in it.
    pub email: Option<KnownAddress>,
    /// The vaults.
    pub vaults: BTreeMap<VaultId, LocalVault>,
}

/// How far a vault is known here.
#[derive(Debug, Clone, Default)]
pub struct LocalVault {
    /// Its sequence.
    pub seq: u64,
    /// Digest of its signed head.
    pub head: Hash32,
    /// When it was created, as its head says.
    pub made: Option<UnixMillis>,
    /// The current revision of each item, by digest.
    pub digest: VaultDigest,
    /// The current revision of each item, by number.
    pub numbers: BTreeMap<ItemId, u64>,
}

impl LocalVault {
    /// An item's current revision: number and digest.
    pub fn current(&self, item: ItemId) -> Option<(u64, Hash32)> {
        Some((*self.numbers.get(&item)?, self.digest.item(item)?))
    }

    /// Puts items' current revisions in.
    pub fn set(&mut self, revisions: impl IntoIterator<Item = (ItemId, u64, Hash32)>) {
        let numbers = &mut self.numbers;
        self.digest.set(revisions.into_iter().map(|(item, number, digest)| {
            numbers.insert(item, number);
            (item, digest)
        }));
    }
}

impl Local {
    /// What to ask a sync with.
    pub fn have(&self) -> Have {
        let vaults = self.vaults.iter().map(|(vault, known)| HaveVault { vault: *vault, seq: known.seq }).collect();
        Have { events: self.chain.seq, record: self.record, vaults }
    }

    /// The account head a server with nothing new would send.
    pub fn account_head(&self, account: AccountId) -> AccountHead {
        let vaults = self.vaults.iter().map(|(vault, known)| VaultMark { vault: *vault, seq: known.seq, head: known.head }).collect();
        AccountHead { account, chain: self.chain, vaults, record: self.record }
    }

    /// Goes on to what a stream proved. Called once its rows are stored.
    pub fn absorb(&mut self, taken: &Taken) {
        self.chain = taken.chain;
        self.facts = taken.facts.clone();
        self.record = taken.record;
        self.email.clone_from(&taken.email);
        for (vault, moved) in &taken.vaults {
            let known = self.vaults.entry(*vault).or_default();
            known.seq = moved.seq;
            known.head = moved.head;
            known.made = moved.made;
            known.set(moved.current.iter().map(|(item, (number, digest))| (*item, *number, *digest)));
        }
    }
}
