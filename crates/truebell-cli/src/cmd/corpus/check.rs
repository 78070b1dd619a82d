//! `truebell corpus check`: is this password, or which of these hashes are, in the corpus? Neither is shown or kept.

use super::super::context::Context;
use super::filter::open_filter;
use super::{ask_ranges, failure_of, open};
use crate::exit::{Answered, Code, Ending, Failure, describe_io};
use crate::output::{Page, Show};
use clap::Args;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use truebell_core::secret::Secret;
use truebell_corpus::build::{Form, LineError, Lines, Parsed};
use truebell_corpus::inquiry::{Doubt, Verdict};
use truebell_corpus::{Answer as Said, Digest, Exposure, Kind};

/// Whether a password is in a corpus
///
/// Asks for the password, or reads it from standard input (--password-stdin), a file or a descriptor; never from the command line. Ends with 12 if it is exposed.
///
/// With --ranges another machine is asked: it is told five digits of the hash. It is asked about random hashes as well, and if it does not answer as it should, the password is
/// called neither exposed nor clean; the command ends with 6 then. With --filter it ends with 13 for perhaps.
#[derive(Debug, Args)]
pub struct Check {
    /// The corpus
    #[arg(value_name = "CORPUS", required_unless_present_any = ["ranges", "filter"], conflicts_with_all = ["ranges", "filter"])]
    corpus: Option<PathBuf>,
    /// Ask this filter instead: no, or perhaps
    #[arg(long, value_name = "FILTER", conflicts_with_all = ["hashes", "ranges"])]
    filter: Option<PathBuf>,
    /// Ask this range service (https://host) instead
    #[arg(long, value_name = "URL", conflicts_with = "hashes")]
    ranges: Option<String>,
    /// Check each hash of this list instead (`-` is standard input)
    #[arg(long, value_name = "FILE")]
    hashes: Option<PathBuf>,
}

/// What is said of one password or hash.
#[derive(Serialize)]
struct Answer {
    exposed: bool,
    /// As it was given; `None` for a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    count: Option<u64>,
    /// Whether the whole hash was compared.
    whole: bool,
    kinds: Vec<&'static str>,
}

#[derive(Serialize)]
struct One {
    #[serde(flatten)]
    answer: Answer,
    corpus: String,
}

/// What a filter said.
#[derive(Serialize)]
struct Filtered {
    perhaps_exposed: bool,
    corpus: String,
}

/// What a range service said.
#[derive(Serialize)]
struct Asked {
    /// `null`: not known.
    exposed: Option<bool>,
    count: Option<u64>,
    why_unknown: Option<String>,
    ranges: String,
}

#[derive(Serialize)]
struct Many {
    checked: u64,
    exposed: u64,
    found: Vec<Answer>,
    corpus: String,
}

impl Answer {
    fn of(said: Said, hash: Option<String>) -> Self {
        let (exposed, count, whole, flags) = match said {
            Said::Clean => (false, None, true, truebell_corpus::Flags::default()),
            Said::Exposed(Exposure::Whole { count, flags }) => (true, Some(count), true, flags),
            Said::Exposed(Exposure::Truncated { flags }) => (true, None, false, flags),
        };
        Self { exposed, hash, count, whole, kinds: flags.iter().map(truebell_corpus::Flag::name).collect() }
    }

    fn kinds_text(&self) -> String {
        let known: Vec<_> = self.kinds.iter().copied().filter(|kind| *kind != "unmarked").collect();
        if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
    }
}

impl Show for One {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint = page.paint;
        match (&self.answer, self.answer.count) {
            (Answer { exposed: false, .. }, _) => {
                page.line(format_args!("{} Not in this corpus (version {}).", paint.green("clean:"), self.corpus))?;
                page.line("Whether anybody else has it is not known by that.")
            }
            (answer, Some(count)) => page.line(format_args!(
                "{} Seen {} in lists of exposed passwords{} (corpus version {}). Do not use it anywhere.",
                paint.red("exposed:"),
                if count == 1 { "once".to_owned() } else { format!("{count} times") },
                answer.kinds_text(),
                self.corpus
            )),
            (answer, None) => page.line(format_args!(
                "{} In lists of exposed passwords{} (corpus version {}, by the first 64 bits of its hash). Do not use it anywhere.",
                paint.red("exposed:"),
                answer.kinds_text(),
                self.corpus
            )),
        }
    }
}

impl Show for Filtered {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.perhaps_exposed {
            return page.line(format_args!(
                "{} It may be in corpus version {}; the filter says so of one clean password in 256 too. Ask the corpus or a range service.",
                page.paint.yellow("perhaps:"),
                self.corpus
            ));
        }
        page.line(format_args!("{} Not in corpus version {}.", page.paint.green("clean:"), self.corpus))
    }
}

impl Show for Asked {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint = page.paint;
        match (self.exposed, self.count, &self.why_unknown) {
            (Some(true), count, _) => page.line(format_args!(
                "{} Seen {} times in lists of exposed passwords ({}). Do not use it anywhere.",
                paint.red("exposed:"),
                count.unwrap_or_default(),
                self.ranges
            )),
            (Some(false), ..) => page.line(format_args!("{} Not in the lists of {}.", paint.green("clean:"), self.ranges)),
            (None, _, why) => page.line(format_args!(
                "{} Whether it is exposed is not known: {}.",
                paint.yellow("not known:"),
                why.as_deref().unwrap_or_default()
            )),
        }
    }
}

