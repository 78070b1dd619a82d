//! The file of pairs in service with its key, replaced by the next while requests go on.

use super::file::{FileBytes, KeyFileError, open_pairs, read_key};
use axum::body::Bytes;
use parking_lot::RwLock;
use std::fs::Metadata;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use truebell_core::pair::{self, About, ENTRY_BYTES, FileId, PairKey};
use truebell_corpus::pairs::{self, PAIR_ENTRY_BYTES, Pairs, PairsDamaged};

// The two crates know nothing of each other, and speak of one format.
const _: () = assert!(
    pair::ENTRIES_MAX == pairs::PAIR_ENTRIES_MAX && pair::BITS_MAX == pairs::PAIR_BITS_MAX && ENTRY_BYTES == PAIR_ENTRY_BYTES,
    "core and corpus must agree on the format of pairs"
);

/// Why pairs are not served.
#[derive(Debug, thiserror::Error)]
pub enum PairShelfError {
    /// A file that cannot be used.
    #[error("{path}: {why}", path = .0.display(), why = .1)]
    Pairs(PathBuf, PairsDamaged),
    /// A key that cannot be used.
    #[error("the key {path}: {why}", path = .0.display(), why = .1)]
    Key(PathBuf, KeyFileError),
    /// They do not belong together.
    #[error("{key} is not the key that {path} was made with: answers under it would mean nothing, so find the right one or build the pairs again", key = .1.display(), path = .0.display())]
    Foreign(PathBuf, PathBuf),
    /// The address is not to be had.
    #[error("{0} cannot be listened on ({1}): choose another address with --listen, or stop what is there")]
    Listen(SocketAddr, std::io::ErrorKind),
}

/// What is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) pairs: Pairs<FileBytes>,
    pub(super) key: PairKey,
    pub(super) id: FileId,
    /// `GET /pair`, as it is sent.
    pub(super) about: Bytes,
    marks: Marks,
}

/// What changes when a file is replaced: of the pairs, and of the key.
type Marks = [(u64, u64, i64, i64); 2];

/// A file of pairs and its key.
#[derive(Debug)]
pub struct PairShelf {
    path: PathBuf,
    key_path: PathBuf,
    open: RwLock<Arc<Open>>,
}

impl PairShelf {
    /// Opens both.
    ///
    /// # Errors
    /// [`PairShelfError`].
    pub fn open(path: &Path, key_path: &Path) -> Result<Self, PairShelfError> {
        let open = load(path, key_path)?;
        Ok(Self { path: path.to_owned(), key_path: key_path.to_owned(), open: RwLock::new(Arc::new(open)) })
    }

    /// The description that is served.
    pub fn about(&self) -> About {
        about(&self.now())
    }

    pub(super) fn now(&self) -> Arc<Open> {
        self.open.read().clone()
    }

    /// Takes up what was replaced, once file and key fit each other; until then what was there stays in service.
    pub fn look_again(&self) {
        let Ok(marks) = marks_of(&self.path, &self.key_path) else { return };
        if marks == self.now().marks {
            return;
        }
        match load(&self.path, &self.key_path) {
            Ok(open) => {
                tracing::info!(version = %open.id, pairs = open.pairs.header().pairs, "the pairs were replaced");
                *self.open.write() = Arc::new(open);
            }
            Err(error) => tracing::warn!(%error, "the pairs were replaced by what cannot be served"),
        }
    }
}

fn marks_of(path: &Path, key_path: &Path) -> std::io::Result<Marks> {
    let mark = |about: Metadata| (about.ino(), about.len(), about.mtime(), about.mtime_nsec());
    Ok([mark(std::fs::metadata(path)?), mark(std::fs::metadata(key_path)?)])
}

fn load(path: &Path, key_path: &Path) -> Result<Open, PairShelfError> {
    let damaged = |error: PairsDamaged| PairShelfError::Pairs(path.to_owned(), error);
    let pairs = open_pairs(path).map_err(damaged)?;
    let key = read_key(key_path).map_err(|error| PairShelfError::Key(key_path.to_owned(), error))?;
    let marks = marks_of(path, key_path).map_err(|error| damaged(error.into()))?;
    if *key.public().bytes() != pairs.header().public_key {
        return Err(PairShelfError::Foreign(path.to_owned(), key_path.to_owned()));
    }
    let mut open = Open { id: FileId(pairs.header().id), pairs, key, about: Bytes::new(), marks };
    // Its members are numbers and texts, which JSON always has.
    open.about = serde_json::to_vec(&about(&open)).unwrap_or_default().into();
    Ok(open)
}

fn about(open: &Open) -> About {
    let header = open.pairs.header();
    About::of(open.id, open.key.public(), header.bits, header.entries, header.has_near, header.pairs, header.made_at_ms)
}
