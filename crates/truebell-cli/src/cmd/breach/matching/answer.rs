//! What `truebell breach match` says in the end.

use super::read::names;
use crate::output::{Page, Show, Table, clean};
use serde::Serialize;
use std::io;
use std::time::Duration;
use truebell_core::ids::MatchId;
use truebell_server::response::source::{Part, Progress, Source, Tested};
use truebell_store::response::{Match as Row, Phase, Standing, TallyRow};

/// The answer.
#[derive(Serialize)]
pub(super) struct Answer {
    site: String,
    #[serde(rename = "match")]
    matching: MatchId,
    phase: &'static str,
    source: Shown,
    /// Of the site, in use.
    accounts: u64,
    left_out: u64,
    unusable: u64,
    ambiguous: u64,
    lines: u64,
    records: u64,
    same: u64,
    linked: u64,
    pairs_tried: u64,
    pairs_left: u64,
    findings: Findings,
    no_finding: Vec<Count>,
    unknown_formats: Vec<Count>,
    stopped: bool,
    tests: Vec<Tested>,
    lines_per_second: f64,
    pairs_per_second: Option<f64>,
    seconds: f64,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    date: String,
    origin: String,
    digest: String,
    dialects: Vec<String>,
    despite: Vec<String>,
    lists: Vec<Part>,
}

#[derive(Default, Serialize)]
struct Findings {
    e1: u64,
    e2: u64,
    e3: u64,
    e4: u64,
}

#[derive(Serialize)]
struct Count {
    what: String,
    accounts: u64,
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Reading => "reading",
        Phase::Joining => "joining",
        Phase::Verifying => "verifying",
        Phase::Done => "done",
        Phase::Stopped => "stopped",
    }
}

/// What cannot be read, in words of its own.
const UNREAD: &str = "unread: ";

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

impl Answer {
    /// From what is kept, and what this process did: pairs left, pairs a second, time.
    pub(super) fn of(
        site: &str,
        row: &Row,
        source: Source,
        progress: Progress,
        tally: &[TallyRow],
        (pairs_left, rate, time): (u64, Option<f64>, Duration),
    ) -> Self {
        let graded = |grade| tally.iter().filter(|row| row.grade == Some(grade)).map(|row| row.accounts).sum();
        let mut unknown_formats: Vec<Count> = Vec::new();
        for row in tally {
            let Some(what) = row.word.strip_prefix(UNREAD) else { continue };
            match unknown_formats.iter_mut().find(|count| count.what == what) {
                Some(count) => count.accounts += row.accounts,
                None => unknown_formats.push(Count { what: what.to_owned(), accounts: row.accounts }),
            }
        }
        let nothing = tally.iter().filter(|row| row.standing == Standing::Decided && row.grade.is_none() && !row.word.starts_with(UNREAD));
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let lines_per_second = progress.lines as f64 / (progress.read_ms.max(1) as f64 / 1000.0);
        let Source { name, date, origin, despite, lists, .. } = source;
        Self {
            site: site.to_owned(),
            matching: row.matching,
            phase: phase_word(row.phase),
            source: Shown { name, date, origin, digest: progress.digest, dialects: progress.dialects, despite, lists },
            accounts: progress.accounts,
            left_out: progress.left_out,
            unusable: progress.unusable,
            ambiguous: progress.ambiguous,
            lines: progress.lines,
            records: progress.records,
            same: progress.same,
            linked: progress.linked,
            pairs_tried: tally.iter().map(|row| row.tried).sum(),
            pairs_left,
            findings: Findings { e1: graded(1), e2: graded(2), e3: graded(3), e4: graded(4) },
            no_finding: nothing.map(|row| Count { what: row.word.clone(), accounts: row.accounts }).collect(),
            unknown_formats,
            stopped: row.phase == Phase::Stopped,
            tests: progress.tests,
            lines_per_second: rounded(lines_per_second),
            pairs_per_second: rate.map(rounded),
            seconds: rounded(time.as_secs_f64()),
        }
    }

    fn show_findings(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["Grade", "Accounts", "What it says"]);
        for (grade, accounts, what) in [
            ("E1", self.findings.e1, "the address is listed, and the password beside it is the account's"),
            ("E2", self.findings.e2, "a linked address is listed, and the password beside it is the account's"),
            ("E4", self.findings.e4, "the address is listed; no password beside it is known to be the account's"),
        ] {
            table.row([grade, &accounts.to_string(), what]);
        }
        page.table(&table)?;
        for count in &self.unknown_formats {
            page.line(format_args!("Not read: {} of {} accounts.", clean(&count.what), count.accounts))?;
        }
        Ok(())
    }
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let (name, date) = (clean(&self.source.name), &self.source.date);
        page.line(format_args!("{name} of {date} ({}), matched against {}", clean(&names(&self.source.lists)), self.site))?;
        page.line(format_args!("Accounts  {} in use, {} left out, {} without an address", self.accounts, self.left_out, self.unusable))?;
        page.line(format_args!("Lines     {}, {} of them records", self.lines, self.records))?;
        for tested in self.tests.iter().filter(|tested| tested.standing == "stopped") {
            page.line(format_args!("{} {}", page_red(page, "stopped:"), tested.sentence))?;
        }
        if self.stopped {
            return page.line("Nothing of this list was kept, and nobody is told anything. If a person finds out why it looks so, `--despite TEST` goes on.");
        }
        page.line(format_args!("Records   {} of an account's very address, {} of a linked one", self.same, self.linked))?;
        page.line(format_args!("Pairs     {} tried, {} left", self.pairs_tried, self.pairs_left))?;
        page.line("")?;
        self.show_findings(page)?;
        if self.phase != "done" {
            page.line("")?;
            page.line("The budget is spent. The same command goes on.")?;
        }
        Ok(())
    }
}

fn page_red(page: &Page<'_>, text: &str) -> String {
    page.paint.red(text)
}
