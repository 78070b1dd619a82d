//! The decisions of the contract that need no database, made once for all three: what follows what, what repeats what, what is due.
//!
//! Never here: a look-up or a write.

use crate::StoreError;
use crate::rows::{Change, LogHead, NewCommit, NewMail, NewVault, Published, RevisionCursor, RevisionPage};
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::event::{Act, Chain, Countersigned};
use truebell_core::hash::Hash32;
use truebell_core::ids::VaultId;
use truebell_core::vault::{Kind, Revision};
use truebell_core::wire::sync::Have;

/// How many of a vault's last commits are remembered by their writers' numbers.
pub(crate) const COMMITS_KEPT: u64 = 64;

/// The `prev` of an item's first revision.
pub(crate) const NO_DIGEST: Hash32 = Hash32([0; 32]);

/// A log entry was to get a place a second time, or was never written.
pub(crate) const NOT_WAITING: StoreError = StoreError::Damaged("a log entry that does not wait for a place");

/// The published checkpoint, if there is one: before the first, the row holds an empty note.
pub(crate) fn has_published(published: Published) -> Option<Published> {
    (!published.note.is_empty()).then_some(published)
}

/// A log that has no row yet is empty: the row is made by its first leaf or checkpoint.
pub(crate) fn log_or_empty(found: Option<LogHead>) -> LogHead {
    found.unwrap_or(LogHead { size: 0, published: None })
}

/// Where a commit's number is kept: the place of the one 64 before it.
pub(crate) fn commit_slot(seq: u64) -> u64 {
    seq % COMMITS_KEPT
}

/// Names an act, so that the same act shown again is known.
pub(crate) fn act_digest(act: &Act) -> Result<Hash32, StoreError> {
    let json = serde_json::to_vec(act).map_err(|_| StoreError::Damaged("an act that has no form"))?;
    Ok(Hash32::derive_labelled("truebell stored act v1", &[&json]))
}

/// Names what a vault was created with, so that the same request shown again is known.
pub(crate) fn creation_digest(new: &NewVault) -> Hash32 {
    Hash32::derive_labelled("truebell vault creation v1", &[&new.key, &new.name, &new.head.head, &new.head.signature.0])
}

/// Where an act stands towards a stored chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the next.
    Next,
    /// Its place is taken, perhaps by itself.
    Taken,
    /// It follows something else.
    Elsewhere,
}

/// Where an act stands, given what it changes.
pub(crate) fn place(chain: &Chain, act: &Act, change: &Change) -> Place {
    let epoch = chain.epoch + u64::from(matches!(change, Change::Credentials { .. }));
    match act.seq {
        seq if seq <= chain.seq => Place::Taken,
        seq if seq == chain.seq + 1 && act.prev == chain.digest && act.epoch == epoch => Place::Next,
        _ => Place::Elsewhere,
    }
}

/// The chain after an event.
pub(crate) fn chain_after(event: &Countersigned) -> Chain {
    Chain { seq: event.act.seq, digest: event.digest, epoch: event.act.epoch }
}

/// Law 4: a mail goes with its event and with no other.
pub(crate) fn check_mails(event: &Countersigned, mails: &[NewMail]) -> Result<(), StoreError> {
    let fitting = mails.iter().all(|mail| mail.event == event.id);
    if fitting { Ok(()) } else { Err(StoreError::Damaged("a mail that tells of another event")) }
}

/// Whether no item appears twice in a commit.
pub(crate) fn items_differ(commit: &NewCommit) -> bool {
    let items: BTreeSet<_> = commit.revisions.iter().map(|revision| revision.item).collect();
    items.len() == commit.revisions.len()
}

/// Whether a revision follows the item's stored one.
pub(crate) fn follows(vault: VaultId, stored: Option<&Revision>, new: &Revision) -> bool {
    match stored {
        None => new.number == 1 && new.prev == NO_DIGEST,
        Some(stored) => Some(new.number) == stored.number.checked_add(1) && new.prev == stored.digest(vault),
    }
}

/// Each vault the client has, with its sequence.
pub(crate) fn known_vaults(have: &Have) -> BTreeMap<VaultId, u64> {
    have.vaults.iter().map(|vault| (vault.vault, vault.seq)).collect()
}

/// The names of the second factors in force.
pub(crate) fn second_factors(has_totp: bool) -> Vec<String> {
    if has_totp { vec!["totp".to_owned()] } else { Vec::new() }
}

/// A page being filled.
pub(crate) struct Page {
    bytes_left: usize,
    page: RevisionPage,
}

impl Page {
    /// An empty one.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_left: bytes_max, page: RevisionPage::default() }
    }

    /// Adds a revision of a commit. False if the page is full now.
    pub(crate) fn add(&mut self, seq: u64, revision: Revision) -> bool {
        let bytes = revision.overview.len() + revision.detail.len();
        let full = bytes >= self.bytes_left;
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.page.next = full.then_some(RevisionCursor { seq, item: revision.item });
        self.page.revisions.push(revision);
        !full
    }

    /// The page.
    pub(crate) fn finish(self) -> RevisionPage {
        self.page
    }
}

/// A revision's kind from its number.
pub(crate) fn kind(number: u8) -> Result<Kind, StoreError> {
    match number {
        0 => Ok(Kind::Live),
        1 => Ok(Kind::Tombstone),
        _ => Err(StoreError::Damaged("a revision of an unknown kind")),
    }
}
