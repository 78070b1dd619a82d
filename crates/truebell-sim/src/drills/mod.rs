//! Drills: named stories, each about something that really happened to somebody. `truebell drill run FA-10` runs one.
//!
//! A drill builds a small world with [`Scene`], does what happened then, looks at what people were shown, and ends. It passes when the six
//! counters are zero and everything it expected was so. Each file has one story, or a few rows of the list that share one.

mod away;
mod between;
mod database;
mod domain;
mod edits;
mod emptied;
mod exposed;
mod identity;
mod kept;
mod limits;
mod local;
mod machines;
mod mails;
mod maintenance;
mod moving_on;
mod reasons;
mod refresh;
mod restarts;
mod restored;
mod scene;
mod stale;
mod support;
mod surge;
mod told;
mod versions;
mod waiting;

pub use scene::Scene;
pub use waiting::{WAITING, Waiting};

use crate::mutate::Mutation;
use crate::report::Report;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a drill is played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Play {
    /// Replays it.
    pub seed: u64,
    /// One law broken in our own client or server, to see that drills notice.
    pub broken: Option<Mutation>,
}

impl Play {
    /// As it is, with this seed.
    pub fn of(seed: u64) -> Self {
        Self { seed, broken: None }
    }
}

/// One drill.
#[derive(Debug, Clone, Copy)]
pub struct Drill {
    /// Its id, as in the list of incidents: `FA-10`.
    pub id: &'static str,
    /// What is tried, in a few words.
    pub title: &'static str,
    /// The incident behind it: what set it off, and what people were told then.
    pub incident: &'static str,
    /// What holds if it passes.
    pub proves: &'static str,
    /// Plays it.
    pub run: fn(Play) -> Report,
}

/// All drills, by id.
pub const DRILLS: &[Drill] = &[
    surge::FA_01,
    support::FA_02,
    surge::FA_03,
    kept::FA_04,
    restarts::FA_05,
    reasons::FA_08,
    between::FA_09,
    between::FA_10,
    between::FA_11,
    limits::FA_12,
    between::FA_13,
    refresh::FA_14,
    away::FA_15,
    away::FA_16,
    kept::FA_17,
    refresh::FA_18,
    local::FA_20,
    local::FA_21,
    restarts::FA_22,
    refresh::FA_23,
    away::FA_24,
    versions::FA_25,
    edits::FA_26,
    identity::FA_28,
    restarts::FA_29,
    reasons::FA_30,
    database::FA_31,
    database::FA_33,
    identity::FA_34,
    restored::FA_35,
    moving_on::FA_37,
    told::FA_38,
    domain::FA_39,
    emptied::FA_41,
    emptied::FA_43,
    limits::FA_44,
    stale::FA_46,
    told::FA_47,
    mails::FA_48,
    mails::FA_49,
    machines::FA_50,
    edits::FA_51,
    exposed::FA_53,
    exposed::FA_54,
    maintenance::FA_55,
    away::FA_57,
    local::FA_59,
];

/// The drill with this id, in any case.
pub fn find(id: &str) -> Option<&'static Drill> {
    DRILLS.iter().find(|drill| drill.id.eq_ignore_ascii_case(id))
}

/// Plays these drills on so many threads; `played` hears of each as it ends. The reports come in the order of the drills.
pub fn play(drills: &[&'static Drill], how: Play, threads: usize, played: &(dyn Fn(&'static Drill, &Report) + Sync)) -> Vec<Report> {
    let (next, reports) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, 16) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(drill) = drills.get(place) else { return };
                    let report = (drill.run)(how);
                    played(drill, &report);
                    reports.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, report));
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    reports.sort_by_key(|(place, _)| *place);
    reports.into_iter().map(|(_, report)| report).collect()
}

#[cfg(test)]
mod tests;
