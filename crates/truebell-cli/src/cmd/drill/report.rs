//! What a drill found, in the fields every drill has, and those of the storm.

use crate::output::{Page, Show};
use serde::Serialize;
use std::io;

/// The report (`docs/drills.md`).
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Report {
    pub name: String,
    pub passed: bool,
    pub false_alarms: u64,
    pub missed_alarms: u64,
    pub lost_writes: u64,
    pub lost_sessions: u64,
    pub duplicate_mails: u64,
    pub naive_false_alarms: u64,
    pub exchanges: u64,
    pub seed: u64,
    pub goodput_ratio_at_10x: Option<f64>,
    /// The move is no part of this form: `null`.
    pub move_fence_ms_max: Option<f64>,
    pub clients: u64,
    pub password_changes: u64,
    pub saved_edits: u64,
    pub queue_max: u64,
    pub capacity_per_second: f64,
    pub overload: Vec<Overload>,
    pub naive_sentences: Vec<NaiveSentence>,
    pub findings: Vec<String>,
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

/// What the naive client would have said, and to how many accounts.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NaiveSentence {
    pub sentence: String,
    pub accounts: usize,
}

impl Report {
    /// Says whether all is as it must be, and what is not.
    pub(super) fn judge(&mut self) {
        let zero = [
            (self.false_alarms, "false alarms"),
            (self.missed_alarms, "missed alarms"),
            (self.lost_writes, "saved edits lost"),
            (self.lost_sessions, "devices that did not come back by themselves"),
            (self.duplicate_mails, "mails sent twice"),
        ];
        self.findings = zero.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if self.goodput_ratio_at_10x.is_some_and(|ratio| ratio < 0.8) {
            self.findings.push("at ten times the load less than 80 % of the capacity was served".into());
        }
        if self.naive_false_alarms == 0 {
            self.findings.push("the naive client said nothing, so nothing was proven".into());
        }
        self.passed = self.findings.is_empty();
    }
}

impl Show for Report {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let verdict = if self.passed { "passed" } else { "FAILED" };
        page.line(format_args!(
            "{}: {verdict}, {:.0} s, {} real clients, {} exchanges\n",
            self.name, self.seconds, self.clients, self.exchanges
        ))?;
        page.line(format_args!("False alarms                 {}", self.false_alarms))?;
        page.line(format_args!(
            "Real password changes        {}, missed by a device or a mail: {}",
            self.password_changes, self.missed_alarms
        ))?;
        page.line(format_args!("Mails sent twice             {}", self.duplicate_mails))?;
        page.line(format_args!("Saved edits                  {}, lost: {}", self.saved_edits, self.lost_writes))?;
        page.line(format_args!("Devices not back             {}", self.lost_sessions))?;
        page.line(format_args!("Longest queue                {} requests", self.queue_max))?;
        page.line(format_args!("\nSign-ins the database allows {:.0}/s, and of those still served", self.capacity_per_second))?;
        for step in &self.overload {
            page.line(format_args!(
                "  at {:2} times the load        {:3.0} %   ({:.0}/s asked for)",
                step.times,
                step.ratio * 100.0,
                step.offered_per_second
            ))?;
        }
        page.line("  (the strongest peer measured: 17 % at 2 times, 11 % at 10 times)")?;
        page.line(format_args!("\nA naive client on the same answers would have raised {} false alarms:", self.naive_false_alarms))?;
        for naive in &self.naive_sentences {
            page.line(format_args!("  “{}”, to {} accounts", naive.sentence, naive.accounts))?;
        }
        self.findings.iter().try_for_each(|finding| page.line(format_args!("\nNot as it must be: {finding}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_passes_only_with_every_counter_zero_and_a_naive_client_that_cries() {
        let good = Report { naive_false_alarms: 5, goodput_ratio_at_10x: Some(0.9), ..Report::default() };
        let judged = |report: Report| {
            let mut report = report;
            report.judge();
            report.passed
        };
        assert!(judged(good.clone()));
        for bad in [
            Report { false_alarms: 1, ..good.clone() },
            Report { missed_alarms: 1, ..good.clone() },
            Report { lost_writes: 1, ..good.clone() },
            Report { lost_sessions: 1, ..good.clone() },
            Report { duplicate_mails: 1, ..good.clone() },
            Report { naive_false_alarms: 0, ..good.clone() },
            Report { goodput_ratio_at_10x: Some(0.79), ..good },
        ] {
            assert!(!judged(bad.clone()), "{bad:?}");
        }
    }
}
