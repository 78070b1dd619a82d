//! What a run found, in the fields that every drill has.

use crate::checks::Counts;
use crate::net::Exchanges;
use serde::Serialize;

/// The report of a drill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Whether all is as it must be: the counters are zero, and what the drill looks for was there.
    pub passed: bool,
    /// F.
    pub false_alarms: u64,
    /// M.
    pub missed_alarms: u64,
    /// L.
    pub lost_writes: u64,
    /// S.
    pub lost_sessions: u64,
    /// C.
    pub unconverged: u64,
    /// X.
    pub duplicate_mails: u64,
    /// What a naive client would have told people that was not true.
    pub naive_false_alarms: u64,
    /// Exchanges that met a fault, and all.
    pub exchanges: u64,
    /// Of those, the ones that met a fault.
    pub faulted: u64,
    /// Replays it.
    pub seed: u64,
    /// What was shown to people, each once.
    pub sentences: Vec<String>,
    /// What a naive client would have shown, on the same answers.
    pub naive_sentences: Vec<NaiveSentence>,
    /// What was found wrong.
    pub findings: Vec<String>,
}

/// What a naive client would have said, and to how many accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NaiveSentence {
    /// In its words.
    pub sentence: String,
    /// To so many accounts.
    pub accounts: usize,
}

impl Report {
    pub(crate) fn new(name: &str, seed: u64, counts: Counts, exchanges: Exchanges) -> Self {
        Self {
            name: name.to_owned(),
            passed: counts.all_zero(),
            false_alarms: counts.false_alarms,
            missed_alarms: counts.missed_alarms,
            lost_writes: counts.lost_writes,
            lost_sessions: counts.lost_sessions,
            unconverged: counts.unconverged,
            duplicate_mails: counts.duplicate_mails,
            exchanges: exchanges.all,
            faulted: exchanges.faulted,
            seed,
            ..Self::default()
        }
    }
}
