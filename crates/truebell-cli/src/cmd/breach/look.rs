//! `truebell breach look`: the dialect of a list, what became of its lines, and the tests that need no site. Never here: a record that is not masked.

use super::super::context::Context;
use super::open::List;
use crate::cmd::corpus::{failure_of, open as open_corpus};
use crate::cmd::packed::Packing;
use crate::exit::{Answered, Code, Ending, Failure};
use crate::output::{Page, Progress, Show, Table, size_text};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use truebell_client::SystemChance;
use truebell_core::chance::make_array;
use truebell_corpus::list::{Beside, DETECT_BYTES, Detected, Dialect, Reader, Record, Skip, Standing, Survey, Tally, Verdict, detect};
use truebell_corpus::{Answer as Said, Corpus, Damaged, Pages};

/// What a list is, and whether it may be believed
///
/// Reads the whole list, plain, gzip or zstd; `-` is standard input. Says in which dialect it is written, what became of its lines, shows some records with masks, and tests whether it is what lists from
/// real people are: made up, shifted or wrongly encoded lists are stopped. Nothing of it is kept. Ends with 13 if a test stops the list.
#[derive(Debug, Args)]
pub struct Look {
    /// The list, or `-`
    #[arg(value_name = "LIST")]
    list: PathBuf,
    /// The dialect, where it is known better: colon, semicolon, bar, tab, comma, csv (csv:2:3 says the columns of address and password), jsonl, stealer, url
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<Dialect>,
    /// Ask this corpus whether the passwords are known from elsewhere
    #[arg(long, value_name = "CORPUS")]
    corpus: Option<PathBuf>,
}

/// Passwords of which the corpus is asked one by one; of those behind, only some.
const ASKED_FIRST: u64 = 20_000;
const ASKED_STEP: u64 = 64;

#[derive(Serialize)]
struct Answer {
    list: String,
    packing: &'static str,
    bytes: u64,
    dialect: String,
    /// Share of the first lines that the dialect understands.
    understood: f64,
    doubts: Vec<String>,
    fits: Vec<Fit>,
    lines: u64,
    empty: u64,
    records: u64,
    passwords: u64,
    hashes: u64,
    utf16: bool,
    windows_1252: u64,
    skipped: Vec<Skipped>,
    samples: Vec<Sample>,
    sorted: bool,
    stopped: bool,
    tests: Vec<Tested>,
}

#[derive(Serialize)]
struct Fit {
    dialect: String,
    records: u64,
    understood: f64,
}

#[derive(Serialize)]
struct Skipped {
    why: &'static str,
    lines: u64,
    first: u64,
    #[serde(skip)]
    words: &'static str,
}

#[derive(Serialize)]
struct Sample {
    line: u64,
    address: String,
    beside: String,
}

#[derive(Serialize)]
struct Tested {
    test: &'static str,
    standing: &'static str,
    count: u64,
    of: u64,
    limit: f64,
    bound: f64,
    sentence: String,
}

impl Answer {
    fn of(list: &List, found: Detected, dialect: Dialect, tally: &Tally, survey: &Survey) -> Self {
        let verdicts = survey.verdicts();
        let skipped = Skip::ALL.into_iter().map(|why| (why, tally.skipped(why))).filter(|(_, skipped)| skipped.lines > 0);
        let fits = found.fits.iter();
        Self {
            list: list.name.clone(),
            packing: match list.packing {
                Packing::Plain => "plain",
                Packing::Gzip => "gzip",
                Packing::Zstd => "zstd",
            },
            bytes: list.bytes,
            dialect: dialect.to_string(),
            understood: found.fits.first().map_or(0.0, |fit| rounded(fit.share)),
            doubts: found.doubts.iter().map(ToString::to_string).collect(),
            fits: fits.map(|fit| Fit { dialect: fit.dialect.to_string(), records: fit.records, understood: rounded(fit.share) }).collect(),
            lines: tally.lines,
            empty: tally.empty,
            records: tally.records,
            passwords: tally.passwords,
            hashes: tally.hashes,
            utf16: tally.utf16,
            windows_1252: tally.windows_1252,
            skipped: skipped
                .map(|(why, skipped)| Skipped { why: why.name(), lines: skipped.lines, first: skipped.first, words: why.words() })
                .collect(),
            samples: found
                .samples
                .into_iter()
                .map(|sample| Sample { line: sample.line, address: sample.address, beside: sample.beside })
                .collect(),
            sorted: survey.is_sorted(),
            stopped: verdicts.iter().any(|verdict| verdict.standing == Standing::Stopped),
            tests: verdicts.into_iter().map(Tested::of).collect(),
        }
    }

    fn encoding(&self) -> String {
        let whole = if self.utf16 { "UTF-16" } else { "UTF-8" };
        match self.windows_1252 {
            0 => whole.to_owned(),
            some => format!("{whole}; records in Windows-1252: {some}"),
        }
    }
}

