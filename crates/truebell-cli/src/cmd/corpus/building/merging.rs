//! All in one order, written into columns; and the columns as one file.

use super::ahead::Ahead;
use super::behind::write_behind;
use super::folder::{Folder, WHOLE};
use super::input::{Ordered, Place};
use super::sorting::{Sorted, open_from};
use super::source::Opened;
use super::{Progress, Tally, unwritable};
use crate::exit::{Answered, Failure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom};
use std::thread;
use truebell_corpus::build::{Input, Merge, Seen, State, Writer, Written, assemble as assemble_columns};
use truebell_corpus::{Column, Flags, Kind, PAGE_BYTES};

const STATE: &str = "merged";
const BUFFER_BYTES: usize = 1 << 20;
/// Entries between two states that can be gone on from: some seconds of work.
const ENTRIES_BETWEEN: u64 = 1 << 26;
/// Entries between two looks at how far it is.
const LOOK_BETWEEN: u64 = 1 << 16;

/// With more sources than this, threads only wait for each other.
const READ_AHEAD_MAX: usize = 8;

/// An input of the merge.
enum Source<'a> {
    /// Read on a thread of its own.
    Ahead(Ahead),
    /// Read when it is its turn.
    Here(Box<Ordered<'a>>),
}

impl Source<'_> {
    const fn number(&self) -> Option<usize> {
        match self {
            Self::Ahead(source) => source.number(),
            Self::Here(source) => source.number(),
        }
    }

    const fn place(&self) -> Place {
        match self {
            Self::Ahead(source) => source.place(),
            Self::Here(source) => source.place(),
        }
    }

    const fn reached(&self) -> Place {
        match self {
            Self::Ahead(source) => source.reached(),
            Self::Here(source) => source.reached(),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Ahead(source) => source.bytes_read(),
            Self::Here(source) => source.bytes_read(),
        }
    }
}

impl Input for Source<'_> {
    type Error = Failure;

    fn next_seen(&mut self) -> Answered<Option<Seen>> {
        match self {
            Self::Ahead(source) => source.next_seen(),
            Self::Here(source) => source.next_seen(),
        }
    }
}

/// What is written.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) kind: Kind,
    pub(super) bucket_bits: u8,
    pub(super) flags: Flags,
    pub(super) full: bool,
    pub(super) lenient: bool,
}

/// How far merging is.
#[derive(Serialize, Deserialize)]
struct Kept {
    written: State,
    bucket_bits: u8,
    /// Of each input.
    places: Vec<Place>,
}

/// All columns.
pub(super) struct Merged {
    written: Written<BufWriter<File>>,
    pub(super) entries: u64,
    /// By source.
    pub(super) tallies: BTreeMap<usize, Tally>,
}

/// Merges what is left to merge.
pub(super) fn merge(folder: &Folder, ordered: &[&Opened], sorted: &Sorted, how: How, progress: Progress<'_>) -> Answered<Merged> {
    let kept: Option<Kept> = folder.load(STATE)?;
    let (writer, places, above) = match kept {
        Some(kept) => {
            let above = kept.written.last(how.kind);
            (go_on(folder, kept.written, How { bucket_bits: kept.bucket_bits, ..how })?, kept.places, above)
        }
        None => (begin(folder, how)?, vec![], None),
    };
    let mut places = places.into_iter().chain(std::iter::repeat(Place::default()));
    thread::scope(|scope| {
        let mut inputs = Vec::new();
        for (source, place) in ordered.iter().zip(&mut places) {
            let input = Ordered::source(source, how.kind, place, above, how.lenient)?;
            // Standard input may give nothing for long, and whoever ends early would have to wait for it.
            let reads_ahead = ordered.len() <= READ_AHEAD_MAX && !source.is_stdin();
            inputs.push(if reads_ahead { Source::Ahead(Ahead::of(scope, input)) } else { Source::Here(Box::new(input)) });
        }
        for (run, place) in sorted.runs.iter().zip(&mut places) {
            let run = open_from(folder, how.kind, run, place.consumed())
                .map_err(|error| Failure::io("A sorted part could not be read", &error))?;
            inputs.push(Source::Here(Box::new(Ordered::run(run, place, above))));
        }
        let total = ordered.iter().map(|source| source.bytes).sum::<u64>();
        write_all(folder, Merge::new(inputs), writer, how.bucket_bits, &mut |done| progress("Merging", done, total))
    })
}

