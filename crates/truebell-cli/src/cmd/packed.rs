//! Files as they come, plain or packed with gzip or zstd: known by their first bytes, and unpacked while they are read. Never here: what is in them.

use flate2::read::MultiGzDecoder;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// How the bytes of a file lie there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cmd) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// By the first bytes.
    pub(in crate::cmd) fn of(begin: &[u8]) -> Self {
        match begin {
            begin if begin.starts_with(GZIP_MAGIC) => Self::Gzip,
            begin if begin.starts_with(ZSTD_MAGIC) => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// What is packed in it.
pub(in crate::cmd) fn unpack<'a>(packing: Packing, from: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match packing {
        Packing::Plain => Box::new(from),
        Packing::Gzip => Box::new(MultiGzDecoder::new(from)),
        Packing::Zstd => Box::new(zstd::Decoder::new(from)?),
    })
}

/// Counts what is read of the file itself, for a bar that knows the file's size.
pub(in crate::cmd) struct Counted<R> {
    pub(in crate::cmd) from: R,
    pub(in crate::cmd) read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