impl Tested {
    fn of(verdict: Verdict) -> Self {
        let standing = match verdict.standing {
            Standing::Passed => "passed",
            Standing::Stopped => "stopped",
            Standing::NotKnown => "not-known",
        };
        let Verdict { test, count, of, limit, bound, sentence, .. } = verdict;
        Self { test: test.name(), standing, count, of, limit, bound, sentence }
    }
}

fn rounded(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let size = if self.bytes > 0 { format!(", {}", size_text(self.bytes)) } else { String::new() };
        page.line(format_args!("List      {} ({}{size})", self.list, self.packing))?;
        page.line(format_args!("Dialect   {}, which understands {:.1} % of the first lines", self.dialect, self.understood * 100.0))?;
        for doubt in &self.doubts {
            page.line(format_args!("          Not sure: {doubt}."))?;
        }
        let neither = self.records - self.passwords - self.hashes;
        page.line(format_args!("Lines     {}, {} of them empty", self.lines, self.empty))?;
        page.line(format_args!(
            "Records   {}: {} with a password, {} with a hash, {neither} with neither",
            self.records, self.passwords, self.hashes
        ))?;
        page.line(format_args!("Encoding  {}", self.encoding()))?;
        if !self.skipped.is_empty() {
            page.line("")?;
            let mut table = Table::new(&["Skipped lines", "How many", "First"]);
            for skipped in &self.skipped {
                table.row([skipped.words, &skipped.lines.to_string(), &skipped.first.to_string()]);
            }
            page.table(&table)?;
        }
        page.line("")?;
        let mut table = Table::new(&["Line", "Address", "Beside it"]);
        for sample in &self.samples {
            table.row([&sample.line.to_string(), &sample.address, &sample.beside]);
        }
        page.table(&table)?;
        page.line("")?;
        for tested in &self.tests {
            let standing = match tested.standing {
                "passed" => page.paint.green("passed: "),
                "stopped" => page.paint.red("stopped:"),
                _ => "unknown:".to_owned(),
            };
            page.line(format_args!("{standing} {}", tested.sentence))?;
        }
        if self.stopped {
            page.line("")?;
            page.line("Do not use this list until somebody has found out why.")?;
        }
        Ok(())
    }
}

/// Asks a corpus about some of the passwords.
pub(super) struct Asking<P: Pages> {
    corpus: Corpus<P>,
    passwords: u64,
}

impl<P: Pages> Asking<P> {
    /// That one.
    pub(super) fn of(corpus: Corpus<P>) -> Self {
        Self { corpus, passwords: 0 }
    }

    /// About this one, perhaps.
    pub(super) fn ask(&mut self, password: &[u8], survey: &mut Survey) -> Result<(), Damaged> {
        self.passwords += 1;
        if self.passwords <= ASKED_FIRST || self.passwords.is_multiple_of(ASKED_STEP) {
            let Some(digest) = self.corpus.header().kind.digest(password) else { return Ok(()) };
            survey.note_known(self.corpus.check(&digest)? != Said::Clean);
        }
        Ok(())
    }
}

impl Look {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        let corpus = self.corpus.as_deref().map(open_corpus).transpose()?;
        let mut asking = corpus.map(Asking::of);
        let mut list = List::open(&self.list)?;
        let mut begin = zeroize::Zeroizing::new(vec![0; DETECT_BYTES]);
        let filled = list.fill(&mut begin)?;
        let begin = begin.get(..filled).unwrap_or_default();
        let found = detect(begin, filled < DETECT_BYTES, self.dialect);
        let Some(dialect) = found.dialect else {
            let message = format!(
                "{} is no breach list that is known: in no dialect an address with something beside it is found. If you know better, set --dialect.",
                list.name
            );
            return Err(Failure::new(Code::BadFile, message));
        };
        let bar = Progress::of_bytes(!context.out.is_quiet());
        let mut survey = Survey::new(&make_array(&mut SystemChance));
        let (mut reader, mut broken) = (Reader::new(dialect), None);
        let mut each = |record: &Record<'_>| {
            survey.push(record);
            if let (Some(asking), Beside::Password { bytes, .. }) = (&mut asking, record.beside) {
                broken = broken.take().or(asking.ask(bytes, &mut survey).err());
            }
        };
        reader.feed(begin, &mut each);
        let total = list.bytes;
        list.rest(&mut |piece, read| {
            reader.feed(piece, &mut each);
            bar.stage("Reading", read, total.max(read));
        })?;
        reader.finish(&mut each);
        drop(bar);
        if let Some(error) = broken {
            return Err(failure_of(self.corpus.as_deref().unwrap_or(Path::new("")), &error));
        }
        let answer = Answer::of(&list, found, dialect, reader.tally(), &survey);
        context.out.answer(&answer)?;
        Ok(if answer.stopped { Ending::Failed(Code::Findings) } else { Ending::Ok })
    }
}
