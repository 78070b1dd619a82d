//! `truebell corpus info`: what is in a corpus, by its header.

use super::super::context::Context;
use super::build::sources_table;
use super::{failure_of, open};
use crate::exit::Answered;
use crate::output::{Page, Show, size_text, time_text};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_corpus::Source;

/// What is in a corpus
#[derive(Debug, Args)]
pub struct Info {
    /// The corpus
    #[arg(value_name = "CORPUS")]
    corpus: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    corpus: PathBuf,
    version: String,
    seal: String,
    hash: &'static str,
    entries: u64,
    bytes: u64,
    index_only: bool,
    made_at: u64,
    kinds: Vec<&'static str>,
    sources: Vec<Source>,
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("Corpus    {}", self.corpus.display()))?;
        page.line(format_args!("Version   {}", self.version))?;
        page.line(format_args!(
            "Hash      {}{}",
            self.hash,
            if self.index_only { ", first 64 bits: for checking only" } else { ", with counts" }
        ))?;
        page.line(format_args!("Entries   {}", self.entries))?;
        page.line(format_args!("Size      {}", size_text(self.bytes)))?;
        page.line(format_args!("Made      {}", time_text(self.made_at)))?;
        page.line("")?;
        page.table(&sources_table(&self.sources))
    }
}

impl Info {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let corpus = open(&self.corpus)?;
        let sources = corpus.sources().map_err(|error| failure_of(&self.corpus, &error))?;
        let header = corpus.header();
        context.out.answer(&Answer {
            version: corpus.version(),
            seal: corpus.seal().iter().map(|byte| format!("{byte:02x}")).collect(),
            hash: header.kind.name(),
            entries: header.entries,
            bytes: header.pages_in_all() * truebell_corpus::PAGE_BYTES as u64,
            index_only: !header.full,
            made_at: header.made_at_ms,
            kinds: header.flags.iter().map(truebell_corpus::Flag::name).collect(),
            sources,
            corpus: self.corpus,
        })
    }
}