fn write_all(
    folder: &Folder,
    mut merge: Merge<Source<'_>>,
    mut writer: Writer<BufWriter<File>>,
    bucket_bits: u8,
    progress: &mut dyn FnMut(u64),
) -> Answered<Merged> {
    let begun = writer.entries();
    while let Some(seen) = merge.next_merged()? {
        writer.push(&seen).map_err(|error| unwritable(&folder.file("columns"), &error))?;
        let entries = writer.entries();
        if (entries - begun).is_multiple_of(LOOK_BETWEEN) {
            progress(merge.inputs().iter().map(Source::bytes_read).sum());
        }
        if (entries - begun).is_multiple_of(ENTRIES_BETWEEN) {
            keep(folder, &mut writer, bucket_bits, merge.inputs())?;
        }
    }
    let tallies = merge.inputs().iter().filter_map(|input| Some((input.number()?, input.reached().tally))).collect();
    let entries = writer.entries();
    let written = writer.finish().map_err(|error| unwritable(&folder.file("columns"), &error))?;
    Ok(Merged { written, entries, tallies })
}

fn column_name(column: Column) -> String {
    column.name().replace(' ', "-")
}

fn begin(folder: &Folder, how: How) -> Answered<Writer<BufWriter<File>>> {
    let make = |column| File::create(folder.file(&column_name(column))).map(|file| BufWriter::with_capacity(BUFFER_BYTES, file));
    Writer::new(how.kind, how.bucket_bits, how.flags, how.full, make).map_err(|error| unwritable(&folder.file("columns"), &error))
}

/// Cuts each column back to what it had when the state was kept.
fn go_on(folder: &Folder, state: State, how: How) -> Answered<Writer<BufWriter<File>>> {
    let pages: BTreeMap<Column, u64> = state.pages(how.full).into_iter().collect();
    let make = |column: Column| {
        let mut file = File::options().write(true).open(folder.file(&column_name(column)))?;
        let bytes = pages.get(&column).copied().unwrap_or_default() * PAGE_BYTES as u64;
        if file.metadata()?.len() < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.set_len(bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok(BufWriter::with_capacity(BUFFER_BYTES, file))
    };
    Writer::resume(state, how.kind, how.bucket_bits, how.flags, how.full, make).map_err(|error| unwritable(&folder.file("columns"), &error))
}

fn keep(folder: &Folder, writer: &mut Writer<BufWriter<File>>, bucket_bits: u8, inputs: &[Source<'_>]) -> Answered {
    let mut state = || -> io::Result<State> {
        let state = writer.state()?;
        writer.places().try_for_each(|column| column.get_ref().sync_data())?;
        Ok(state)
    };
    let written = state().map_err(|error| unwritable(&folder.file("columns"), &error))?;
    folder.keep(STATE, &Kept { written, bucket_bits, places: inputs.iter().map(Source::place).collect() })
}

/// The columns as one file, on the disk. How large it is.
pub(super) fn assemble(
    folder: &Folder,
    merged: Merged,
    sources: &[truebell_corpus::Source],
    made_at_ms: u64,
    progress: Progress<'_>,
) -> Answered<u64> {
    let whole = folder.file(WHOLE);
    let mut assemble = || -> io::Result<u64> {
        let open = |(column, _): &(Column, BufWriter<File>)| {
            File::open(folder.file(&column_name(*column))).map(|file| BufReader::with_capacity(BUFFER_BYTES, file))
        };
        let columns = merged.written.columns.iter().map(open).collect::<io::Result<Vec<_>>>()?;
        let file = File::create(&whole)?;
        let page = PAGE_BYTES as u64;
        let mut progress = |done, total| progress("Sealing", done * page, total * page);
        write_behind(&file, |mut out| assemble_columns(&merged.written, columns, sources, made_at_ms, &mut out, &mut progress))?;
        Ok(file.metadata()?.len())
    };
    assemble().map_err(|error| unwritable(&whole, &error))
}
