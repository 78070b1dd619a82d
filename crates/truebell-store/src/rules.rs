//! The decisions of the contract that need no database, made once for all three: what follows what, what repeats what, what is due.
//!
//! Never here: a look-up or a write.

use crate::StoreError;
use crate::band::{Excess, HOUR_MILLIS, Hours, gauge, hour_of};
use crate::rows::{
    Change, Committed, Decision, LogHead, MailState, NewCommit, NewMail, NewVault, Published, RevisionCursor, RevisionPage, Side,
    TemplateState,
};
use crate::tables::{self, EventRow, MailStopRow, RetractionRow};
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::event::{Act, Chain, Countersigned, NewRetraction, SignedRetraction};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, EventId, VaultId};
use truebell_core::letter::is_correction;
use truebell_core::time::UnixMillis;
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

/// A commit whose number was given before, to the one at `earlier`: that one again, or another by a writer whose randomness came again
/// (a copy of a machine), which must not be taken for stored.
pub(crate) fn repeated(commit: &NewCommit, earlier: u64) -> Committed {
    if commit.seq == earlier { Committed::Repeated(earlier) } else { Committed::Conflict }
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

/// Where a retraction stands: it leaves the epoch alone.
pub(crate) fn is_next(chain: &Chain, new: &NewRetraction) -> bool {
    *chain == new.chain
}

/// The row of an event that a device's act became.
pub(crate) fn event_row(event: &Countersigned) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        account: event.act.account,
        seq: event.act.seq,
        event: event.id,
        code: event.code.as_str().to_owned(),
        act: act_digest(&event.act)?,
        body: event.set.clone(),
    })
}

/// The row of an operator's retraction. It has no act, and no act has this digest.
pub(crate) fn retraction_row(signed: &SignedRetraction) -> EventRow {
    EventRow {
        account: signed.new.account,
        seq: signed.new.chain.seq + 1,
        event: signed.new.id,
        code: signed.code.as_str().to_owned(),
        act: NO_DIGEST,
        body: signed.set.clone(),
    }
}

/// What it takes back.
pub(crate) fn retracted_row(account: AccountId, of_seq: u64, side: Side, seq: u64) -> RetractionRow {
    RetractionRow { account, of_seq, side: tables::side(side), seq }
}

/// Law 4: a mail goes with its event and with no other.
pub(crate) fn check_mails<'a>(event: EventId, mails: impl IntoIterator<Item = &'a NewMail>) -> Result<(), StoreError> {
    let fitting = mails.into_iter().all(|mail| mail.event == event);
    if fitting { Ok(()) } else { Err(StoreError::Damaged("a mail that tells of another event")) }
}

/// How far back another mail about the same kind of thing makes an account one that was told already.
pub(crate) const TOLD_LATELY_MILLIS: u64 = 24 * HOUR_MILLIS;

/// What becomes of a parked mail, as a state.
pub(crate) fn decided(decision: Decision) -> MailState {
    match decision {
        Decision::SendAgain => MailState::Queued,
        Decision::Arrived => MailState::Sent,
        Decision::GiveUp => MailState::Refused,
    }
}

/// Whether too many may be told of a kind of thing. Corrections have no band: they go only to those who were told before, within one, and what
/// was wrong must not stay uncorrected because it was wrong for many.
pub(crate) fn has_band(template: &str) -> bool {
    !is_correction(template)
}

/// What is done in place of a correction, from how far the mail it corrects is.
pub(crate) enum Corrects {
    /// It goes, once that mail has ended.
    Follow,
    /// That mail never leaves, and nothing follows it.
    Withhold,
    /// Nobody got that mail.
    Nothing,
}

/// What is done in place of a correction. One whose mail is not known any more was there when it was looked up.
pub(crate) fn corrects(state: Option<MailState>) -> Corrects {
    match state {
        Some(MailState::Queued) => Corrects::Withhold,
        Some(MailState::Refused) => Corrects::Nothing,
        Some(MailState::Claimed | MailState::Sent | MailState::Parked) | None => Corrects::Follow,
    }
}

/// The state of a template, from its hours and its stop.
pub(crate) fn template_state(template: String, hours: &Hours, stop: Option<&MailStopRow>, waiting: u64, now: UnixMillis) -> TemplateState {
    let excess = |stop: &MailStopRow| Excess { hours: stop.hours, people: stop.people, most: stop.most };
    let stopped = stop.filter(|stop| stop.stopped.0 > 0).map(|stop| (stop.stopped, excess(stop)));
    TemplateState {
        gauge: has_band(&template).then(|| gauge(hours, hour_of(now.0))),
        template,
        waiting,
        stopped,
        cleared: stop.map_or(UnixMillis(0), |stop| stop.cleared),
    }
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
