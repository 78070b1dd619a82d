//! Rows of recipients, what is counted over them, and how a machine is put back together from rows.

use super::super::ledger::Fault;
use super::super::{Entry, Recipient, Record, Skip, Standing, Turns};
use super::{Effect, Fact, Machine, Phase};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use truebell_core::time::UnixMillis;

/// The window of the hourly cap, in ms.
const HOUR_MS: u64 = 3_600_000;

/// Every recipient's row, with the sums that would be slow to count each time.
#[derive(Debug)]
pub(in super::super) struct Rows {
    rows: BTreeMap<Recipient, (Entry, Option<usize>)>,
    unsettled: Vec<u64>,
    reached: Vec<u64>,
    mailed: u64,
    claims: u64,
    /// When permits were given out, the oldest first.
    recent: VecDeque<UnixMillis>,
    /// Claims and mails that end, and retractions that come again.
    due: BTreeSet<(UnixMillis, Recipient)>,
}

/// Whether nothing more is to come of a row in its stage.
fn is_settled(entry: &Entry) -> bool {
    match entry.standing {
        Standing::Planned | Standing::Claimed { .. } | Standing::Handing { .. } => false,
        Standing::Acted => !entry.mails,
        Standing::Told | Standing::Unknown | Standing::Undeliverable | Standing::Skipped { .. } => true,
        Standing::Retracting { .. } | Standing::Retracted | Standing::Kept => true,
    }
}

fn due_at(entry: &Entry) -> Option<UnixMillis> {
    match entry.standing {
        Standing::Claimed { until } | Standing::Handing { until } => Some(until),
        Standing::Retracting { next, .. } => Some(next),
        _ => None,
    }
}

/// Whether the alarm's mail may have arrived.
fn may_be_told(entry: &Entry) -> bool {
    matches!(entry.standing, Standing::Handing { .. } | Standing::Told | Standing::Unknown)
}

impl Rows {
    pub(super) fn new(turns: &Turns, stages: usize) -> Self {
        let rows: BTreeMap<_, _> = turns.all().map(|(recipient, stage)| (recipient, (Entry::NEW, Some(stage)))).collect();
        let unsettled = (0..stages).map(|stage| turns.size(stage)).collect();
        let (mailed, claims, recent, due) = (0, 0, VecDeque::new(), BTreeSet::new());
        Self { rows, unsettled, reached: vec![0; stages], mailed, claims, recent, due }
    }

    pub(in super::super) fn get(&self, recipient: Recipient) -> Entry {
        self.rows.get(&recipient).map_or(Entry::NEW, |(entry, _)| *entry)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Recipient, Entry)> + '_ {
        self.rows.iter().map(|(recipient, (entry, _))| (*recipient, *entry))
    }

    fn set(&mut self, recipient: Recipient, entry: Entry) {
        let (known, stage) = self.rows.get(&recipient).copied().unwrap_or((Entry::NEW, None));
        let in_stage = |sums: &mut Vec<u64>, before: bool, after: bool| {
            if let Some(sum) = stage.and_then(|stage| sums.get_mut(stage)) {
                *sum = (*sum + u64::from(after)).saturating_sub(u64::from(before));
            }
        };
        in_stage(&mut self.unsettled, !is_settled(&known), !is_settled(&entry));
        in_stage(&mut self.reached, known.standing.is_reached(), entry.standing.is_reached());
        self.mailed = (self.mailed + u64::from(may_be_told(&entry))).saturating_sub(u64::from(may_be_told(&known)));
        if entry.claim > known.claim {
            self.claims += u64::from(known.claim == 0);
            // A lost claim sent nothing. Rows that are put back come in any order; the window needs theirs.
            if let Some(lost) = known.claimed_at.and_then(|at| self.recent.binary_search(&at).ok()) {
                self.recent.remove(lost);
            }
            let at = entry.claimed_at.unwrap_or_default();
            let place = self.recent.partition_point(|earlier| *earlier <= at);
            self.recent.insert(place, at);
        }
        known_due(&mut self.due, &known, recipient, false);
        known_due(&mut self.due, &entry, recipient, true);
        self.rows.insert(recipient, (entry, stage));
    }

    /// How many of a stage have their turn before them.
    pub(in super::super) fn unsettled(&self, stage: usize) -> u64 {
        self.unsettled.get(stage).copied().unwrap_or(0)
    }

    /// How many of a stage something was done to.
    pub(super) fn reached_in(&self, stage: usize) -> u64 {
        self.reached.get(stage).copied().unwrap_or(0)
    }

    /// How many mails may have arrived.
    pub(super) fn mailed(&self) -> u64 {
        self.mailed
    }

    /// How many recipients had a permit.
    pub(in super::super) fn claims(&self) -> u64 {
        self.claims
    }

    /// How many of them in the last hour.
    pub(in super::super) fn claims_in_hour(&mut self, now: UnixMillis) -> u64 {
        while self.recent.front().is_some_and(|at| at.0.saturating_add(HOUR_MS) <= now.0) {
            self.recent.pop_front();
        }
        self.recent.len() as u64
    }

    pub(super) fn first_due(&self) -> Option<UnixMillis> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Claims that ended `grace_ms` ago, and mails that ended.
    pub(super) fn overdue(&self, now: UnixMillis, grace_ms: u64) -> Vec<(Recipient, Entry)> {
        let ended = self.due.iter().take_while(|(at, _)| *at <= now).map(|(at, recipient)| (*at, *recipient, self.get(*recipient)));
        let over = ended.filter(|(at, _, entry)| match entry.standing {
            Standing::Claimed { .. } => at.0.saturating_add(grace_ms) <= now.0,
            Standing::Handing { .. } => true,
            _ => false,
        });
        over.map(|(_, recipient, entry)| (recipient, entry)).collect()
    }

    /// Retractions whose moment has come.
    pub(super) fn retractions_due(&self, now: UnixMillis) -> Vec<(Recipient, Entry)> {
        let ended = self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, recipient)| (*recipient, self.get(*recipient)));
        ended.filter(|(_, entry)| matches!(entry.standing, Standing::Retracting { .. })).collect()
    }
}