impl Show for Many {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        for answer in &self.found {
            let count = answer.count.map(|count| count.to_string()).unwrap_or_default();
            page.line(format_args!("{}\t{count}\t{}", answer.hash.as_deref().unwrap_or_default(), answer.kinds.join(",")))?;
        }
        Ok(())
    }
}

impl Check {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        if let Some(filter) = &self.filter {
            return check_filter(filter, context);
        }
        let exposed = match (&self.ranges, &self.corpus, &self.hashes) {
            (Some(url), ..) => return check_ranges(url, context),
            (None, Some(corpus), Some(list)) => check_list(corpus, list, context)?,
            (None, Some(corpus), None) => check_password(corpus, context)?,
            (None, None, _) => return Err(Failure::usage("Name a corpus, or a range service with --ranges.")),
        };
        Ok(if exposed { Ending::Failed(Code::Exposed) } else { Ending::Ok })
    }
}

fn read_password(context: &mut Context) -> Answered<Secret> {
    match context.given_password()? {
        Some(password) => Ok(password),
        None => context.globals.password.source().read_or_ask("The password to check", "password"),
    }
}

fn digest_of(kind: Kind, password: &Secret) -> Answered<Digest> {
    kind.digest(password.expose().as_bytes()).ok_or_else(|| Failure::usage("The password is not text."))
}

fn check_password(path: &Path, context: &mut Context) -> Answered<bool> {
    // Before it is asked for: a corpus that is not there needs no password.
    let corpus = open(path)?;
    let digest = digest_of(corpus.header().kind, &read_password(context)?)?;
    let said = corpus.check(&digest).map_err(|error| failure_of(path, &error))?;
    let answer = Answer::of(said, None);
    let exposed = answer.exposed;
    context.out.answer(&One { answer, corpus: corpus.version() })?;
    Ok(exposed)
}

fn check_filter(path: &Path, context: &mut Context) -> Answered<Ending> {
    let filter = open_filter(path)?;
    let digest = digest_of(filter.kind(), &read_password(context)?)?;
    let perhaps = filter.may_have(&digest);
    context.out.answer(&Filtered { perhaps_exposed: perhaps, corpus: filter.corpus_version() })?;
    Ok(if perhaps { Ending::Failed(Code::Findings) } else { Ending::Ok })
}

fn check_ranges(url: &str, context: &mut Context) -> Answered<Ending> {
    let digest = digest_of(Kind::Sha1, &read_password(context)?)?;
    let said = ask_ranges(url, Kind::Sha1, [digest], &mut |_, _| {})?;
    let verdict = said.get(&digest).copied().unwrap_or(Verdict::Unknown(Doubt::NotAsked));
    let (exposed, count, why_unknown, ending) = match verdict {
        Verdict::Exposed { count } => (Some(true), Some(count), None, Ending::Failed(Code::Exposed)),
        Verdict::Clean => (Some(false), None, None, Ending::Ok),
        Verdict::Unknown(doubt) => (None, None, Some(doubt.to_string()), Ending::Failed(Code::Offline)),
    };
    context.out.answer(&Asked { exposed, count, why_unknown, ranges: url.to_owned() })?;
    Ok(ending)
}

fn check_list(path: &Path, list: &Path, context: &mut Context) -> Answered<bool> {
    let corpus = open(path)?;
    let kind = corpus.header().kind;
    let digests = read_digests(list, kind)?;
    let mut sweep = corpus.sweep();
    let mut found = Vec::new();
    for digest in &digests {
        let said = sweep.check(digest).map_err(|error| failure_of(path, &error))?;
        if said != Said::Clean {
            found.push(Answer::of(said, Some(digest.hex(kind))));
        }
    }
    let exposed = found.len() as u64;
    context.out.answer(&Many { checked: digests.len() as u64, exposed, found, corpus: corpus.version() })?;
    context.out.remark(format_args!("{exposed} of {} hashes are in the corpus.", digests.len()));
    Ok(exposed > 0)
}

/// The digests of a list, in order.
fn read_digests(list: &Path, kind: Kind) -> Answered<Vec<Digest>> {
    let name = if list == Path::new("-") { "Standard input".to_owned() } else { list.display().to_string() };
    let unreadable = |error: &io::Error| Failure::new(Code::BadFile, format!("{name} could not be read: {}.", describe_io(error)));
    let from: Box<dyn Read> =
        if list == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(list).map_err(|error| unreadable(&error))?) };
    let mut lines = Lines::new(from);
    let mut digests = Vec::new();
    loop {
        let line = match lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(LineError::Read(error)) => return Err(unreadable(&error)),
            Err(error) => return Err(Failure::new(Code::BadFile, format!("{name}: {error}. Nothing was checked."))),
        };
        match Form::Hashes(kind).parse(kind, line) {
            Ok(Parsed::Seen(digest, _)) => digests.push(digest),
            Ok(Parsed::Padding | Parsed::Empty) => {}
            Err(problem) => {
                return Err(Failure::new(Code::BadFile, format!("{name}, line {}: {problem}. Nothing was checked.", lines.number())));
            }
        }
    }
    digests.sort_unstable();
    Ok(digests)
}
