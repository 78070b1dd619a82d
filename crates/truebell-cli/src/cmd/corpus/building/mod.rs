//! Building a corpus from files, whatever their number and size: sorting what is in no order, merging, sealing. Each step can be interrupted and gone on with.
//!
//! `OUT.building/` holds: `plan` (what is built from what), `sorted` and `run-N` (sorting so far), `merged` and the columns (merging so far), `whole` (the corpus until it gets its name).

mod ahead;
mod behind;
mod folder;
mod input;
mod merging;
mod sorting;
mod source;

pub(super) use folder::parse_memory;
pub(super) use source::Order;

use crate::exit::{Answered, Code, Failure, describe_io};
use folder::{Folder, Plan};
use source::Opened;
use std::io;
use std::path::{Path, PathBuf};
use truebell_corpus::build::derive_bucket_bits;
use truebell_corpus::{Flag, Flags, Kind, Source};

/// What is to be built.
pub(super) struct Wanted {
    pub(super) out: PathBuf,
    pub(super) sources: Vec<(PathBuf, Flag)>,
    pub(super) kind: Option<Kind>,
    pub(super) form: Option<Order>,
    pub(super) index_only: bool,
    pub(super) lenient: bool,
    pub(super) memory_bytes: usize,
    pub(super) restart: bool,
    pub(super) made_at_ms: u64,
}

/// What was built.
pub(super) struct Built {
    pub(super) path: PathBuf,
    pub(super) version: String,
    pub(super) kind: Kind,
    pub(super) entries: u64,
    pub(super) bytes: u64,
    pub(super) sources: Vec<Source>,
    pub(super) begun: Begun,
}

/// How a build began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// With nothing.
    New,
    /// With what the same build had done before it was interrupted.
    GoneOn,
    /// With nothing, because what lay there was of another build.
    Anew,
}

impl Begun {
    /// What is worth saying about it.
    pub(super) const fn remark(self) -> Option<&'static str> {
        match self {
            Self::New => None,
            Self::GoneOn => Some("Went on from where it was interrupted."),
            Self::Anew => Some("Began anew: what was unfinished was of other sources, or they have changed."),
        }
    }
}

/// Told what is being done, how far it is, and of how much, in bytes.
pub(super) type Progress<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// How many digests of a source came in and how many of its lines were passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Tally {
    entries: u64,
    skipped: u64,
}

/// Builds.
pub(super) fn build(wanted: &Wanted, progress: Progress<'_>) -> Answered<Built> {
    super::replace_only(&wanted.out, source::CORPUS_MAGIC, "corpus")?;
    let sources = source::open_all(wanted)?;
    let kind = source::choose_kind(wanted, &sources)?;
    let plan = Plan::of(wanted, &sources, kind);
    let folder = Folder::enter(&wanted.out, &plan, wanted.restart)?;

    let (ordered, unordered): (Vec<&Opened>, Vec<&Opened>) = sources.iter().partition(|source| source.is_ordered());
    let sorted = sorting::sort(&folder, &unordered, kind, wanted, progress)?;
    let flags = sources.iter().map(Opened::flags).fold(Flags::default(), Flags::and);
    let about =
        sorted.runs.iter().map(|run| run.entries).sum::<u64>() + ordered.iter().map(|source| source.entries_about(kind)).sum::<u64>();
    let how = merging::How { kind, bucket_bits: derive_bucket_bits(about), flags, full: !wanted.index_only, lenient: wanted.lenient };
    let merged = merging::merge(&folder, &ordered, &sorted, how, progress)?;

    let tallies = sources.iter().map(|source| sorted.tallies.get(&source.number).or_else(|| merged.tallies.get(&source.number)));
    let described: Vec<Source> =
        sources.iter().zip(tallies).map(|(source, tally)| source.describe(tally.copied().unwrap_or_default())).collect();
    let begun = folder.begun;
    let entries = merged.entries;
    let bytes = merging::assemble(&folder, merged, &described, wanted.made_at_ms, progress)?;
    folder.finish(&wanted.out)?;
    let version = super::open(&wanted.out)?.version();
    Ok(Built { path: wanted.out.clone(), version, kind, entries, bytes, sources: described, begun })
}

/// A source that cannot be used.
fn bad_source(name: &str, what: impl std::fmt::Display) -> Failure {
    Failure::new(Code::BadFile, format!("{name}{what} Nothing was built."))
}

/// A source that cannot be read.
fn unreadable(name: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => bad_source(name, " ends in the middle: it was not copied whole."),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => bad_source(name, format_args!(" is damaged: {}.", describe_io(error))),
        _ => bad_source(name, format_args!(" could not be read: {}.", describe_io(error))),
    }
}

/// What is written on the way cannot be.
fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let next = if error.kind() == io::ErrorKind::StorageFull { " Make room; the same command then goes on from there." } else { "" };
    Failure::plain(format!("{} could not be written: {}.{next}", path.display(), describe_io(error)))
}