fn known_due(due: &mut BTreeSet<(UnixMillis, Recipient)>, entry: &Entry, recipient: Recipient, put: bool) {
    if let Some(at) = due_at(entry) {
        if put {
            due.insert((at, recipient));
        } else {
            due.remove(&(at, recipient));
        }
    }
}

impl Machine {
    /// A row changes, and is written.
    pub(in super::super) fn put(&mut self, recipient: Recipient, entry: Entry) {
        self.rows.set(recipient, entry);
        self.push(Effect::Record(Record::Recipient { recipient, entry }));
    }

    /// A row that another process wrote, in the order they were written. A stop that one of them ordered is a stop here.
    pub fn take_in(&mut self, record: &Record) {
        self.put_back(record);
    }

    /// A row is put back as it was written.
    pub(super) fn put_back(&mut self, record: &Record) {
        match record {
            Record::State { state } => {
                self.latest = self.latest.max(state.opened);
                self.state = *state;
                self.approved = None;
            }
            Record::Said { signed } if !self.said.contains(signed) => self.said.push(signed.clone()),
            Record::Said { .. } => {}
            Record::Recipient { recipient, entry } => self.rows.set(*recipient, *entry),
            Record::Tally { measure, tally } => {
                self.tallies.insert(*measure, *tally);
            }
            Record::Reading { signal, reading } => {
                self.readings.insert(*signal, *reading);
            }
            Record::Tracers { traced } => self.traced = Some(*traced),
            Record::Lease { lease } => {
                self.leases.insert(lease.share, *lease);
            }
        }
    }

    /// Where a claim goes that nothing came of.
    pub(super) fn after_claim(&self) -> Standing {
        match self.state.phase {
            Phase::Retracting | Phase::Retracted => Standing::Skipped { why: Skip::TakenBack },
            _ => Standing::Planned,
        }
    }

    /// Facts are not refused: they have happened. One that nobody allowed is a fault of the sender, and stops it.
    pub(super) fn note_fact(&mut self, recipient: Recipient, fact: Fact, now: UnixMillis) {
        let entry = self.rows.get(recipient);
        let standing = match (fact, entry.standing) {
            (Fact::Acted { claim }, Standing::Claimed { .. }) if claim == entry.claim => Standing::Acted,
            // Heard twice.
            (Fact::Acted { claim }, standing) if claim == entry.claim && (standing.is_reached() || is_undoing(standing)) => return,
            (Fact::Told, Standing::Handing { .. } | Standing::Unknown) => Standing::Told,
            (Fact::Unknown, Standing::Handing { .. }) => Standing::Unknown,
            (Fact::Deferred, Standing::Handing { .. } | Standing::Unknown) => Standing::Acted,
            (Fact::Undeliverable, Standing::Handing { .. } | Standing::Unknown) => Standing::Undeliverable,
            (Fact::Told | Fact::Unknown, Standing::Told | Standing::Unknown) => return,
            (Fact::Deferred, Standing::Acted) | (Fact::Undeliverable, Standing::Undeliverable) => return,
            (Fact::Told | Fact::Unknown | Fact::Deferred | Fact::Undeliverable, standing) if is_undoing(standing) => return,
            (Fact::Skipped(why), Standing::Planned | Standing::Claimed { .. }) => Standing::Skipped { why },
            (Fact::Skipped(_), Standing::Skipped { .. }) => return,
            (Fact::Retracted, Standing::Retracting { .. }) => Standing::Retracted,
            (Fact::Kept, Standing::Retracting { .. }) => Standing::Kept,
            (Fact::RetractionFailed, Standing::Retracting { tell, tries, .. }) => super::undo::again(tell, tries, now),
            (Fact::Retracted | Fact::Kept | Fact::RetractionFailed, Standing::Retracted | Standing::Kept) => return,
            // It was done without leave. What was done is in the books all the same, so that it can be undone.
            (Fact::Acted { .. }, Standing::Planned | Standing::Claimed { .. } | Standing::Skipped { .. }) => {
                return self.unannounced(recipient, Standing::Acted);
            }
            (Fact::Told, Standing::Planned | Standing::Claimed { .. } | Standing::Skipped { .. } | Standing::Acted) => {
                return self.unannounced(recipient, Standing::Told);
            }
            (Fact::Unknown, Standing::Planned | Standing::Claimed { .. } | Standing::Skipped { .. } | Standing::Acted) => {
                return self.unannounced(recipient, Standing::Unknown);
            }
            _ => return self.stop_for(Fault::Unannounced),
        };
        self.put(recipient, Entry { standing, ..entry });
        self.undo_late(recipient, now);
    }

    fn unannounced(&mut self, recipient: Recipient, standing: Standing) {
        self.put(recipient, Entry { standing, mails: true, ..self.rows.get(recipient) });
        self.stop_for(Fault::Unannounced);
        self.undo_late(recipient, self.latest);
    }
}

fn is_undoing(standing: Standing) -> bool {
    matches!(standing, Standing::Retracting { .. } | Standing::Retracted | Standing::Kept)
}
