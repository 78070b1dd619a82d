//! The third phase: each candidate tried on its own account, by any number of processes, each on several cores. Never here: the second
//! implementation, which has its turn when somebody is about to be told.

use super::budget::Budget;
use super::work::{LEASE, Work, other_version};
use crate::cmd::site::plain;
use crate::exit::{Answered, Failure};
use crate::output::Progress as Bar;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::hash::Hash32;
use truebell_core::ids::PairId;
use truebell_server::response::keys::Waiting;
use truebell_sites::password::{Implementation, Stored, Verdict, Verifier};
use truebell_store::response::{Ask, Decided, Listed, Relation, Told};

/// A claim is prolonged that often.
const PROLONG_EVERY: Duration = Duration::from_secs(8);
/// How long the one who claims waits for the others.
const PAUSE: Duration = Duration::from_millis(50);
/// A pair that took so long is recorded at once, so that it is not tried again if this process is killed.
const SLOW: Duration = Duration::from_millis(4);
/// Most accounts that wait in this process.
const QUEUED_MAX: usize = 500;

/// How much was tried in this process.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tried {
    pairs: u64,
    time: Duration,
}

impl Tried {
    /// Pairs a second, if any were tried.
    pub(super) fn rate(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = (self.pairs > 0).then(|| self.pairs as f64 / self.time.as_secs_f64().max(0.001));
        rate
    }
}

/// What those who try have in common.
#[derive(Default)]
struct Shared {
    queue: VecDeque<Listed>,
    busy: usize,
    /// Nothing more comes.
    is_over: bool,
    pairs: u64,
    accounts: u64,
    failure: Option<Failure>,
}

struct Bench<'a> {
    work: &'a Work<'a>,
    shared: Mutex<Shared>,
    changed: Condvar,
}

/// Tries what can be claimed. True if the budget is spent.
pub(super) fn verify(work: &Work<'_>, budget: &Budget, begun: Instant, tried: &mut Tried) -> Answered<bool> {
    let bench = Bench { work, shared: Mutex::default(), changed: Condvar::new() };
    let started = Instant::now();
    let is_over = std::thread::scope(|scope| {
        for _ in 0..budget.cores() {
            scope.spawn(|| bench.try_all());
        }
        let is_over = bench.feed(budget, begun);
        bench.lock().is_over = true;
        bench.changed.notify_all();
        is_over
    });
    let shared = bench.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    tried.pairs += shared.pairs;
    if shared.pairs > 0 {
        tried.time += started.elapsed();
    }
    match shared.failure {
        Some(failure) => Err(failure),
        None => is_over,
    }
}

