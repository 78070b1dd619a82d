//! `truebell corpus verify`: every byte against the seal, every entry against its neighbours.

use super::super::context::Context;
use super::{failure_of, open};
use crate::exit::Answered;
use crate::output::{Page, Progress, Show};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// Look at every byte of a corpus
///
/// Finds a bit that flipped on the disk, a file that was cut or changed, and what a builder did wrongly.
#[derive(Debug, Args)]
pub struct Verify {
    /// The corpus
    #[arg(value_name = "CORPUS")]
    corpus: PathBuf,
}

#[derive(Serialize)]
struct Verified {
    corpus: PathBuf,
    version: String,
    entries: u64,
    whole: bool,
}

impl Show for Verified {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("{} is whole: version {}, {} entries.", self.corpus.display(), self.version, self.entries))
    }
}

impl Verify {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let corpus = open(&self.corpus)?;
        let bar = Progress::new("Verifying", 0, !context.out.is_quiet());
        let verified = corpus.verify(&mut |done, total| bar.at(done, total));
        drop(bar);
        verified.map_err(|error| failure_of(&self.corpus, &error))?;
        let (version, entries) = (corpus.version(), corpus.header().entries);
        context.out.answer(&Verified { corpus: self.corpus, version, entries, whole: true })
    }
}
