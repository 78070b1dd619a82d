//! Writing behind: a file is written on a thread of its own, while what comes next is made, and brought to the disk as it comes, so that nobody waits for all of it at the end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes that are handed over at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Blocks that wait, at most.
const WAITING: usize = 4;
/// Bytes between two times that the disk is waited for.
const BYTES_BETWEEN: usize = 64 << 20;

/// Lets `make` write to a file; all of it is on the disk when this returns.
pub(super) fn write_behind<T>(file: &File, make: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
    thread::scope(|scope| {
        let (to, from) = sync_channel(WAITING);
        let writing = scope.spawn(|| write(file, from));
        let mut out = BufWriter::with_capacity(BLOCK_BYTES, Blocks(to));
        let made = make(&mut out).and_then(|made| out.flush().map(|()| made));
        // Not `into_inner`: what could not be handed over is told by the thread, with the reason.
        drop(out);
        writing.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))?;
        made
    })
}

fn write(mut file: &File, blocks: Receiver<Vec<u8>>) -> io::Result<()> {
    let mut since = 0;
    for block in blocks {
        file.write_all(&block)?;
        since += block.len();
        if since >= BYTES_BETWEEN {
            file.sync_data()?;
            since = 0;
        }
    }
    file.sync_all()
}

/// Hands blocks over.
struct Blocks(SyncSender<Vec<u8>>);

impl Write for Blocks {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        self.0.send(block.to_vec()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(block.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_in_the_file_in_its_order() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let made = write_behind(file.as_file(), |out| bytes.chunks(70_001).try_for_each(|part| out.write_all(part)).map(|()| 7));
        assert_eq!(made.unwrap(), 7);
        assert!(std::fs::read(file.path()).unwrap() == bytes);
    }

    #[test]
    fn the_reason_why_it_cannot_be_written_is_the_disks_own() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let failed = write_behind(&full, |out| out.write_all(&[7; 20 << 20])).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::StorageFull);
    }
}
