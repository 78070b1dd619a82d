//! The list of drills, and the scoreboard of all of them.

use super::report::{Played, verdict};
use super::storm;
use crate::exit::{Answered, Code, Failure};
use crate::output::{Page, Show, Table};
use serde::Serialize;
use std::io;
use truebell_sim::drills::{DRILLS, Drill, WAITING, find};

/// What the storm shows.
const STORM_PROVES: &str = "Nobody is told anything untrue, real password changes are told once, no saved edit and no session is lost, and ten times the load is served like once.";

/// `drill list`.
#[derive(Serialize)]
pub(super) struct Listed {
    drills: Vec<Line>,
    waiting: Vec<Waits>,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    title: &'static str,
    incident: &'static str,
    proves: &'static str,
}

/// A row that cannot be played yet.
#[derive(Serialize)]
struct Waits {
    name: &'static str,
    incident: &'static str,
    waits_for: &'static str,
}

fn waiting() -> Vec<Waits> {
    WAITING.iter().map(|row| Waits { name: row.id, incident: row.incident, waits_for: row.waits_for }).collect()
}

impl Listed {
    pub(super) fn make() -> Self {
        let storm = Line { name: storm::ID, title: "The day itself, on real processes", incident: storm::INCIDENT, proves: STORM_PROVES };
        let line = |drill: &Drill| Line { name: drill.id, title: drill.title, incident: drill.incident, proves: drill.proves };
        Self { drills: std::iter::once(storm).chain(DRILLS.iter().map(line)).collect(), waiting: waiting() }
    }
}

impl Show for Listed {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["drill", "what is played", "what happened then"]);
        for line in &self.drills {
            table.row([line.name, line.title, line.incident]);
        }
        for row in &self.waiting {
            table.row([row.name, &format!("waits for {}", row.waits_for), row.incident]);
        }
        page.table(&table)
    }
}

/// `drill all`.
#[derive(Serialize)]
pub(super) struct Scoreboard {
    passed: bool,
    drills: Vec<Played>,
    waiting: Vec<Waits>,
}

impl Scoreboard {
    pub(super) fn of(drills: Vec<Played>) -> Self {
        Self { passed: drills.iter().all(|played| played.report.passed), drills, waiting: waiting() }
    }

    /// Fails where a drill did.
    pub(super) fn judge(&self) -> Answered {
        let failed: Vec<&str> =
            self.drills.iter().filter(|played| !played.report.passed).map(|played| played.report.name.as_str()).collect();
        match failed.as_slice() {
            [] => Ok(()),
            [one] => Err(Failure::plain(format!("The drill {one} failed."))),
            several => Err(Failure::plain(format!("{} drills failed: {}.", several.len(), several.join(", ")))),
        }
    }

    fn sum(&self, count: impl Fn(&Played) -> u64) -> u64 {
        self.drills.iter().map(count).sum()
    }
}

/// Columns of the scoreboard beside name and verdict.
const COLUMNS: [&str; 7] = ["false", "missed", "lost", "dropped", "twice", "naive", "exchanges"];

fn figures(played: &Played) -> [u64; 7] {
    let report = &played.report;
    [
        report.false_alarms,
        report.missed_alarms,
        report.lost_writes,
        report.lost_sessions,
        report.duplicate_mails,
        report.naive_false_alarms,
        report.exchanges,
    ]
}

impl Show for Scoreboard {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let wide = self.drills.iter().map(|played| played.report.name.len()).max().unwrap_or_default();
        if page.width.is_some() {
            let heads: String = COLUMNS.iter().map(|head| format!(" {:>9}", head.to_uppercase())).collect();
            let heads = format!("{:<wide$}  {:<7}{heads}", "DRILL", "");
            page.line(page.paint.dim(&heads))?;
        }
        for played in &self.drills {
            let (name, passed, counts) = (&played.report.name, played.report.passed, figures(played));
            match page.width {
                Some(_) => {
                    let counts: String = counts.iter().map(|count| format!(" {count:>9}")).collect();
                    page.line(format_args!("{name:<wide$}  {} {counts}", verdict(page.paint, passed)))?;
                }
                None => {
                    let counts: String = counts.iter().map(|count| format!("\t{count}")).collect();
                    page.line(format_args!("{name}\t{}{counts}", verdict(page.paint, passed)))?;
                }
            }
        }
        for played in self.drills.iter().filter(|played| !played.report.passed) {
            page.line(format_args!("\n{} is not as it must be:", played.report.name))?;
            played.report.findings.iter().try_for_each(|finding| page.line(format_args!("  {finding}")))?;
        }
        self.show_sum(page)
    }
}

