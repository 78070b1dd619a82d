//! What happened, second by second, and what a naive client would have made of the same answers.

use super::report::Sentence;
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
    pub gate: Option<GateView>,
}

/// How the server's gate stood.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct GateView {
    pub at_work: u64,
    pub waiting: u64,
    pub limit: u64,
}

/// A part of the day.
#[derive(Clone)]
pub(super) struct Phase {
    /// Seconds from the beginning.
    pub at: f64,
    pub name: String,
    /// What it is, in a sentence.
    pub note: String,
    /// The database fails, or more is asked for than it can do.
    pub is_bad: bool,
}

/// A sentence people read: how often, and on which accounts.
#[derive(Default)]
struct Heard {
    sentence: String,
    times: u64,
    accounts: BTreeSet<usize>,
}

impl Heard {
    fn again(&mut self, account: usize) {
        self.times += 1;
        self.accounts.insert(account);
    }

    fn close(&self) -> Sentence {
        Sentence { sentence: self.sentence.clone(), accounts: self.accounts.len() as u64, times: self.times }
    }
}

struct Inner {
    began: Instant,
    steps: Vec<Step>,
    phases: Vec<Phase>,
    /// What the naive client says, by sentence.
    naive: BTreeMap<&'static str, Heard>,
    /// What ours says, by the kind of trouble.
    said: BTreeMap<&'static str, Heard>,
    exchanges: u64,
}

/// The book of a run.
pub(super) struct Book {
    inner: Mutex<Inner>,
}

impl Inner {
    fn new() -> Self {
        let began = Instant::now();
        Self { began, steps: Vec::new(), phases: Vec::new(), naive: BTreeMap::new(), said: BTreeMap::new(), exchanges: 0 }
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
                let heard = inner.naive.entry(alarm.sentence()).or_default();
                alarm.sentence().clone_into(&mut heard.sentence);
                heard.again(account);
            }
        });
    }

    /// A client of ours showed how things stand, in trouble. One sentence of each kind is kept as it was shown.
    pub(super) fn said(&self, kind: &'static str, sentence: &str, account: usize) {
        self.with(|inner| {
            let heard = inner.said.entry(kind).or_default();
            sentence.clone_into(&mut heard.sentence);
            heard.again(account);
        });
    }

    /// A client showed a notice.
    pub(super) fn noticed(&self, count: u64) {
        self.step(|step| step.notices += count);
    }

    /// How the server's gate stands.
    pub(super) fn gate(&self, now: GateView) {
        self.step(|step| {
            let before = step.gate.unwrap_or_default();
            step.gate =
                Some(GateView { at_work: before.at_work.max(now.at_work), waiting: before.waiting.max(now.waiting), limit: now.limit });
        });
    }

    /// From here on this is the phase; a bad one is shaded darker.
    pub(super) fn phase(&self, name: impl Into<String>, note: impl Into<String>, is_bad: bool) {
        let (name, note) = (name.into(), note.into());
        self.with(|inner| inner.phases.push(Phase { at: inner.began.elapsed().as_secs_f64(), name, note, is_bad }));
    }

    /// All of it. Where the gate was not looked at it stands as it stood.
    pub(super) fn close(&self) -> Closed {
        self.with(|inner| Closed {
            steps: carried(inner.steps.clone()),
            phases: inner.phases.clone(),
            naive: most_said(inner.naive.values()),
            said: most_said(inner.said.values()),
            exchanges: inner.exchanges,
            seconds: inner.began.elapsed().as_secs_f64(),
        })
    }
}

fn carried(mut steps: Vec<Step>) -> Vec<Step> {
    let mut last = None;
    for step in &mut steps {
        step.gate = step.gate.or(last);
        last = step.gate;
    }
    steps
}

/// A closed book.
pub(super) struct Closed {
    pub steps: Vec<Step>,
    pub phases: Vec<Phase>,
    /// What the naive client said.
    pub naive: Vec<Sentence>,
    /// What ours said of trouble.
    pub said: Vec<Sentence>,
    pub exchanges: u64,
    pub seconds: f64,
}

impl Closed {
    /// The phases, each with the second it ended.
    pub(super) fn phases_with_ends(&self) -> impl Iterator<Item = (&Phase, f64)> {
        let ends = self.phases.iter().skip(1).map(|phase| phase.at).chain([self.seconds]);
        self.phases.iter().zip(ends)
    }

    /// How often the naive client said something.
    pub(super) fn naive_alarms(&self) -> u64 {
        self.naive.iter().map(|said| said.times).sum()
    }
}

fn most_said<'a>(heard: impl Iterator<Item = &'a Heard>) -> Vec<Sentence> {
    let mut said: Vec<Sentence> = heard.map(Heard::close).collect();
    said.sort_by_key(|said| std::cmp::Reverse(said.times));
    said
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
        assert_eq!((closed.exchanges, closed.naive_alarms(), closed.steps[0].busy), (2, 1, 2));
        let said = Sentence { sentence: "Your Secret Key or password was recently changed.".into(), accounts: 1, times: 1 };
        assert_eq!(closed.naive, [said]);
    }
}
