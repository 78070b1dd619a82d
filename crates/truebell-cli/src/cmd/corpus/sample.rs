//! `truebell corpus sample`: entries chosen by chance, to try other programs with.

use super::super::context::Context;
use super::{failure_of, open};
use crate::exit::Answered;
use crate::output::{Page, Show};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_client::SystemChance;
use truebell_core::chance::make_array;
use truebell_corpus::Digest;

/// Show some entries, chosen by chance
///
/// One a line, HASH:COUNT, as the lists have it.
#[derive(Debug, Args)]
pub struct Sample {
    /// The corpus
    #[arg(value_name = "CORPUS")]
    corpus: PathBuf,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: u32,
}

#[derive(Serialize)]
struct Entry {
    hash: String,
    count: u64,
    kinds: Vec<&'static str>,
}

#[derive(Serialize)]
struct Entries {
    entries: Vec<Entry>,
}

impl Show for Entries {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.entries.iter().try_for_each(|entry| page.line(format_args!("{}:{}", entry.hash, entry.count)))
    }
}

impl Sample {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let corpus = open(&self.corpus)?;
        let (kind, failed) = (corpus.header().kind, |error| failure_of(&self.corpus, &error));
        let mut entries = Vec::new();
        for _ in 0..if corpus.header().entries == 0 { 0 } else { self.count } {
            // The entry above a random digest: each is as likely as the gap below it is wide, and gaps are alike.
            let bytes: [u8; 20] = make_array(&mut SystemChance);
            let Some(from) = bytes.get(..kind.bytes()).and_then(|bytes| Digest::of(kind, bytes)) else { break };
            let mut above = corpus.entries_above(&from).map_err(failed)?;
            // Above the last one it begins anew.
            let next = if above.remaining() > 0 { above.next() } else { corpus.entries().map_err(failed)?.next() };
            let Some(entry) = next.transpose().map_err(failed)? else { break };
            let kinds = entry.flags.iter().map(truebell_corpus::Flag::name).collect();
            entries.push(Entry { hash: entry.digest.hex(kind), count: entry.count, kinds });
        }
        context.out.answer(&Entries { entries })
    }
}
