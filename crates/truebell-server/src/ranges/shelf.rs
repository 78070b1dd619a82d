//! The corpora that are served: at most one of each kind, each replaced by its next version while requests go on.

use super::body::padded_bytes;
use super::file::{FilePages, open_corpus};
use super::finished::{Answers, Form};
use super::head::Head;
use parking_lot::RwLock;
use std::fs::Metadata;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use truebell_corpus::{Corpus, Damaged, Kind};

/// How large answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// As there are entries, unless the request asks for padding.
    AsTheyAre,
    /// All the same, whatever the request says.
    Constant,
}

/// Why ranges are not served.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A corpus that cannot be used.
    #[error("{path}: {why}", path = .0.display(), why = .1)]
    Corpus(PathBuf, Damaged),
    /// Two for the same requests.
    #[error("{path} is a second corpus of {} hashes: serve one of each kind, or put them together with truebell corpus merge", .1.name(), path = .0.display())]
    Twice(PathBuf, Kind),
    /// The address is not to be had.
    #[error("{0} cannot be listened on ({1}): choose another address with --listen, or stop what is there")]
    Listen(SocketAddr, std::io::ErrorKind),
}

/// How corpora are served.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How large answers are.
    pub sizes: Sizes,
    /// How long answers may be kept by caches, in seconds.
    pub max_age_seconds: u32,
    /// Memory for all corpora together, in bytes: half of it for pages that were read and checked, half for answers that were put together.
    pub memory_bytes: usize,
}

/// The corpora.
#[derive(Debug)]
pub struct Shelf {
    places: Vec<Place>,
    manner: Manner,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    kind: Kind,
    open: RwLock<Open>,
}

#[derive(Debug, Clone)]
struct Open {
    served: Arc<Served>,
    file: FileMark,
}

/// A corpus, and what stands above each of its answers.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) corpus: Corpus<FilePages>,
    plain: Head,
    gzip: Head,
    padded: Head,
    pub(super) answers: Answers,
}

impl Served {
    pub(super) const fn head(&self, form: Form) -> &Head {
        match form {
            Form::Plain => &self.plain,
            Form::Gzip => &self.gzip,
            Form::Padded => &self.padded,
        }
    }
}

/// What changes when a file is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileMark(u64, u64, i64, i64);

impl FileMark {
    fn of(about: &Metadata) -> Self {
        Self(about.ino(), about.len(), about.mtime(), about.mtime_nsec())
    }
}

impl Shelf {
    /// Opens corpora.
    ///
    /// # Errors
    /// [`ShelfError`], for the first that cannot be served.
    pub fn open(paths: &[PathBuf], manner: Manner) -> Result<Self, ShelfError> {
        let manner = Manner { memory_bytes: manner.memory_bytes / paths.len().max(1), ..manner };
        let mut places: Vec<Place> = Vec::new();
        for path in paths {
            let open = load(path, manner).map_err(|error| ShelfError::Corpus(path.clone(), error))?;
            let kind = open.served.corpus.header().kind;
            if places.iter().any(|place| place.kind == kind) {
                return Err(ShelfError::Twice(path.clone(), kind));
            }
            places.push(Place { path: path.clone(), kind, open: RwLock::new(open) });
        }
        Ok(Self { places, manner })
    }

    /// The version of the corpus of a kind, and how many entries it has.
    pub fn of(&self, kind: Kind) -> Option<(String, u64)> {
        let served = self.served(kind)?;
        Some((served.corpus.version(), served.corpus.header().entries))
    }

    pub(super) fn served(&self, kind: Kind) -> Option<Arc<Served>> {
        self.places.iter().find(|place| place.kind == kind).map(|place| place.open.read().served.clone())
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.manner.sizes
    }

    /// Takes up corpora that were replaced. One that cannot be served leaves the one before it.
    pub fn look_again(&self) {
        for place in &self.places {
            let Ok(about) = std::fs::metadata(&place.path) else { continue };
            if FileMark::of(&about) == place.open.read().file {
                continue;
            }
            match load(&place.path, self.manner) {
                Ok(open) if open.served.corpus.header().kind == place.kind => {
                    let corpus = &open.served.corpus;
                    tracing::info!(version = corpus.version(), entries = corpus.header().entries, "a corpus was replaced");
                    *place.open.write() = open;
                }
                Ok(_) => tracing::warn!("the file of a corpus was replaced by one of another kind, which is not served"),
                Err(error) => tracing::warn!(%error, "the file of a corpus was replaced by one that cannot be served"),
            }
        }
    }
}

fn load(path: &Path, manner: Manner) -> Result<Open, Damaged> {
    let about = std::fs::metadata(path).map_err(truebell_corpus::Unreadable)?;
    let mut corpus = open_corpus(path)?;
    if !corpus.header().full {
        return Err(Damaged::IndexOnly);
    }
    corpus.load_buckets()?;
    corpus.keep_pages(manner.memory_bytes / 2);
    let answers = Answers::new(manner.memory_bytes / 2, padded_bytes(&corpus));
    let head = |suffix| Head::new(&corpus.version(), suffix, manner.max_age_seconds);
    let (plain, gzip, padded) = (head(""), head("-gzip"), head("-padded"));
    Ok(Open { served: Arc::new(Served { corpus, plain, gzip, padded, answers }), file: FileMark::of(&about) })
}
