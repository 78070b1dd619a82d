//! What is in no order becomes runs that are. After each run it is noted how far the sources were read.

use super::folder::Folder;
use super::input::{self, Taken};
use super::source::Opened;
use super::{Progress, Tally, Wanted, unreadable, unwritable};
use crate::exit::Answered;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use truebell_corpus::Kind;
use truebell_corpus::build::{Input, Lines, Merge, Run, Seen, Sorter};

const STATE: &str = "sorted";
const BUFFER_BYTES: usize = 1 << 18;
/// More runs than this are merged into one, so that open files stay few.
const RUNS_MAX: usize = 96;
/// Lines between two looks at how far it is.
const LINES_BETWEEN: u64 = 1 << 16;

/// How far sorting is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Sorted {
    /// The sources before this one (among those in no order) are done.
    at_source: usize,
    position: u64,
    line: u64,
    pub(super) runs: Vec<RunFile>,
    next_run: u64,
    /// By source.
    pub(super) tallies: BTreeMap<usize, Tally>,
}

/// A run on the disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunFile {
    pub(super) name: String,
    pub(super) entries: u64,
}

/// Sorts what is left to sort.
pub(super) fn sort(folder: &Folder, sources: &[&Opened], kind: Kind, wanted: &Wanted, progress: Progress<'_>) -> Answered<Sorted> {
    let mut state: Sorted = folder.load(STATE)?.unwrap_or_default();
    let mut sorter = Sorter::new(wanted.memory_bytes);
    let total = sources.iter().map(|source| source.bytes).sum::<u64>();
    let done_before = |at: usize| sources.iter().take(at).map(|source| source.bytes).sum::<u64>();
    let begin = state.at_source;
    for (at, source) in sources.iter().enumerate().skip(begin) {
        let (position, line) = if at == begin { (state.position, state.line) } else { (0, 0) };
        let text = source.text_from(position).map_err(|error| unreadable(&source.name, &error))?;
        let mut lines = Lines::resume(text, position, line);
        let mut tally = state.tallies.get(&source.number).copied().unwrap_or_default();
        while let Some(taken) = input::take_line(source, kind, &mut lines, wanted.lenient)? {
            match taken {
                Taken::Seen(digest, count) => {
                    tally.entries += 1;
                    if sorter.push(Seen { digest, count, flags: source.flag.into() }) {
                        (state.at_source, state.position, state.line) = (at, lines.position(), lines.number());
                        state.tallies.insert(source.number, tally);
                        write_run(folder, kind, &mut sorter, &mut state)?;
                    }
                }
                Taken::Skipped => tally.skipped += 1,
                Taken::Nothing => {}
            }
            if lines.number() % LINES_BETWEEN == 0 {
                progress("Sorting", done_before(at) + source.bytes_read(), total);
            }
        }
        state.tallies.insert(source.number, tally);
    }
    if !sorter.is_empty() {
        (state.at_source, state.position, state.line) = (sources.len(), 0, 0);
        write_run(folder, kind, &mut sorter, &mut state)?;
    }
    Ok(state)
}

fn write_run(folder: &Folder, kind: Kind, sorter: &mut Sorter, state: &mut Sorted) -> Answered {
    let name = format!("run-{}", state.next_run);
    let path = folder.file(&name);
    let mut write = || {
        let file = File::create(&path)?;
        let entries = sorter.write_run(kind, BufWriter::with_capacity(BUFFER_BYTES, &file))?;
        file.sync_all()?;
        Ok(entries)
    };
    let entries = write().map_err(|error| unwritable(&path, &error))?;
    state.runs.push(RunFile { name, entries });
    state.next_run += 1;
    if state.runs.len() > RUNS_MAX { join_runs(folder, kind, state) } else { folder.keep(STATE, state) }
}

/// All runs as one.
fn join_runs(folder: &Folder, kind: Kind, state: &mut Sorted) -> Answered {
    let name = format!("run-{}", state.next_run);
    let path = folder.file(&name);
    let join = || {
        let runs = state.runs.iter().map(|run| open(folder, kind, run)).collect::<std::io::Result<Vec<_>>>()?;
        let mut merge = Merge::new(runs);
        let file = File::create(&path)?;
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, &file);
        let mut entries = 0;
        while let Some(seen) = merge.next_merged()? {
            Run::<File>::write(kind, &seen, &mut out)?;
            entries += 1;
        }
        out.flush()?;
        file.sync_all()?;
        Ok(entries)
    };
    let entries = join().map_err(|error| unwritable(&path, &error))?;
    let joined = std::mem::replace(&mut state.runs, vec![RunFile { name, entries }]);
    state.next_run += 1;
    folder.keep(STATE, state)?;
    // Only now: until the state names the new one, these are what there is.
    for run in joined {
        let path = folder.file(&run.name);
        std::fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(())
}

fn open(folder: &Folder, kind: Kind, run: &RunFile) -> std::io::Result<Run<BufReader<File>>> {
    Ok(Run::new(kind, BufReader::with_capacity(BUFFER_BYTES, File::open(folder.file(&run.name))?), run.entries))
}

/// A run from its `from`th digest on.
pub(super) fn open_from(folder: &Folder, kind: Kind, run: &RunFile, from: u64) -> std::io::Result<impl Input<Error = std::io::Error>> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::open(folder.file(&run.name))?;
    file.seek(SeekFrom::Start(from * Run::<File>::record_bytes(kind)))?;
    Ok(Run::new(kind, BufReader::with_capacity(BUFFER_BYTES, file), run.entries - from))
}
