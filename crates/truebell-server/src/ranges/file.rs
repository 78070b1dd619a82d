//! A corpus in a file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use truebell_corpus::{Corpus, Damaged, PAGE_BYTES, Page, Pages, Unreadable};

/// Pages of an open file. The file may be replaced under its name meanwhile; this stays what it was.
#[derive(Debug)]
pub struct FilePages(File);

impl Pages for FilePages {
    fn bytes(&self) -> Result<u64, Unreadable> {
        Ok(self.0.metadata()?.len())
    }

    fn read(&self, at: u64, into: &mut Page) -> Result<(), Unreadable> {
        Ok(self.0.read_exact_at(&mut into.0, at * PAGE_BYTES as u64)?)
    }
}

/// Opens a corpus.
///
/// # Errors
/// [`Damaged`].
pub fn open_corpus(path: &Path) -> Result<Corpus<FilePages>, Damaged> {
    Corpus::open(FilePages(File::open(path).map_err(Unreadable)?))
}
