//! What of a sync stream may be believed. Everything is checked before anything is stored: the caller writes what [`Intake::take`]
//! hands out into one transaction, and commits it only after [`Step::End`].

use super::{Facts, KnownAddress, Local};
use serde::Serialize;
use std::collections::BTreeMap;
use truebell_core::account::Unlocked;
use truebell_core::event::{self, Chain, Event, Link, NotProven, Retraction, Trust, Verified};
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{ItemId, VaultId};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Kind, Revision, SignedVaultHead, VaultHead};
use truebell_core::wire::account::{Record, SignedRecord};
use truebell_core::wire::sync::Frame;
use truebell_core::wire::vault::VaultInfo;

/// What a server sent and cannot prove. Kept out; never an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Unproven {
    /// An event that does not verify or does not follow.
    #[error("an event does not verify")]
    Event,
    /// A state older than one this device has seen (MS-19).
    #[error("the state is older than one seen before")]
    Older,
    /// Another history than the one this device has seen (MS-20).
    #[error("the history is another than before")]
    Forked,
    /// Revisions or a head that do not fit each other (MS-07, MS-11).
    #[error("the vault's proof does not add up")]
    Vault,
    /// The head names a later event than the stream shows (MS-23).
    #[error("an event the server's head names was withheld")]
    Withheld,
    /// A stream that was cut, or that holds less than its head says.
    #[error("the stream was cut short")]
    Incomplete,
    /// A vault key this account did not wrap (MS-12, MS-15).
    #[error("a key was not made by this account")]
    Keys,
    /// Details of the account that its own events do not bear out (MS-22): a deletion, a second factor, an address.
    #[error("the account's details are not those its events prove")]
    Details,
    /// Not a stream this version reads.
    #[error("the stream cannot be read")]
    Malformed,
}

impl Unproven {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::Event, Self::Older, Self::Forked, Self::Vault, Self::Withheld, Self::Incomplete, Self::Keys, Self::Details, Self::Malformed];
}

/// What one frame proved, for the caller to write.
#[derive(Debug)]
pub enum Step {
    /// The next event, and its SET.
    Event(Box<Verified<Event>>, String),
    /// The operator takes an earlier notice back, and the SET that says so. No notice is made from it.
    Retraction(Box<Verified<Retraction>>, String),
    /// The account's record.
    Record(Record),
    /// A vault that is new here; its key is in `Unlocked` already.
    Vault(VaultInfo),
    /// Revisions with their digests.
    Revisions(VaultId, Vec<(Revision, Hash32)>),
    /// A vault's head, proven over all its items.
    Head(VaultHead, SignedVaultHead),
    /// The stream was whole.
    End(Taken),
}

/// All that a whole stream proved.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// The end of the chain.
    pub chain: Chain,
    /// What the chain says of the account.
    pub facts: Facts,
    /// The record's number.
    pub record: u64,
    /// The mail address, as the record has it.
    pub email: Option<KnownAddress>,
    /// Vaults that moved.
    pub vaults: BTreeMap<VaultId, TakenVault>,
}

/// A vault that moved.
#[derive(Debug, Clone, Default)]
pub struct TakenVault {
    /// Its sequence.
    pub seq: u64,
    /// Digest of its signed head.
    pub head: Hash32,
    /// When it was created.
    pub made: Option<UnixMillis>,
    /// Items that moved: number and digest of their current revision.
    pub current: BTreeMap<ItemId, (u64, Hash32)>,
    /// Whether its head was proven.
    proven: bool,
}

/// One stream being taken in.
pub struct Intake<'a> {
    trust: &'a Trust,
    local: &'a Local,
    head: &'a AccountHead,
    chain: Chain,
    facts: Facts,
    record: Option<Record>,
    vaults: BTreeMap<VaultId, TakenVault>,
}

