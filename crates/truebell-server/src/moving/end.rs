//! One end of a move: an open database and how to reach it again.

use std::path::Path;
use std::sync::Arc;
use truebell_core::secret::Secret;
use truebell_store::Location;
use truebell_store::moving::Movable;

/// An open database of a move.
#[derive(Clone)]
pub struct End {
    /// The store.
    pub store: Arc<dyn Movable>,
    /// Where it is, without a password.
    pub place: String,
    /// How it is opened again, with its password.
    pub url: Secret,
}

impl End {
    /// From a location and what was opened there.
    pub fn new(location: &Location, store: Arc<dyn Movable>) -> Self {
        Self { store, place: location.to_string(), url: Secret::new(url(location)) }
    }
}

/// A location as text that means the same from any folder.
pub(crate) fn url(location: &Location) -> String {
    match location {
        Location::Sqlite(path) => format!("sqlite:{}", absolute(path).display()),
        Location::Postgres(url) => url.clone(),
    }
}

/// From the root, its links resolved as far as it is there.
pub(crate) fn absolute(path: &Path) -> std::path::PathBuf {
    let resolved = path.canonicalize().or_else(|_| {
        let (folder, name) = (path.parent().filter(|folder| !folder.as_os_str().is_empty()), path.file_name().unwrap_or_default());
        folder.unwrap_or(Path::new(".")).canonicalize().map(|folder| folder.join(name))
    });
    resolved.or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}
