//! The corpus of exposed passwords, made up in any number: what building it costs beside `wc -l` and `sort -u`, an entry on the disk, a check, and its ranges beside nginx.

mod asking;
mod building;
mod process;
mod ranges;
mod synthetic;

use crate::report::Report;
use anyhow::Result;
use std::path::PathBuf;
use synthetic::{Ordered, keys_of};

/// A folder with the lists and what is made of them.
struct Bench {
    folder: tempfile::TempDir,
    /// Entries of the ordered list.
    entries: u64,
    /// The first 64 bits of each, in order.
    keys: Vec<u64>,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The list, the corpus with counts, and the one for checking only.
const LIST: &str = "ordered.txt";
const CORPUS: &str = "pwned.tbc";
const INDEX: &str = "index.tbc";

/// Everything about a corpus of about so many entries.
pub(crate) fn corpus(report: &mut Report, entries: u64) -> Result<()> {
    let parts = ["corpus build", "corpus unsorted", "corpus bytes", "corpus check", "corpus ranges"];
    if !parts.iter().any(|name| report.wants(name)) {
        return Ok(());
    }
    // Beside the build's own output and not in memory: these are gigabytes.
    let folder = tempfile::tempdir_in(std::env::current_exe()?.with_file_name(""))?;
    let mut bench = Bench { folder, entries: 0, keys: Vec::new() };
    // A process begins with the peak of the one that started it: no keys are held while others are measured.
    bench.entries = Ordered::write(&bench.path(LIST), entries)?.entries;
    building::ordered(report, &bench)?;
    bench.keys = keys_of(&bench.path(LIST), bench.entries)?;
    asking::measure(report, &bench)?;
    bench.keys = Vec::new();
    ranges::measure(report, &bench)?;
    if report.wants("corpus unsorted") {
        building::unsorted(report, &bench)?;
    }
    Ok(())
}
