//! Files a command writes: made for their owner only, never over another file by accident, whole or not at all.

use crate::exit::{Answered, Code, Failure, describe_io};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A file that is being written; if it is not kept, it vanishes.
pub(super) struct Draft {
    path: PathBuf,
    file: File,
    is_kept: bool,
}

impl Draft {
    /// Takes the place of a file before the work begins, so that the work is not done for nothing.
    pub(super) fn reserve(path: &Path, overwrite: bool) -> Answered<Self> {
        let mut options = File::options();
        options.write(true).mode(0o600);
        if overwrite {
            options.create(true).truncate(true)
        } else {
            options.create_new(true)
        };
        match options.open(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file, is_kept: false }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::plain(format!("{} exists already: choose another name, or write over it with --force.", path.display())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Failure::plain(format!("{} cannot be written: there is no such folder.", path.display())))
            }
            Err(error) => Err(Failure::plain(format!("{} cannot be written: {}.", path.display(), describe_io(&error)))),
        }
    }

    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of it, to the disk, and keeps it.
    pub(super) fn keep(mut self, bytes: &[u8]) -> Answered {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_all());
        written.map_err(|error| Failure::plain(format!("{} could not be written: {}.", self.path.display(), describe_io(&error))))?;
        self.is_kept = true;
        Ok(())
    }

    /// Keeps what was written to it so far.
    pub(super) fn keep_written(mut self) -> Answered {
        self.file
            .sync_all()
            .map_err(|error| Failure::plain(format!("{} could not be written: {}.", self.path.display(), describe_io(&error))))?;
        self.is_kept = true;
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            // Half a file is of no use; if it cannot be removed either, it is empty or cut off, and its reader says so.
            std::fs::remove_file(&self.path).unwrap_or_default();
        }
    }
}

/// A whole file, or standard input for `-`.
pub(super) fn read_whole(path: &Path, bytes_max: u64) -> Answered<Zeroizing<Vec<u8>>> {
    let is_stdin = path == Path::new("-");
    let name = || if is_stdin { "Standard input".to_owned() } else { path.display().to_string() };
    let failed = |error: &io::Error| Failure::new(Code::BadFile, format!("{} could not be read: {}.", name(), describe_io(error)));
    let mut bytes = Zeroizing::new(Vec::new());
    if is_stdin {
        io::stdin().lock().take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    } else {
        let file = File::open(path).map_err(|error| failed(&error))?;
        // Room at once: a vector that grows leaves copies of secrets behind.
        let size = file.metadata().map_or(0, |data| data.len()).min(bytes_max);
        bytes.reserve_exact(usize::try_from(size).unwrap_or_default() + 1);
        file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    }
    if bytes.len() as u64 > bytes_max {
        return Err(Failure::new(Code::BadFile, format!("{} is larger than {}.", name(), crate::output::size_text(bytes_max))));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_for_its_owner_only_and_not_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kit.pdf");
        Draft::reserve(&path, false).unwrap().keep(b"one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let failure = Draft::reserve(&path, false).err().unwrap();
        assert!(failure.message.ends_with("write over it with --force."), "{failure}");
        Draft::reserve(&path, true).unwrap().keep(b"2").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"2");
    }

    #[test]
    fn work_that_fails_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        drop(Draft::reserve(&path, false).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn a_file_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read_whole(&path, 5).unwrap().as_slice(), b"12345");
        assert_eq!(read_whole(&path, 4).unwrap_err().code, Code::BadFile);
    }
}
