//! `truebell corpus merge`: several corpora as one.

use super::super::context::Context;
use super::build::Answer;
use super::building::{Wanted, build, parse_memory};
use super::open;
use crate::exit::Answered;
use crate::output::Progress;
use clap::Args;
use std::path::PathBuf;
use truebell_client::{Clock, SystemClock};
use truebell_corpus::Flag;

/// Put several corpora together
///
/// Counts of the same hash are added, and each hash keeps what is known of the lists it was in.
#[derive(Debug, Args)]
pub struct Merge {
    /// The corpus to make
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// The corpora
    #[arg(value_name = "CORPUS", required = true, num_args = 2..)]
    corpora: Vec<PathBuf>,
    /// For checking only: 6 bytes an entry, without counts and whole hashes
    #[arg(long)]
    index_only: bool,
    /// Begin anew instead of going on with what lies in OUT.building
    #[arg(long)]
    restart: bool,
}

impl Merge {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        for path in &self.corpora {
            open(path)?;
        }
        let wanted = Wanted {
            out: self.out,
            sources: self.corpora.into_iter().map(|path| (path, Flag::Unmarked)).collect(),
            kind: None,
            form: None,
            index_only: self.index_only,
            lenient: false,
            memory_bytes: parse_memory("64MiB").unwrap_or_default(),
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
