//! How often each kind of trouble really happened. A kind that never did was never tried, and a run says so.

use crate::bank::PAGES;
use serde::Serialize;
use std::collections::BTreeMap;

/// Every kind of trouble there is in this world.
pub const KINDS: [&str; 50] = [
    // On the line.
    "the name does not resolve",
    "nobody listens",
    "wrong TLS name",
    "request lost",
    "answer lost",
    "request late, after others",
    "request twice",
    "answer slow",
    "request cut",
    "answer cut",
    "connection breaks in the answer",
    // Somebody in between.
    "page of somebody else",
    "page in the place of the answer",
    "any status with any body",
    "redirect",
    "signed head taken off",
    "status changed",
    "body changed",
    "old answer played back",
    "another server answers",
    "push forged",
    // Devices.
    "device's clock jumps",
    "device's clock is wrong",
    "device sleeps and wakes",
    "device's disk is full",
    "program killed and started again",
    // The server and its operators.
    "server away",
    "page where the server was",
    "server dies in the middle",
    "server restarted",
    "server's clock is wrong",
    "server's disk is full",
    "next version among the servers",
    "signing key lost",
    "empty database of another server",
    "backup restored",
    "moved to another store",
    "database fenced for a move",
    "notice taken back by the operator",
    // The database.
    "database does not answer",
    "database has no room",
    "database is read-only",
    "database wrote, its answer was lost",
    "read replica is behind",
    "database fails a job",
    // The mail relay.
    "relay away",
    "relay not now",
    "relay refuses for good",
    "relay took it, its answer was lost",
    "relay lost it, nobody knows",
];

/// Counts by kind, and of the bank's pages by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// One more.
    pub(crate) fn add(&mut self, kind: &'static str) {
        self.add_many(kind, 1);
    }

    /// So many more.
    pub(crate) fn add_many(&mut self, kind: &'static str, count: u64) {
        *self.0.entry(kind).or_default() += count;
    }

    /// Takes in another's counts.
    pub fn take_in(&mut self, other: &Self) {
        other.0.iter().for_each(|(kind, count)| self.add_many(kind, *count));
    }

    /// How often this happened.
    pub fn of(&self, kind: &str) -> u64 {
        self.0.get(kind).copied().unwrap_or(0)
    }

    /// Kinds and pages that never happened.
    pub fn never(&self) -> Vec<&'static str> {
        let pages = PAGES.iter().map(|page| page.who);
        KINDS.into_iter().chain(pages).filter(|kind| self.of(kind) == 0).collect()
    }
}
