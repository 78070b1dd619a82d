//! Writing a backup: entries in, sealed frames out, one frame in memory.

use super::Entry;
use super::frames::{FRAME, MAGIC, VERSION, context, derive_key};
use std::io::{self, Write};
use truebell_core::chance::{Chance, make_array};
use truebell_core::seal::{self, SealKey};
use truebell_core::secret::Secret;
use zeroize::Zeroizing;

/// A backup being written.
pub(super) struct Writer<'a, W> {
    out: W,
    key: SealKey,
    backup: [u8; 16],
    index: u64,
    plain: Zeroizing<Vec<u8>>,
    chance: &'a mut (dyn Chance + Send),
}

impl<'a, W: Write> Writer<'a, W> {
    /// Begins.
    pub(super) fn start(mut out: W, passphrase: &Secret, chance: &'a mut (dyn Chance + Send)) -> io::Result<Self> {
        let backup: [u8; 16] = make_array(chance);
        out.write_all(MAGIC)?;
        out.write_all(&[VERSION])?;
        out.write_all(&backup)?;
        let plain = Zeroizing::new(Vec::with_capacity(FRAME * 2));
        Ok(Self { out, key: derive_key(passphrase, backup), backup, index: 0, plain, chance })
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let bytes = Zeroizing::new(truebell_core::cbor::to_vec(entry));
        let len = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        self.plain.extend_from_slice(&len.to_be_bytes());
        for piece in bytes.chunks(FRAME) {
            self.plain.extend_from_slice(piece);
            // One byte is kept back, so that there is always something for the last frame.
            while self.plain.len() > FRAME {
                self.frame(false)?;
            }
        }
        Ok(())
    }

    /// Ends: the last frame carries the final mark.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.frame(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn frame(&mut self, is_last: bool) -> io::Result<()> {
        let len = FRAME.min(self.plain.len());
        let rest = self.plain.split_off(len);
        let plain = std::mem::replace(&mut self.plain, Zeroizing::new(rest));
        let sealed = seal::seal(&self.key, &context(self.backup, self.index, is_last), &plain, self.chance);
        self.out.write_all(&u32::try_from(sealed.len()).map_err(|_| io::ErrorKind::InvalidData)?.to_be_bytes())?;
        self.out.write_all(&sealed)?;
        self.index += 1;
        Ok(())
    }
}
