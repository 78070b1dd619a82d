//! What a stream brings, put by as it comes, so that it is taken in without waiting for the network. Sealed and signed, like the local
//! copy; where nothing is kept it stays in memory, as that does. Never here: what it means.

use super::profile::Profile;
use super::{Error, ReplicaError};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, Write};

/// Up to here it stays in memory.
const MEMORY_BYTES: usize = 4 << 20;
/// A stream that never ends is no sync. A million items of a few kilobytes stay far below.
const BYTES_MAX: u64 = 16 << 30;

/// Reads a stream to its end. A stream that breaks off gives back what came of it, and then the error.
pub(super) fn put_by(
    mut from: Box<dyn Read + Send>,
    profile: &Profile,
    mut progress: impl FnMut(u64),
) -> Result<Box<dyn Read + Send>, Error> {
    let mut memory = Vec::new();
    let mut file: Option<File> = None;
    let mut part = vec![0; 256 << 10];
    let mut bytes = 0_u64;
    let end = loop {
        let len = match from.read(&mut part) {
            Ok(0) => break None,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => break Some(error),
        };
        let new = part.get(..len).unwrap_or_default();
        bytes += len as u64;
        if bytes > BYTES_MAX {
            break Some(io::ErrorKind::FileTooLarge.into());
        }
        progress(bytes);
        if file.is_none() && memory.len() + len > MEMORY_BYTES && profile.is_kept() {
            file = Some(profile.incoming_file()?);
        }
        match &mut file {
            None => memory.extend_from_slice(new),
            Some(file) => file.write_all(new).map_err(not_written)?,
        }
    };
    let whole: Box<dyn Read + Send> = match file {
        None => Box::new(Cursor::new(memory)),
        Some(mut file) => {
            file.rewind().map_err(not_written)?;
            Box::new(Cursor::new(memory).chain(BufReader::with_capacity(256 << 10, file)))
        }
    };
    Ok(match end {
        None => whole,
        Some(error) => Box::new(whole.chain(Broken(Some(error)))),
    })
}

fn not_written(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => ReplicaError::Full.into(),
        _ => Error::File { what: "written", error },
    }
}

/// Where a stream broke off.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(from: impl Read + Send + 'static) -> (Vec<u8>, Option<io::ErrorKind>) {
        let home = tempfile::tempdir().unwrap();
        let profile = Profile::open("laptop", Some(home.path())).unwrap();
        let mut told = 0;
        let mut whole = put_by(Box::new(from), &profile, |bytes| told = bytes).unwrap();
        let mut got = Vec::new();
        let end = whole.read_to_end(&mut got).err().map(|error| error.kind());
        assert_eq!(told, got.len() as u64);
        let left: Vec<_> = std::fs::read_dir(profile.folder()).into_iter().flatten().collect();
        assert!(left.is_empty(), "a file lies in the folder: {left:?}");
        (got, end)
    }

    #[test]
    fn a_stream_of_any_length_comes_back_as_it_came() {
        for len in [0, 1, MEMORY_BYTES, MEMORY_BYTES + 1, 3 * MEMORY_BYTES + 7] {
            let bytes: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
            assert_eq!(through(Cursor::new(bytes.clone())), (bytes, None));
        }
    }

    #[test]
    fn a_stream_that_breaks_off_says_so_after_what_came() {
        let bytes = vec![7; MEMORY_BYTES + 3];
        let broken = Cursor::new(bytes.clone()).chain(Broken(Some(io::ErrorKind::ConnectionReset.into())));
        assert_eq!(through(broken), (bytes, Some(io::ErrorKind::ConnectionReset)));
    }
}
