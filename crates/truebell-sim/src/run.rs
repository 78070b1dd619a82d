//! Many seeds on a few threads, each thread with worlds of its own; and the mutations, each with the seeds it takes to catch it.

use crate::checks::{Check, Counts};
use crate::mutate::Mutation;
use crate::net::Exchanges;
use crate::story::Story;
use crate::world::World;
use serde::Serialize;
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
    /// Seeds in which something was found.
    pub found: Vec<Found>,
}

/// One mutation, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Caught {
    /// Which.
    pub mutation: Mutation,
    /// Seeds it took; `None` if it was not caught.
    pub by_seed: Option<u64>,
    /// What was counted in that seed.
    pub counts: Counts,
    /// The first finding of it.
    pub finding: String,
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

/// Tries a mutation with seed after seed, until the check that is meant for it catches it.
pub fn try_mutation(mutation: Mutation) -> Caught {
    let mut last = (Counts::default(), String::new());
    for seed in 0..MUTATION_SEEDS {
        let mut world = World::with_mutation(seed, Some(mutation));
        let _done = world.run(&Story::draw(seed, MUTATION_STEPS));
        let (counts, findings) = (world.counts(), world.findings());
        let is_caught = |check: &&Check| counts.of(**check) > 0;
        if let Some(check) = mutation.caught_by().iter().find(is_caught) {
            let finding = findings.into_iter().find(|finding| finding.starts_with(&format!("{check:?}:"))).unwrap_or_default();
            return Caught { mutation, by_seed: Some(seed), counts, finding };
        }
        last = (counts, findings.into_iter().next().unwrap_or_default());
    }
    Caught { mutation, by_seed: None, counts: last.0, finding: last.1 }
}

/// Tries all mutations, on so many threads.
pub fn try_mutations(threads: usize) -> Vec<Caught> {
    let next = AtomicU64::new(0);
    let caught = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(mutation) =
                    usize::try_from(next.fetch_add(1, Ordering::Relaxed)).ok().and_then(|place| Mutation::ALL.get(place))
                {
                    let one = try_mutation(*mutation);
                    caught.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                }
            });
        }
    });
    let mut caught = caught.into_inner().unwrap_or_else(PoisonError::into_inner);
    caught.sort_by_key(|one| one.mutation);
    caught
}