impl Bench<'_> {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims for the others until there is nothing more to claim, or the budget is spent.
    fn feed(&self, budget: &Budget, begun: Instant) -> Answered<bool> {
        let (bar, started) = (Bar::new("Trying", 0, !self.work.is_quiet), Instant::now());
        let (mut last, mut left) = (Instant::now(), None);
        loop {
            let (queued, busy, pairs, accounts, has_failed) = {
                let shared = self.lock();
                (shared.queue.len(), shared.busy, shared.pairs, shared.accounts, shared.failure.is_some())
            };
            if has_failed || budget.is_over(begun) {
                self.lock().queue.clear();
                return Ok(budget.is_over(begun));
            }
            let wanted = wanted(budget.cores(), accounts, started.elapsed());
            if queued * 2 <= wanted || last.elapsed() >= PROLONG_EVERY {
                last = Instant::now();
                let claimed = self.claim(wanted.saturating_sub(queued))?;
                if claimed.is_empty() && queued == 0 && busy == 0 {
                    return Ok(false);
                }
                self.lock().queue.extend(claimed);
                self.changed.notify_all();
            }
            self.show(&bar, &mut left, pairs, started.elapsed())?;
            drop(self.changed.wait_timeout(self.lock(), PAUSE));
        }
    }

    fn claim(&self, limit: usize) -> Answered<Vec<Listed>> {
        let (matching, worker, now) = (self.work.matching, self.work.worker, SystemClock.now());
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match self.work.store.ask(&Ask::Claim { matching, worker, now, until: now + LEASE, limit })? {
            Told::Accounts(accounts) => Ok(accounts),
            _ => Err(other_version()),
        }
    }

    /// How far it is, how fast it goes, and how long it still takes.
    fn show(&self, bar: &Bar, left: &mut Option<u64>, pairs: u64, time: Duration) -> Answered {
        if self.work.is_quiet {
            return Ok(());
        }
        let total = match *left {
            Some(total) => total,
            None => {
                let Told::Tally(_, waiting) = self.work.store.ask(&Ask::Tally(self.work.matching))? else { return Err(other_version()) };
                *left.insert(waiting)
            }
        };
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate for people")]
        if pairs > 0 {
            let rate = pairs as f64 / time.as_secs_f64().max(0.001);
            let seconds = (total.saturating_sub(pairs) as f64 / rate) as u64;
            bar.say(format!("Trying, {rate:.0} a second, about {}", humantime::format_duration(Duration::from_secs(seconds))));
        }
        bar.at(pairs.min(total), total);
        Ok(())
    }

    /// One core: takes accounts as they come.
    fn try_all(&self) {
        while let Some(listed) = self.take() {
            let ended = self.try_account(&listed);
            let mut shared = self.lock();
            shared.busy -= 1;
            shared.accounts += 1;
            if let Err(failure) = ended {
                shared.failure.get_or_insert(failure);
            }
            drop(shared);
            self.changed.notify_all();
        }
    }

    fn take(&self) -> Option<Listed> {
        let mut shared = self.lock();
        loop {
            if let Some(listed) = shared.queue.pop_front() {
                shared.busy += 1;
                return Some(listed);
            }
            if shared.is_over {
                return None;
            }
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn try_account(&self, listed: &Listed) -> Answered {
        let work = self.work;
        let sealed = listed.sealed.as_deref().unwrap_or_default();
        let waiting = work.key.open_waiting(listed.account, sealed).map_err(plain)?;
        let stored = Stored {
            verifier: &waiting.verifier,
            salt: waiting.salt.as_deref(),
            parameters: waiting.parameters.as_deref(),
            user: waiting.user.as_deref(),
        };
        let (matched, tried, word) = match Verifier::parse(&stored, &work.recipe) {
            Ok(verifier) => {
                let (matched, tried) = self.try_candidates(listed, &verifier)?;
                (matched, tried, listed.word.clone())
            }
            // The site's recipe was changed meanwhile: nothing was tried, and that is said, as when the table is looked at.
            Err(why) => (None, 0, format!("unread: {why}")),
        };
        let generation = truebell_sites::password::Generation::of(&stored);
        let decided = decided(work, listed, &waiting, matched, (tried, word), Hash32(*generation.as_bytes()));
        // Not done if somebody else claimed it, because this process was held up: then it is decided there.
        work.store.is_done(&Ask::Finish { matching: work.matching, worker: work.worker, decided }).map(drop)
    }

    /// The pair that matches, if one does, and how many were tried that are not recorded yet.
    fn try_candidates(&self, listed: &Listed, verifier: &Verifier) -> Answered<(Option<(PairId, Relation)>, u64)> {
        let mut candidates: Vec<_> = listed.candidates.iter().collect();
        // What stood beside the very address proves more.
        candidates.sort_by_key(|candidate| (candidate.relation, candidate.pair));
        let mut unrecorded = 0;
        for (place, candidate) in candidates.iter().enumerate() {
            let password = self.work.key.open_candidate(candidate.pair, &candidate.sealed).map_err(plain)?;
            let begun = Instant::now();
            let verdict = verifier.check(&password, Implementation::First);
            drop(password);
            self.lock().pairs += 1;
            unrecorded += 1;
            if verdict == Verdict::Matches {
                return Ok((Some((candidate.pair, candidate.relation)), unrecorded));
            }
            if begun.elapsed() >= SLOW && place + 1 < candidates.len() {
                let (matching, worker, account) = (self.work.matching, self.work.worker, listed.account);
                if !self.work.store.is_done(&Ask::Tried { matching, worker, account, pair: candidate.pair })? {
                    return Ok((None, unrecorded));
                }
                unrecorded -= 1;
            }
        }
        Ok((None, unrecorded))
    }
}

/// Accounts to have waiting: enough for a second, so that no core waits for the database.
fn wanted(cores: usize, accounts: u64, time: Duration) -> usize {
    let least = cores * 2;
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a guess")]
    let second = (accounts as f64 / time.as_secs_f64().max(0.1)) as usize;
    second.clamp(least, QUEUED_MAX.max(least))
}

fn decided(
    work: &Work<'_>,
    listed: &Listed,
    waiting: &Waiting,
    matched: Option<(PairId, Relation)>,
    (tried, word): (u64, String),
    generation: Hash32,
) -> Decided {
    let grade = match (matched, listed.relation) {
        (Some((_, Relation::Same)), _) => Some(1),
        (Some((_, Relation::Linked)), _) => Some(2),
        // The very address is listed, and no password beside it is known to be the account's.
        (None, Relation::Same) => Some(4),
        (None, Relation::Linked) => None,
    };
    Decided {
        account: listed.account,
        grade,
        generation: Some(generation),
        found: SystemClock.now(),
        sealed: grade.map(|_| work.key.seal_found(listed.account, &waiting.id, &mut SystemChance)),
        tried,
        word,
        evidence: matched.map(|(pair, _)| pair),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_work_for_a_second_and_no_more_than_it_may_hold() {
        let second = Duration::from_secs(1);
        assert_eq!(wanted(4, 0, second), 8);
        assert_eq!(wanted(4, 100, second), 100);
        assert_eq!(wanted(4, 1_000_000, second), QUEUED_MAX);
        assert_eq!(wanted(1000, 0, second), 2000);
    }
}
