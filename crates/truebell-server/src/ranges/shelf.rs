//! The corpora that are served: at most one of each kind, each replaced by its next version while requests go on.

use super::file::{FilePages, open_corpus};
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

/// The corpora.
#[derive(Debug)]
pub struct Shelf {
    places: Vec<Place>,
    pub(super) sizes: Sizes,
    /// How long answers may be kept, in seconds.
    pub(super) max_age_seconds: u32,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    kind: Kind,
    open: RwLock<Open>,
}

#[derive(Debug, Clone)]
struct Open {
    corpus: Arc<Corpus<FilePages>>,
    file: FileMark,
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
    pub fn open(paths: &[PathBuf], sizes: Sizes, max_age_seconds: u32) -> Result<Self, ShelfError> {
        let mut places: Vec<Place> = Vec::new();
        for path in paths {
            let (corpus, file) = load(path).map_err(|error| ShelfError::Corpus(path.clone(), error))?;
            let kind = corpus.header().kind;
            if places.iter().any(|place| place.kind == kind) {
                return Err(ShelfError::Twice(path.clone(), kind));
            }
            places.push(Place { path: path.clone(), kind, open: RwLock::new(Open { corpus: Arc::new(corpus), file }) });
        }
        Ok(Self { places, sizes, max_age_seconds })
    }

    /// The corpus of a kind.
    pub fn of(&self, kind: Kind) -> Option<Arc<Corpus<FilePages>>> {
        self.places.iter().find(|place| place.kind == kind).map(|place| place.open.read().corpus.clone())
    }

    /// Takes up corpora that were replaced. One that cannot be served leaves the one before it.
    pub fn look_again(&self) {
        for place in &self.places {
            let Ok(about) = std::fs::metadata(&place.path) else { continue };
            if FileMark::of(&about) == place.open.read().file {
                continue;
            }
            match load(&place.path) {
                Ok((corpus, file)) if corpus.header().kind == place.kind => {
                    tracing::info!(version = corpus.version(), entries = corpus.header().entries, "a corpus was replaced");
                    *place.open.write() = Open { corpus: Arc::new(corpus), file };
                }
                Ok(_) => tracing::warn!("the file of a corpus was replaced by one of another kind, which is not served"),
                Err(error) => tracing::warn!(%error, "the file of a corpus was replaced by one that cannot be served"),
            }
        }
    }
}

fn load(path: &Path) -> Result<(Corpus<FilePages>, FileMark), Damaged> {
    let about = std::fs::metadata(path).map_err(truebell_corpus::Unreadable)?;
    let mut corpus = open_corpus(path)?;
    if !corpus.header().full {
        return Err(Damaged::IndexOnly);
    }
    corpus.load_buckets()?;
    Ok((corpus, FileMark::of(&about)))
}