impl Scoreboard {
    fn show_sum(&self, page: &mut Page<'_>) -> io::Result<()> {
        let passed = self.drills.iter().filter(|played| played.report.passed).count();
        page.line(format_args!(
            "\n{passed} of {} drills passed: {} false alarms, {} missed, in {} exchanges; a naive client on the same answers: {} false alarms.",
            self.drills.len(),
            self.sum(|played| played.report.false_alarms),
            self.sum(|played| played.report.missed_alarms),
            self.sum(|played| played.report.exchanges),
            self.sum(|played| played.report.naive_false_alarms),
        ))?;
        let waiting: Vec<String> = self.waiting.iter().map(|row| format!("{} ({})", row.name, row.waits_for)).collect();
        page.line(format_args!("Not played yet, for want of the feature: {}.", waiting.join(", ")))
    }
}

/// The drill of the simulated world called so, or why there is none and what there is near it.
pub(super) fn look_up(name: &str) -> Answered<&'static Drill> {
    let number = number_of(name);
    if let Some(drill) = find(name).or_else(|| find(&format!("FA-{:02}", number?))) {
        return Ok(drill);
    }
    if let Some(row) = WAITING.iter().find(|row| row.id.eq_ignore_ascii_case(name) || number == number_of(row.id)) {
        return Err(Failure::plain(format!("{} cannot be played yet: it waits for {}.", row.id, row.waits_for)));
    }
    let mut near: Vec<&Drill> = DRILLS.iter().collect();
    near.sort_by_key(|drill| number_of(drill.id).zip(number).map_or(0, |(one, other)| one.abs_diff(other)));
    let near = match (number, near.as_slice()) {
        (Some(_), [first, second, ..]) => format!(" near it are {} and {}, and", first.id, second.id),
        _ => String::new(),
    };
    Err(Failure::new(Code::NotFound, format!("No drill is called {name}:{near} `truebell drill list` shows what there is.")))
}

/// `FA-9`, `fa09` and `9` mean the same row.
fn number_of(name: &str) -> Option<u32> {
    let digits = name.trim_start_matches(|letter: char| matches!(letter.to_ascii_uppercase(), 'F' | 'A' | '-' | ' '));
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_is_found_however_its_number_is_written() {
        for name in ["FA-09", "fa-09", "FA-9", "fa9", "9"] {
            assert_eq!(look_up(name).unwrap().id, "FA-09", "{name}");
        }
    }

    #[test]
    fn what_there_is_not_is_said_with_what_is_near_it() {
        for (name, said) in [
            ("FA-19", "No drill is called FA-19: near it are FA-18 and FA-20, and `truebell drill list` shows what there is."),
            ("FA-99", "No drill is called FA-99: near it are FA-59 and FA-57, and `truebell drill list` shows what there is."),
            ("storm", "No drill is called storm: `truebell drill list` shows what there is."),
            ("fa-36", "FA-36 cannot be played yet: it waits for sign-in through an identity provider."),
        ] {
            assert_eq!(look_up(name).map(|drill| drill.id).map_err(|failure| failure.message), Err(said.to_owned()));
        }
    }

    #[test]
    fn a_scoreboard_fails_with_any_of_its_drills() {
        let played =
            |passed| Played { report: truebell_sim::Report { name: "FA-09".into(), passed, ..Default::default() }, ..Played::default() };
        assert!(Scoreboard::of(vec![played(true)]).judge().is_ok());
        let board = Scoreboard::of(vec![played(true), played(false)]);
        assert!(!board.passed && board.judge().is_err());
    }
}
