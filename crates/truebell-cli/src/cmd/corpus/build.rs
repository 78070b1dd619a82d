//! `truebell corpus build`: lists of hashes or passwords as one corpus.

use super::super::context::Context;
use super::Hash;
use super::building::{Built, Order, Wanted, build};
use crate::exit::{Answered, Failure};
use crate::output::{Page, Progress, Show, Table, size_text};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_client::{Clock, SystemClock};
use truebell_corpus::{Flag, Source};

/// Build a corpus from lists of hashes or passwords
///
/// Takes the Pwned Passwords lists “ordered by hash” (SHA-1 and NTLM, HASH:COUNT), folders of their range files, hashes in any order, lists of one password a line, and
/// other corpora; plain, gzip or zstd; `-` is standard input. What each is, is told by its first lines. Counts of the same hash are added.
///
/// Memory stays within --memory whatever the size. What is done so far lies in OUT.building: after an interruption the same command goes on from there. OUT appears whole or
/// not at all, and who reads the corpus that was there before goes on reading it.
#[derive(Debug, Args)]
pub struct Build {
    /// The corpus to make
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Lists, folders of range files, corpora, or `-`
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// A source known to be from where it says
    #[arg(long, value_name = "SOURCE", help_heading = "Sources of which something is known")]
    verified: Vec<PathBuf>,
    /// A source known to be made up
    #[arg(long, value_name = "SOURCE", help_heading = "Sources of which something is known")]
    fabricated: Vec<PathBuf>,
    /// A source withdrawn by who published it
    #[arg(long, value_name = "SOURCE", help_heading = "Sources of which something is known")]
    retired: Vec<PathBuf>,
    /// A collection made for sending
    #[arg(long, value_name = "SOURCE", help_heading = "Sources of which something is known")]
    spam_list: Vec<PathBuf>,
    /// What was read from infected machines
    #[arg(long, value_name = "SOURCE", help_heading = "Sources of which something is known")]
    stealer_log: Vec<PathBuf>,
    /// Which hash the corpus holds [default: that of the sources, SHA-1 for passwords]
    #[arg(long, value_name = "HASH")]
    hash: Option<Hash>,
    /// What the sources are, where their first lines do not tell it: passwords, or hashes in any order
    #[arg(long, value_name = "FORM")]
    form: Option<Order>,
    /// For checking only: 6 bytes an entry, without counts and whole hashes
    #[arg(long)]
    index_only: bool,
    /// Pass over lines that cannot be read, and count them
    #[arg(long)]
    lenient: bool,
    /// Memory for sorting
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = crate::cmd::corpus::building::parse_memory)]
    memory: usize,
    /// Begin anew instead of going on with what lies in OUT.building
    #[arg(long)]
    restart: bool,
}

/// What was built.
#[derive(Serialize)]
pub(super) struct Answer {
    pub(super) corpus: PathBuf,
    pub(super) version: String,
    pub(super) hash: &'static str,
    pub(super) entries: u64,
    pub(super) bytes: u64,
    pub(super) bytes_per_entry: f64,
    pub(super) skipped: u64,
    pub(super) sources: Vec<Source>,
}

impl Answer {
    pub(super) fn of(built: Built) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let bytes_per_entry = built.bytes as f64 / built.entries.max(1) as f64;
        Self {
            corpus: built.path,
            version: built.version,
            hash: built.kind.name(),
            entries: built.entries,
            bytes: built.bytes,
            bytes_per_entry: (bytes_per_entry * 100.0).round() / 100.0,
            skipped: built.sources.iter().map(|source| source.skipped).sum(),
            sources: built.sources,
        }
    }
}

/// A table of sources.
pub(super) fn sources_table(sources: &[Source]) -> Table {
    let mut table = Table::new(&["Source", "Kind", "Hashes", "Skipped lines"]);
    for source in sources {
        let flag = source.flag.as_deref().unwrap_or_default();
        table.row([&source.name, flag, &source.entries.to_string(), &source.skipped.to_string()]);
    }
    table
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{} holds {} {} hashes, version {}, {}, {} bytes each.",
            self.corpus.display(),
            self.entries,
            self.hash,
            self.version,
            size_text(self.bytes),
            self.bytes_per_entry
        ))?;
        page.table(&sources_table(&self.sources))
    }
}

impl Build {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let marked = [
            (Flag::Unmarked, self.sources),
            (Flag::Verified, self.verified),
            (Flag::Fabricated, self.fabricated),
            (Flag::Retired, self.retired),
            (Flag::SpamList, self.spam_list),
            (Flag::StealerLog, self.stealer_log),
        ];
        let sources: Vec<(PathBuf, Flag)> =
            marked.into_iter().flat_map(|(flag, paths)| paths.into_iter().map(move |path| (path, flag))).collect();
        if sources.is_empty() {
            return Err(Failure::usage("Nothing to build from: name lists, folders of range files or corpora, or `-` for standard input."));
        }
        let wanted = Wanted {
            out: self.out,
            sources,
            kind: self.hash.map(Into::into),
            form: self.form,
            index_only: self.index_only,
            lenient: self.lenient,
            memory_bytes: self.memory,
            restart: self.restart,
            made_at_ms: SystemClock.now().0,
        };
        let bar = Progress::of_bytes(!context.out.is_quiet());
        let built = build(&wanted, &mut |stage, done, total| bar.stage(stage, done, total));
        drop(bar);
        let built = built?;
        if let Some(remark) = built.begun.remark() {
            context.out.remark(remark);
        }
        context.out.answer(&Answer::of(built))
    }
}
