//! Moving an old SQLite database aside before a restore, and back if the restore fails. Nothing is deleted.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// A database that was moved aside.
pub(super) struct Aside {
    path: PathBuf,
    moved: Vec<(PathBuf, PathBuf)>,
}

/// The files SQLite keeps for one database.
fn files(path: &Path) -> impl Iterator<Item = PathBuf> {
    ["", "-wal", "-shm", "-journal"].into_iter().map(|ending| with_ending(path, ending))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

impl Aside {
    /// Moves the database to the first free name `….old-N`.
    pub(super) fn move_away(path: &Path) -> io::Result<Self> {
        let number = (1_u32..).find(|number| !with_ending(path, &format!(".old-{number}")).exists()).unwrap_or_default();
        let new_path = with_ending(path, &format!(".old-{number}"));
        let mut aside = Self { path: path.to_owned(), moved: Vec::new() };
        for (from, to) in files(path).zip(files(&new_path)).filter(|(from, _)| from.exists()) {
            if let Err(error) = std::fs::rename(&from, &to) {
                aside.put_back();
                return Err(error);
            }
            aside.moved.push((from, to));
        }
        Ok(aside)
    }

    /// Puts it back in the place of what a failed restore left.
    pub(super) fn put_back(&mut self) {
        for file in files(&self.path).filter(|file| !self.moved.is_empty() && file.exists()) {
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::error!("what a failed restore left cannot be removed ({})", error.kind());
            }
        }
        for (from, to) in self.moved.drain(..) {
            if let Err(error) = std::fs::rename(&to, &from) {
                tracing::error!("the old database cannot be moved back ({}); it is beside its place, with .old in its name", error.kind());
            }
        }
    }

    /// Where the database is now.
    pub(super) fn new_place(&self) -> Option<&Path> {
        self.moved.first().map(|(_, to)| to.as_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_moved_with_its_side_files_and_back_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let read = |ending: &str| std::fs::read_to_string(with_ending(&path, ending)).unwrap_or_default();
        std::fs::write(&path, "one").unwrap();
        std::fs::write(with_ending(&path, "-wal"), "wal").unwrap();
        Aside::move_away(&path).unwrap();
        assert_eq!((read(""), read(".old-1"), read(".old-1-wal")), (String::new(), "one".into(), "wal".into()));
        std::fs::write(&path, "two").unwrap();
        let mut second = Aside::move_away(&path).unwrap();
        assert_eq!(second.new_place(), Some(with_ending(&path, ".old-2").as_path()));
        std::fs::write(&path, "half a restore").unwrap();
        second.put_back();
        assert_eq!((read(""), read(".old-1"), read(".old-2")), ("two".into(), "one".into(), String::new()));
    }
}
