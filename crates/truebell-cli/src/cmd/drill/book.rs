//! What happened, second by second, and what a naive client would have made of the same answers.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use truebell_sim::judge_naively;

/// One point of every plot.
pub(super) const STEP: Duration = Duration::from_millis(500);
/// Classes as the plots name them: sign-ins, syncs, edits, the rest.
pub(super) const CLASSES: [&str; 4] = ["sign-ins", "syncs", "edits", "other"];

/// What happened in one step.
#[derive(Clone, Default, Serialize)]
pub(super) struct Step {
    pub offered: u64,
    pub served: [u64; 4],
    pub busy: u64,
    pub refused: u64,
    pub unanswered: u64,
    pub unsigned: u64,
    #[serde(skip)]
    pub served_ms: Vec<f64>,
    #[serde(skip)]
    pub shed_ms: Vec<f64>,
    pub notices: u64,
    pub naive: u64,
    pub at_work: u64,
    pub waiting: u64,
    pub limit: u64,
}

struct Inner {
    began: Instant,
    steps: Vec<Step>,
    phases: Vec<(f64, String, bool)>,
    naive: BTreeMap<&'static str, BTreeSet<usize>>,
    naive_alarms: u64,
    exchanges: u64,
}

/// The book of a run.
pub(super) struct Book {
    inner: Mutex<Inner>,
}

impl Inner {
    fn new() -> Self {
        let began = Instant::now();
        Self { began, steps: Vec::new(), phases: Vec::new(), naive: BTreeMap::new(), naive_alarms: 0, exchanges: 0 }
    }
}

impl Book {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::new(Inner::new()) }
    }

    /// Forgets all and begins now: what came before was no part of the day.
    pub(super) fn begin_again(&self) {
        self.with(|inner| *inner = Inner::new());
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn step(&self, change: impl FnOnce(&mut Step)) {
        self.with(|inner| {
            let index = usize::try_from(inner.began.elapsed().as_millis() / STEP.as_millis()).unwrap_or_default();
            if inner.steps.len() <= index {
                inner.steps.resize_with(index + 1, Step::default);
            }
            if let Some(step) = inner.steps.last_mut() {
                change(step);
            }
        });
    }

    /// Notes one exchange: its status and whether it was signed, or `None` where nobody answered. `account` is a real client's.
    pub(super) fn exchanged(&self, path: &str, answer: Option<(u16, bool)>, took: Duration, account: Option<usize>) {
        let class = match path {
            _ if path.starts_with("/v1/sessions") || path.starts_with("/v1/sign-in") || path == "/v1/devices" => 0,
            "/v1/sync" => 1,
            _ if path.starts_with("/v1/vaults") => 2,
            _ => 3,
        };
        // What was in the body is not looked at here; that there was one is enough.
        let naive = account.and_then(|_| judge_naively(path, answer.map(|(status, _)| (status, None, &b"unread"[..]))));
        let ms = took.as_secs_f64() * 1000.0;
        self.step(|step| {
            step.offered += 1;
            match answer {
                None => step.unanswered += 1,
                Some((_, false)) => step.unsigned += 1,
                Some((200..=399, true)) => {
                    step.served.get_mut(class).into_iter().for_each(|count| *count += 1);
                    step.served_ms.push(ms);
                }
                Some((503, true)) => {
                    step.busy += 1;
                    step.shed_ms.push(ms);
                }
                Some(_) => step.refused += 1,
            }
            step.naive += u64::from(naive.is_some());
        });
        self.with(|inner| {
            inner.exchanges += 1;
            if let (Some(alarm), Some(account)) = (naive, account) {
                inner.naive_alarms += 1;
                inner.naive.entry(alarm.sentence()).or_default().insert(account);
            }
        });
    }

    /// A client showed a notice.
    pub(super) fn noticed(&self, count: u64) {
        self.step(|step| step.notices += count);
    }

    /// How the server's gate stands.
    pub(super) fn gate(&self, at_work: u64, waiting: u64, limit: u64) {
        self.step(|step| (step.at_work, step.waiting, step.limit) = (step.at_work.max(at_work), step.waiting.max(waiting), limit));
    }

    /// From here on this is the phase; a bad one is shaded darker.
    pub(super) fn phase(&self, name: impl Into<String>, is_bad: bool) {
        self.with(|inner| inner.phases.push((inner.began.elapsed().as_secs_f64(), name.into(), is_bad)));
    }

    /// All of it: steps, phases, what the naive client said to how many people, how often, and how many exchanges there were.
    pub(super) fn close(&self) -> Closed {
        self.with(|inner| Closed {
            steps: inner.steps.clone(),
            phases: inner.phases.clone(),
            naive: inner.naive.iter().map(|(sentence, people)| (*sentence, people.len())).collect(),
            naive_alarms: inner.naive_alarms,
            exchanges: inner.exchanges,
            seconds: inner.began.elapsed().as_secs_f64(),
        })
    }
}

/// A closed book.
pub(super) struct Closed {
    pub steps: Vec<Step>,
    pub phases: Vec<(f64, String, bool)>,
    pub naive: Vec<(&'static str, usize)>,
    pub naive_alarms: u64,
    pub exchanges: u64,
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_that_is_nobodys_is_counted_and_judged_by_nobody() {
        let book = Book::new();
        book.exchanged("/v1/sessions", Some((503, true)), STEP, None);
        book.exchanged("/v1/sessions", Some((503, true)), STEP, Some(7));
        let closed = book.close();
        assert_eq!((closed.exchanges, closed.naive_alarms, closed.steps[0].busy), (2, 1, 2));
        assert_eq!(closed.naive, [("Your Secret Key or password was recently changed.", 1)]);
    }
}
