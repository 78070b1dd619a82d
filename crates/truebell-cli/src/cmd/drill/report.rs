//! What a drill found: the simulated world's report, whoever played it, and what only the storm measures.

use super::moving::Moved;
use crate::output::{Page, Paint, Show};
use serde::Serialize;
use std::io;
use truebell_sim::Report;

/// A drill that was played (`docs/drills.md`).
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Played {
    #[serde(flatten)]
    pub report: Report,
    #[serde(flatten)]
    pub storm: Option<Figures>,
}

/// What only the storm measures, on real processes.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Figures {
    pub goodput_ratio_at_10x: Option<f64>,
    /// The longest time nobody could write because of the move.
    pub move_fence_ms_max: Option<f64>,
    /// What else there is to say of the move.
    #[serde(rename = "move")]
    pub moved: Option<Moved>,
    pub clients: u64,
    pub password_changes: u64,
    pub saved_edits: u64,
    pub queue_max: u64,
    pub capacity_per_second: f64,
    pub overload: Vec<Overload>,
    /// How late the database answered while the load was measured.
    pub strain_ms: f64,
    /// What our clients said of the trouble.
    pub said: Vec<Sentence>,
    /// What the naive client said on the same answers.
    pub naive_said: Vec<Sentence>,
    pub seconds: f64,
}

/// One step of the overload.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Overload {
    pub times: u32,
    pub offered_per_second: f64,
    pub served_per_second: f64,
    pub ratio: f64,
}

/// A sentence that people read, or would have read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Sentence {
    pub sentence: String,
    /// On how many accounts.
    pub accounts: u64,
    pub times: u64,
}

impl Played {
    /// Says of the storm whether all is as it must be, and what is not. The simulated world judges its own drills.
    pub(super) fn judge(&mut self) {
        let zero = [
            (self.report.false_alarms, "false alarms"),
            (self.report.missed_alarms, "missed alarms"),
            (self.report.lost_writes, "saved edits lost"),
            (self.report.lost_sessions, "devices that did not come back by themselves"),
            (self.report.duplicate_mails, "mails sent twice"),
        ];
        let mut findings: Vec<String> =
            zero.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if self.storm.as_ref().and_then(|storm| storm.goodput_ratio_at_10x).is_some_and(|ratio| ratio < 0.8) {
            findings.push("at ten times the load less than 80 % of the capacity was served".into());
        }
        if self.report.naive_false_alarms == 0 {
            findings.push("the naive client said nothing, so nothing was proven".into());
        }
        (self.report.passed, self.report.findings) = (findings.is_empty(), findings);
    }
}

/// How the sentence begins that all is well.
const WELL: &str = "Up to date as of";

/// In colour.
pub(super) fn verdict(paint: Paint, passed: bool) -> String {
    if passed { paint.green("passed") } else { paint.red("FAILED") }
}

impl Show for Played {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let report = &self.report;
        page.line(format_args!("{}: {}\n", report.name, verdict(page.paint, report.passed)))?;
        match &self.storm {
            Some(storm) => storm.show(report, page)?,
            None => show_counters(report, page)?,
        }
        if !report.sentences.is_empty() {
            page.line("\nWhat people read:")?;
            // That all is well is said with every sync: once is enough here.
            let well = report.sentences.iter().filter(|sentence| sentence.starts_with(WELL)).take(1);
            let other = report.sentences.iter().filter(|sentence| !sentence.starts_with(WELL));
            well.chain(other).try_for_each(|sentence| page.line(format_args!("  {sentence}")))?;
        }
        if report.naive_false_alarms > 0 {
            page.line(format_args!("\nA naive client on the same answers would have raised {} false alarms:", report.naive_false_alarms))?;
        }
        for naive in &report.naive_sentences {
            let whom = if naive.accounts == 1 { "account" } else { "accounts" };
            page.line(format_args!("  “{}”, to {} {whom}", naive.sentence, naive.accounts))?;
        }
        report.findings.iter().try_for_each(|finding| page.line(format_args!("\nNot as it must be: {finding}")))
    }
}

