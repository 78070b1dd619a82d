//! Faults on demand: the n-th call of a method fails, before it did anything or after it did everything.

use crate::StoreError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was written; the error is this one.
    NotPersisted(StoreError),
    /// All was written, and the caller hears [`StoreError::Unknown`].
    Persisted,
    /// A read that is answered from the copy made by [`Memory::mark`](super::Memory::mark): a replica that is behind. For methods
    /// that only read; what others would write is lost with the copy.
    Behind,
}

/// Decides, for each call of a method, whether and how it fails.
pub type Decide = Box<dyn FnMut(&'static str) -> Option<Fault> + Send>;

#[derive(Default)]
struct Plan {
    /// Calls so far, by method.
    calls: BTreeMap<&'static str, u32>,
    /// What is to fail: method and number of the call, from 1.
    planned: BTreeMap<(&'static str, u32), Fault>,
    /// What fails from now on, whatever the method.
    all: Option<StoreError>,
    /// Asked where nothing is planned.
    decide: Option<Decide>,
    /// Whether calls are let through uncounted: an observer looks.
    is_quiet: bool,
}

/// The faults of one [`Memory`](super::Memory) store. Clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

impl std::fmt::Debug for Faults {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Faults(…)")
    }
}

impl Faults {
    /// Makes the next call of a method (its name in [`Store`](crate::Store)) fail.
    pub fn fail_next(&self, method: &'static str, fault: Fault) {
        self.fail_call(method, 1, fault);
    }

    /// Makes the `nth` call of a method from now, counted from 1, fail.
    pub fn fail_call(&self, method: &'static str, nth: u32, fault: Fault) {
        self.with(|plan| {
            let call = plan.calls.get(method).copied().unwrap_or(0) + nth;
            plan.planned.insert((method, call), fault);
        });
    }

    /// Makes every call fail with nothing written, until [`heal`](Self::heal).
    pub fn fail_all(&self, error: StoreError) {
        self.with(|plan| plan.all = Some(error));
    }

    /// Has every call judged by `decide`, until [`heal`](Self::heal).
    pub fn decide_by(&self, decide: Decide) {
        self.with(|plan| plan.decide = Some(decide));
    }

    /// Lets calls through without faults and without counting them, or no longer: for an observer that must disturb nothing.
    pub fn quiet(&self, is_quiet: bool) {
        self.with(|plan| plan.is_quiet = is_quiet);
    }

    /// Ends all faults, planned ones too.
    pub fn heal(&self) {
        self.with(|plan| {
            plan.all = None;
            plan.decide = None;
            plan.planned.clear();
        });
    }

    /// How often a method was called.
    pub fn calls(&self, method: &str) -> u32 {
        self.with(|plan| plan.calls.get(method).copied().unwrap_or(0))
    }

    /// Counts a call and says how it fails, if it does.
    pub(super) fn next(&self, method: &'static str) -> Option<Fault> {
        self.with(|plan| {
            if plan.is_quiet {
                return None;
            }
            let call = plan.calls.entry(method).or_default();
            *call += 1;
            let planned = plan.planned.remove(&(method, *call));
            plan.all.map(Fault::NotPersisted).or(planned).or_else(|| plan.decide.as_mut().and_then(|decide| decide(method)))
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
