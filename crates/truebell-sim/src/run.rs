//! Many seeds on a few threads, each thread with worlds of its own; and the mutations, each with the seeds it takes to catch it. Never
//! here: how long a run took, which depends on the machine.

use crate::checks::{Check, Counts};
use crate::kinds::Tally;
use crate::mutate::Mutation;
use crate::net::Exchanges;
use crate::story::Story;
use crate::world::World;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Steps of one story.
pub const STEPS: usize = 1_500;
/// Steps of a story that tries a mutation: most show themselves soon.
const MUTATION_STEPS: usize = 700;
/// Seeds a mutation has to be caught within.
const MUTATION_SEEDS: u64 = 12;

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The first seed.
    pub first: u64,
    /// How many seeds at most.
    pub seeds: u64,
    /// Stop once so many faulted exchanges are done, and whatever began is ended.
    pub faulted: Option<u64>,
    /// Worker threads.
    pub threads: usize,
    /// Steps of each story.
    pub steps: usize,
}

/// What was found in one seed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// The six counters.
    pub counts: Counts,
    /// In words.
    pub findings: Vec<String>,
}

/// What became of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// The six counters, over all.
    pub counts: Counts,
    /// Exchanges.
    pub exchanges: Exchanges,
    /// What a naive client would have told people that was not true.
    pub naive_false_alarms: u64,
    /// How often each kind of trouble happened.
    pub tally: Tally,
    /// Seeds in which something was found.
    pub found: Vec<Found>,
}

/// One mutation, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Caught {
    /// Which.
    pub mutation: Mutation,
    /// Where; `None` if it was not caught.
    pub at: Option<At>,
    /// By which counter.
    pub by: Option<Check>,
    /// What was counted there.
    pub counts: Counts,
    /// The first finding of that counter.
    pub finding: String,
}

/// Where a mutation was caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// In the story of this seed.
    Seed(u64),
    /// In the story that was written for it.
    Story,
}

/// Runs one seed.
pub fn run_seed(seed: u64, steps: usize) -> (World, Result<(), String>) {
    let mut world = World::new(seed);
    let done = world.run(&Story::draw(seed, steps));
    (world, done)
}

/// Runs seeds until the plan is done.
pub fn run(plan: &Plan, progress: &(dyn Fn(&Summary) + Sync)) -> Summary {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..plan.threads.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= plan.seeds {
                        return;
                    }
                    let seed = plan.first + number;
                    let (world, done) = run_seed(seed, plan.steps);
                    let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
                    summary.add(seed, &world, done);
                    if plan.faulted.is_some_and(|wanted| summary.exchanges.faulted >= wanted) {
                        stop.store(true, Ordering::Relaxed);
                    }
                    progress(&summary);
                }
            });
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.found.sort_by_key(|found| found.seed);
    summary
}

impl Summary {
    fn add(&mut self, seed: u64, world: &World, done: Result<(), String>) {
        let (counts, exchanges) = (world.counts(), world.exchanges());
        self.seeds += 1;
        self.counts = self.counts.plus(counts);
        self.exchanges.all += exchanges.all;
        self.exchanges.faulted += exchanges.faulted;
        self.naive_false_alarms += world.naive_false_alarms();
        self.tally.take_in(&world.tally());
        if !counts.all_zero() || done.is_err() {
            let mut findings = world.findings();
            findings.extend(done.err().map(|error| format!("the story could not be run: {error}")));
            self.found.push(Found { seed, counts, findings });
        }
    }

    /// Whether the run is as it must be.
    pub fn is_good(&self) -> bool {
        self.counts.all_zero() && self.found.is_empty() && self.naive_false_alarms > 0
    }
}

/// What the same stories give with nothing broken: a mutation is caught where they give nothing.
#[derive(Default)]
struct Controls(Mutex<BTreeMap<(At, Option<Mutation>), bool>>);

impl Controls {
    fn is_clean(&self, at: At, mutation: Mutation, story: &Story) -> bool {
        let name = (at, (at == At::Story).then_some(mutation));
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name).copied();
        known.unwrap_or_else(|| {
            let mut world = World::new(story.seed);
            let is_clean = world.run(story).is_ok() && world.counts().all_zero();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, is_clean);
            is_clean
        })
    }
}

/// Tries a mutation with its own story or with seed after seed, until the check that is meant for it catches it, in a story in which
/// nothing is found without it.
pub fn try_mutation(mutation: Mutation) -> Caught {
    try_with(mutation, &Controls::default())
}

fn try_with(mutation: Mutation, controls: &Controls) -> Caught {
    let seeds = (0..MUTATION_SEEDS).map(|seed| (At::Seed(seed), Story::draw(seed, MUTATION_STEPS)));
    let stories = mutation.story().map(|story| (At::Story, story)).into_iter().chain(seeds);
    let mut last = (Counts::default(), String::new());
    for (at, story) in stories {
        let mut world = World::with_mutation(story.seed, Some(mutation));
        let _done = world.run(&story);
        let (counts, findings) = (world.counts(), world.findings());
        let by = mutation.caught_by().iter().copied().find(|check| counts.of(*check) > 0);
        if let Some(check) = by.filter(|_| controls.is_clean(at, mutation, &story)) {
            let finding = findings.into_iter().find(|finding| finding.starts_with(&format!("{check:?}:"))).unwrap_or_default();
            return Caught { mutation, at: Some(at), by, counts, finding };
        }
        last = (counts, findings.into_iter().next().unwrap_or_default());
    }
    Caught { mutation, at: None, by: None, counts: last.0, finding: last.1 }
}

/// Tries all mutations, on so many threads.
pub fn try_mutations(threads: usize) -> Vec<Caught> {
    let (next, controls) = (AtomicU64::new(0), Controls::default());
    let caught = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(mutation) =
                    usize::try_from(next.fetch_add(1, Ordering::Relaxed)).ok().and_then(|place| Mutation::ALL.get(place))
                {
                    let one = try_with(*mutation, &controls);
                    caught.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                }
            });
        }
    });
    let mut caught = caught.into_inner().unwrap_or_else(PoisonError::into_inner);
    caught.sort_by_key(|one| one.mutation);
    caught
}