impl<'a> Intake<'a> {
    /// Begins, with the account head of the reply: one that lies behind what this device has seen is refused before a byte is read.
    /// After a restore, and for a first sync, `local` is the empty one.
    pub fn new(trust: &'a Trust, local: &'a Local, head: &'a AccountHead) -> Result<Self, Unproven> {
        if head.account != trust.account {
            return Err(Unproven::Malformed);
        }
        not_behind((head.chain.seq, head.chain.digest), (local.chain.seq, local.chain.digest))?;
        if head.record < local.record {
            return Err(Unproven::Older);
        }
        for (vault, known) in &local.vaults {
            // A vault that is not there any more was not deleted by anybody: deleting one would be an event.
            let mark = mark_of(head, *vault).ok_or(Unproven::Older)?;
            not_behind((mark.seq, mark.head), (known.seq, known.head))?;
        }
        Ok(Self { trust, local, head, chain: local.chain, facts: local.facts.clone(), record: None, vaults: BTreeMap::new() })
    }

    /// Takes one frame; `keys` learn the keys of new vaults.
    pub fn take(&mut self, frame: Frame, keys: &mut Unlocked) -> Result<Step, Unproven> {
        match frame {
            Frame::Event(set) => self.take_event(set),
            Frame::Record(record) => self.take_record(record),
            Frame::Vault(info) => self.take_vault(info, keys),
            Frame::Revisions(vault, revisions) => self.take_revisions(vault, revisions),
            Frame::Head(vault, head) => self.take_head(vault, head),
            Frame::End => self.finish(),
        }
    }

    fn take_event(&mut self, set: String) -> Result<Step, Unproven> {
        let link = event::verify_link(&set, self.trust, &self.chain).map_err(|error| match error {
            NotProven::OutOfChain if self.chain.seq > 0 => Unproven::Forked,
            _ => Unproven::Event,
        })?;
        self.chain = link.after(&self.chain);
        Ok(match link {
            Link::Event(event) => {
                self.facts.learn(&event);
                Step::Event(Box::new(event), set)
            }
            Link::Retraction(retraction) => Step::Retraction(Box::new(retraction), set),
        })
    }

    fn take_record(&mut self, signed: SignedRecord) -> Result<Step, Unproven> {
        // Bent on its way: what our server sends is signed.
        let record = signed.verify(self.trust.account, &self.trust.server_key).map_err(|_| Unproven::Malformed)?;
        if self.record.is_some() || record.number != self.head.record || record.number <= self.local.record {
            return Err(Unproven::Malformed);
        }
        // A keyset of another epoch than the events say would lock a person out of new devices, or let an old password in.
        if record.epoch != self.chain.epoch {
            return Err(Unproven::Keys);
        }
        self.record = Some(record.clone());
        Ok(Step::Record(record))
    }

    fn take_vault(&mut self, info: VaultInfo, keys: &mut Unlocked) -> Result<Step, Unproven> {
        if self.local.vaults.contains_key(&info.vault) || self.vaults.contains_key(&info.vault) {
            return Err(Unproven::Malformed);
        }
        keys.add_vault(info.vault, &info.key).map_err(|_| Unproven::Keys)?;
        // The name is sealed under that key; one that does not open would be found as damage when the copy here is next opened.
        keys.open_vault_name(info.vault, info.name_revision, &info.name).map_err(|_| Unproven::Keys)?;
        self.vaults.insert(info.vault, TakenVault::default());
        Ok(Step::Vault(info))
    }

    fn take_revisions(&mut self, vault: VaultId, revisions: Vec<Revision>) -> Result<Step, Unproven> {
        let known = self.local.vaults.get(&vault);
        if known.is_some() {
            self.vaults.entry(vault).or_default();
        }
        let taken = self.vaults.get_mut(&vault).filter(|taken| !taken.proven).ok_or(Unproven::Malformed)?;
        let mut steps = Vec::with_capacity(revisions.len());
        for revision in revisions {
            let current = taken.current.get(&revision.item).copied().or_else(|| known?.current(revision.item));
            if !follows(&revision, current) {
                return Err(Unproven::Vault);
            }
            let digest = revision.digest(vault);
            taken.current.insert(revision.item, (revision.number, digest));
            steps.push((revision, digest));
        }
        Ok(Step::Revisions(vault, steps))
    }