fn show_counters(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    for (what, count) in [
        ("False alarms", report.false_alarms),
        ("Missed alarms", report.missed_alarms),
        ("Saved edits lost", report.lost_writes),
        ("Sessions or data lost", report.lost_sessions),
        ("Devices not back", report.unconverged),
        ("Mails sent twice", report.duplicate_mails),
    ] {
        page.line(format_args!("{what:<28} {count}"))?;
    }
    page.line(format_args!("Exchanges                    {}, with a fault: {} (seed {})", report.exchanges, report.faulted, report.seed))
}

impl Figures {
    fn show(&self, report: &Report, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "Real clients                 {}, exchanges: {}, in {:.0} seconds",
            self.clients, report.exchanges, self.seconds
        ))?;
        page.line(format_args!("False alarms                 {}", report.false_alarms))?;
        page.line(format_args!(
            "Real password changes        {}, missed by a device or a mail: {}",
            self.password_changes, report.missed_alarms
        ))?;
        page.line(format_args!("Mails sent twice             {}", report.duplicate_mails))?;
        page.line(format_args!("Saved edits                  {}, lost: {}", self.saved_edits, report.lost_writes))?;
        page.line(format_args!("Devices not back             {}", report.lost_sessions))?;
        page.line(format_args!("Longest queue                {} requests", self.queue_max))?;
        if let Some(moved) = &self.moved {
            page.line(format_args!("The database was moved       {}", moved.form.words()))?;
            page.line(format_args!("  which took                 {:.0} seconds, for {} rows", moved.seconds, moved.rows))?;
            page.line(format_args!("  and writes waited          {:.0} ms at the most", moved.fence_ms_max))?;
        }
        page.line(format_args!("\nSign-ins the database allows {:.0}/s, and of those still served", self.capacity_per_second))?;
        for step in &self.overload {
            page.line(format_args!(
                "  at {:2} times the load        {:3.0} %   ({:.0}/s asked for)",
                step.times,
                step.ratio * 100.0,
                step.offered_per_second
            ))?;
        }
        page.line("  (the strongest peer measured: 17 % at 2 times, 11 % at 10 times)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stormy(report: Report, ratio: f64) -> Played {
        let storm = Figures { goodput_ratio_at_10x: Some(ratio), ..Figures::default() };
        Played { report, storm: Some(storm) }
    }

    #[test]
    fn a_storm_passes_only_with_every_counter_zero_and_a_naive_client_that_cries() {
        let good = Report { naive_false_alarms: 5, ..Report::default() };
        let judged = |mut played: Played| {
            played.judge();
            played.report.passed
        };
        assert!(judged(stormy(good.clone(), 0.9)));
        for bad in [
            Report { false_alarms: 1, ..good.clone() },
            Report { missed_alarms: 1, ..good.clone() },
            Report { lost_writes: 1, ..good.clone() },
            Report { lost_sessions: 1, ..good.clone() },
            Report { duplicate_mails: 1, ..good.clone() },
            Report { naive_false_alarms: 0, ..good.clone() },
        ] {
            assert!(!judged(stormy(bad.clone(), 0.9)), "{bad:?}");
        }
        assert!(!judged(stormy(good, 0.79)));
    }

    #[test]
    fn every_drill_has_the_same_members_and_only_the_storm_its_figures() {
        let simulated = serde_json::to_value(Played::default()).unwrap();
        for member in [
            "name",
            "passed",
            "false_alarms",
            "missed_alarms",
            "lost_writes",
            "lost_sessions",
            "duplicate_mails",
            "naive_false_alarms",
            "exchanges",
            "seed",
            "findings",
        ] {
            assert!(simulated.get(member).is_some(), "{member}");
        }
        assert!(simulated.get("clients").is_none());
        let storm = serde_json::to_value(stormy(Report::default(), 0.9)).unwrap();
        for member in ["name", "goodput_ratio_at_10x", "move_fence_ms_max", "clients", "seconds"] {
            assert!(storm.get(member).is_some(), "{member}");
        }
    }
}
