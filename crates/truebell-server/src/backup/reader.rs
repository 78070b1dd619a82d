//! Reading a backup: frames in, entries out, one frame and one entry in memory. Everything is checked before anybody acts on it:
//! [`inspect`](super::inspect) reads a file to its end before a restore reads it again.

use super::error::BackupError;
use super::frames::{ENTRY_MAX, HEADER_LEN, MAGIC, SEALED_MAX, VERSION, context, derive_key};
use super::{Entry, Manifest, Tally, Totals};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use truebell_core::seal::{self, OpenError, SealKey};
use truebell_core::secret::Secret;
use truebell_store::rows::DumpRow;
use zeroize::Zeroizing;

/// What a whole and undamaged backup holds.
#[derive(Debug)]
pub struct Contents {
    /// What it is of.
    pub manifest: Manifest,
    /// What is in it.
    pub totals: Totals,
    /// The file's length in bytes.
    pub bytes: u64,
}

/// An open backup.
pub(super) struct Reader {
    file: BufReader<File>,
    path: PathBuf,
    key: SealKey,
    backup: [u8; 16],
    index: u64,
    /// Bytes read of the file.
    at: u64,
    /// Bytes of the whole file.
    len: u64,
    plain: Zeroizing<Vec<u8>>,
    /// How much of `plain` was used.
    used: usize,
    is_over: bool,
}

impl Reader {
    /// Opens a file and reads its first bytes.
    pub(super) fn open(path: &Path, passphrase: &Secret) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(|error| BackupError::read(path, &error))?;
        let len = file.metadata().map_err(|error| BackupError::read(path, &error))?.len();
        let mut file = BufReader::with_capacity(SEALED_MAX, file);
        let mut header = [0; HEADER_LEN];
        match file.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let is_ours =
                    len > 0 && header.starts_with(MAGIC.get(..MAGIC.len().min(usize::try_from(len).unwrap_or(0))).unwrap_or_default());
                let path = path.to_owned();
                return Err(if is_ours { BackupError::CutShort { path, bytes: len } } else { BackupError::Foreign(path) });
            }
            Err(error) => return Err(BackupError::read(path, &error)),
        }
        let (magic, rest) = header.split_at(MAGIC.len());
        let (version, backup) = rest.split_at(1);
        if magic != MAGIC {
            return Err(BackupError::Foreign(path.to_owned()));
        }
        if version != [VERSION] {
            return Err(BackupError::Newer(path.to_owned()));
        }
        let backup: [u8; 16] = backup.try_into().map_err(|_| BackupError::Foreign(path.to_owned()))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            key: derive_key(passphrase, backup),
            backup,
            index: 0,
            at: HEADER_LEN as u64,
            len,
            plain: Zeroizing::new(Vec::new()),
            used: 0,
            is_over: false,
        })
    }

    /// Bytes read so far, of how many.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.at, self.len)
    }

    /// The next entry; nothing after the last.
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, BackupError> {
        let at = self.at;
        let Some(len) = self.take(4)? else { return Ok(None) };
        let len = <[u8; 4]>::try_from(len.as_slice()).map(u32::from_be_bytes).map_or(usize::MAX, |len| len as usize);
        if len > ENTRY_MAX {
            return Err(self.damaged(at));
        }
        let bytes = self.take(len)?.ok_or_else(|| self.damaged(at))?;
        truebell_core::cbor::from_slice(&bytes).map(Some).map_err(|_| self.damaged(at))
    }

    fn damaged(&self, at: u64) -> BackupError {
        BackupError::Damaged { path: self.path.clone(), at }
    }

    /// So many bytes of the plain text; nothing at its end.
    fn take(&mut self, len: usize) -> Result<Option<Zeroizing<Vec<u8>>>, BackupError> {
        while self.plain.len() - self.used < len {
            if self.is_over {
                let is_end = self.plain.len() == self.used;
                return if is_end { Ok(None) } else { Err(self.damaged(self.at)) };
            }
            self.fill()?;
        }
        let taken = self.plain.get(self.used..self.used + len).map(|bytes| Zeroizing::new(bytes.to_vec()));
        self.used += len;
        Ok(taken)
    }

    fn fill(&mut self) -> Result<(), BackupError> {
        let frame = self.frame()?;
        let rest = self.plain.split_off(self.used);
        self.plain = Zeroizing::new(rest);
        self.used = 0;
        self.plain.extend_from_slice(&frame);
        Ok(())
    }

    fn frame(&mut self) -> Result<Zeroizing<Vec<u8>>, BackupError> {
        let at = self.at;
        let mut len = [0; 4];
        self.read_exact(&mut len)?;
        let len = u32::from_be_bytes(len) as usize;
        if len > SEALED_MAX {
            return Err(self.damaged(at));
        }
        let mut sealed = vec![0; len];
        self.read_exact(&mut sealed)?;
        self.is_over = self.at == self.len;
        let opened = seal::open(&self.key, &context(self.backup, self.index, self.is_over), &sealed)
            .map_err(|error| self.judge(error, at, &sealed))?;
        self.index += 1;
        Ok(opened)
    }

    /// What a frame that does not open says: the passphrase, the end of the file, or damage.
    fn judge(&self, error: OpenError, at: u64, sealed: &[u8]) -> BackupError {
        let opens_otherwise = seal::open(&self.key, &context(self.backup, self.index, !self.is_over), sealed).is_ok();
        match error {
            OpenError::WrongKey if opens_otherwise && self.is_over => BackupError::CutShort { path: self.path.clone(), bytes: self.len },
            // Something was put behind the last frame.
            OpenError::WrongKey if opens_otherwise => self.damaged(self.at),
            OpenError::WrongKey if self.index == 0 => BackupError::WrongPassphrase(self.path.clone()),
            _ => self.damaged(at),
        }
    }

    fn read_exact(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        match self.file.read_exact(bytes) {
            Ok(()) => {
                self.at += bytes.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(BackupError::CutShort { path: self.path.clone(), bytes: self.len })
            }
            Err(error) => Err(BackupError::read(&self.path, &error)),
        }
    }

    /// Reads the manifest; it is the first entry.
    pub(super) fn manifest(&mut self) -> Result<Manifest, BackupError> {
        match self.next_entry()? {
            Some(Entry::Manifest(manifest)) => Ok(manifest),
            _ => Err(self.damaged(HEADER_LEN as u64)),
        }
    }

    /// The next row; nothing after the last, when the end agrees with what was read.
    pub(super) fn next_row(&mut self, tally: &mut Tally) -> Result<Option<DumpRow>, BackupError> {
        let at = self.at;
        match self.next_entry()? {
            Some(Entry::Row(row)) => {
                tally.add(&row);
                Ok(Some(row))
            }
            Some(Entry::End(totals)) if totals == *tally.totals() && self.next_entry()?.is_none() => Ok(None),
            _ => Err(self.damaged(at)),
        }
    }
}
