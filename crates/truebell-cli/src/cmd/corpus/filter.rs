//! `truebell corpus filter`: a corpus as a filter for phones and browsers.

use super::super::context::Context;
use super::{failure_of, open, replace_only};
use crate::exit::{Answered, Code, Failure, describe_io};
use crate::output::{Page, Progress, Show, size_text};
use clap::Args;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use truebell_corpus::filter::{self, FILTER_MAGIC, NoFilter, write_filter};

/// Make a filter for phones and browsers
///
/// Nine bits an entry, and two answers: no, or perhaps, which is said of one clean password in 256 too. Enough to ask further, or to advise against a new password; never evidence.
#[derive(Debug, Args)]
pub struct Filter {
    /// The corpus
    #[arg(value_name = "CORPUS")]
    corpus: PathBuf,
    /// The filter to make
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Made {
    filter: PathBuf,
    corpus: String,
    keys: u64,
    bytes: u64,
    bits_per_key: f64,
}

impl Show for Made {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{} answers for {} entries of corpus version {}: {}, {} bits each.",
            self.filter.display(),
            self.keys,
            self.corpus,
            size_text(self.bytes),
            self.bits_per_key
        ))
    }
}

impl Filter {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        replace_only(&self.out, FILTER_MAGIC, "filter")?;
        let corpus = open(&self.corpus)?;
        let bar = Progress::new("Making", 0, !context.out.is_quiet());
        let unwritable =
            |error: &io::Error| Failure::plain(format!("{} could not be written: {}.", self.out.display(), describe_io(error)));
        // Whole or not at all, and who reads the one before goes on reading it.
        let mut draft = self.out.clone().into_os_string();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        let write = || -> Result<u64, NoFilter> {
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&draft)?);
            let bytes = write_filter(&corpus, &mut out, &mut |done, total| bar.at(done, total))?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&draft, &self.out)?;
            Ok(bytes)
        };
        let bytes = write().map_err(|error| {
            drop(std::fs::remove_file(&draft));
            match error {
                NoFilter::Corpus(error) => failure_of(&self.corpus, &error),
                NoFilter::Write(error) => unwritable(&error),
                error @ NoFilter::Unlucky => Failure::plain(format!("{error}.")),
            }
        })?;
        drop(bar);
        let made = open_filter(&self.out)?;
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let bits_per_key = (bytes as f64 * 800.0 / made.keys().max(1) as f64).round() / 100.0;
        context.out.answer(&Made { filter: self.out, corpus: made.corpus_version(), keys: made.keys(), bytes, bits_per_key })
    }
}

/// Reads a filter whole; it is small.
pub(super) fn open_filter(path: &Path) -> Answered<filter::Filter<Vec<u8>>> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::new(Code::BadFile, format!("{} could not be read: {}.", path.display(), describe_io(&error))))?;
    filter::Filter::open(bytes).map_err(|error| Failure::new(Code::BadFile, format!("{}: {error}.", path.display())))
}
