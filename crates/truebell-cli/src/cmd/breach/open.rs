//! A list as a stream of bytes, unpacked; and what its medium says when it cannot be read. Never here: what the bytes say.

use crate::cmd::packed::{Counted, Packing, unpack};
use crate::exit::{Answered, Code, Failure, describe_io};
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Enough to know how a file is packed.
const MAGIC_BYTES: u64 = 4;
/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 18;

/// An opened list.
pub(super) struct List {
    pub(super) name: String,
    pub(super) packing: Packing,
    /// Of the file as it lies there; 0 for standard input.
    pub(super) bytes: u64,
    from: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl List {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Answered<Self> {
        let is_stdin = path == Path::new("-");
        let name = if is_stdin { "Standard input".to_owned() } else { path.display().to_string() };
        let open = || -> io::Result<Self> {
            let (mut file, bytes): (Box<dyn Read + Send>, u64) = if is_stdin {
                (Box::new(io::stdin()), 0)
            } else {
                let file = File::open(path)?;
                let bytes = file.metadata()?.len();
                (Box::new(file), bytes)
            };
            let mut begin = Vec::new();
            file.by_ref().take(MAGIC_BYTES).read_to_end(&mut begin)?;
            let (packing, read) = (Packing::of(&begin), Arc::new(AtomicU64::new(0)));
            let from = unpack(packing, Counted { from: Cursor::new(begin).chain(file), read: read.clone() })?;
            Ok(Self { name: name.clone(), packing, bytes, from, read })
        };
        open().map_err(|error| unreadable(&name, &error))
    }

    /// The next bytes, as many as fit unless it ends; 0 at its end.
    pub(super) fn fill(&mut self, into: &mut [u8]) -> Answered<usize> {
        let mut filled = 0;
        while let Some(free) = into.get_mut(filled..).filter(|free| !free.is_empty()) {
            match self.from.read(free) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.name, &error)),
            }
        }
        Ok(filled)
    }

    /// Bytes read of the file so far.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// All that is left, in pieces.
    pub(super) fn rest(&mut self, each: &mut dyn FnMut(&[u8], u64)) -> Answered {
        let mut chunk = zeroize::Zeroizing::new(vec![0; CHUNK_BYTES]);
        loop {
            let filled = self.fill(&mut chunk)?;
            if filled == 0 {
                return Ok(());
            }
            each(chunk.get(..filled).unwrap_or_default(), self.read());
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => return Failure::new(Code::BadFile, format!("{name} ends in the middle: it was not copied whole.")),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => "is damaged",
        _ => "could not be read",
    };
    Failure::new(Code::BadFile, format!("{name} {what}: {}.", describe_io(error)))
}
