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
}

#[derive(Debug, Default)]
struct Plan {
    /// Calls so far, by method.
    calls: BTreeMap<&'static str, u32>,
    /// What is to fail: method and number of the call, from 1.
    planned: BTreeMap<(&'static str, u32), Fault>,
    /// What fails from now on, whatever the method.
    all: Option<StoreError>,
}

/// The faults of one [`Memory`](super::Memory) store. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

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

    /// Ends all faults, planned ones too.
    pub fn heal(&self) {
        self.with(|plan| {
            plan.all = None;
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
            let call = plan.calls.entry(method).or_default();
            *call += 1;
            let planned = plan.planned.remove(&(method, *call));
            plan.all.map(Fault::NotPersisted).or(planned)
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