    fn take_head(&mut self, vault: VaultId, signed: SignedVaultHead) -> Result<Step, Unproven> {
        let known = self.local.vaults.get(&vault);
        if known.is_some() {
            self.vaults.entry(vault).or_default();
        }
        let taken = self.vaults.get_mut(&vault).filter(|taken| !taken.proven).ok_or(Unproven::Malformed)?;
        let head = signed.verify(&self.trust.account_key).map_err(|_| Unproven::Vault)?;
        let mark = mark_of(self.head, vault).ok_or(Unproven::Vault)?;
        if head.vault != vault || head.account != self.trust.account || mark.seq != head.seq || mark.head != signed.digest() {
            return Err(Unproven::Vault);
        }
        let mut digest = known.map(|known| known.digest.clone()).unwrap_or_default();
        digest.set(taken.current.iter().map(|(item, (_, digest))| (*item, *digest)));
        let next = known.is_some_and(|known| head.seq.checked_sub(1) == Some(known.seq) && head.prev != known.head);
        if digest.digest() != head.digest || next {
            return Err(Unproven::Vault);
        }
        (taken.seq, taken.head, taken.made, taken.proven) = (head.seq, mark.head, head.made, true);
        Ok(Step::Head(head, signed))
    }

    fn finish(&mut self) -> Result<Step, Unproven> {
        if self.chain.seq < self.head.chain.seq {
            return Err(Unproven::Withheld);
        }
        if self.chain != self.head.chain || self.vaults.values().any(|taken| !taken.proven) {
            return Err(Unproven::Incomplete);
        }
        let record = self.record.as_ref().map_or(self.local.record, |record| record.number);
        if record != self.head.record {
            return Err(Unproven::Incomplete);
        }
        // The server signs the record, which proves nothing about the account: it may say nothing that the events do not.
        if self.record.as_ref().is_some_and(|record| !self.facts.bear_out(record, self.local.email.as_ref())) {
            return Err(Unproven::Details);
        }
        for mark in &self.head.vaults {
            let taken = self.vaults.get(&mark.vault).map(|taken| taken.head);
            if taken.or_else(|| self.local.vaults.get(&mark.vault).map(|known| known.head)) != Some(mark.head) {
                return Err(Unproven::Incomplete);
            }
        }
        let email = match &self.record {
            Some(record) => self.facts.known_address(&record.email),
            None => self.local.email.clone(),
        };
        let (facts, vaults) = (std::mem::take(&mut self.facts), std::mem::take(&mut self.vaults));
        Ok(Step::End(Taken { chain: self.chain, facts, record, email, vaults }))
    }
}

fn mark_of(head: &AccountHead, vault: VaultId) -> Option<&VaultMark> {
    head.vaults.iter().find(|mark| mark.vault == vault)
}

/// Refuses what lies behind, or beside, what was seen.
fn not_behind(offered: (u64, Hash32), seen: (u64, Hash32)) -> Result<(), Unproven> {
    match offered.0.cmp(&seen.0) {
        std::cmp::Ordering::Less => Err(Unproven::Older),
        std::cmp::Ordering::Equal if offered.1 != seen.1 => Err(Unproven::Forked),
        _ => Ok(()),
    }
}

/// Whether a revision is the next of its item. The revisions before a tombstone are gone on the server, so a tombstone may come after
/// a gap; what it is is proven by the vault's head all the same.
fn follows(revision: &Revision, current: Option<(u64, Hash32)>) -> bool {
    let (number, digest) = current.unwrap_or_default();
    // Numbers are a server's until the head proves them: one at the very end of their range has no next.
    let Some(next_number) = number.checked_add(1) else { return false };
    let next = revision.number == next_number && revision.prev == digest;
    match revision.kind {
        Kind::Live => next,
        Kind::Tombstone => revision.overview.is_empty() && revision.detail.is_empty() && (next || revision.number > next_number),
    }
}

#[cfg(test)]
mod tests;
