//! Restoring a backup: the whole file is checked first, then one transaction fills the database and makes it the server's again, one
//! restore epoch further, so that every client is told.

use super::error::BackupError;
use super::reader::Reader;
use super::{Contents, Tally};
use crate::identity::{self, KeyFileError, ServerKey};
use std::path::Path;
use truebell_core::secret::Secret;
use truebell_store::rows::{DumpRow, Identity};
use truebell_store::{SCHEMA, Store};

/// Hears how many bytes of how many were read.
pub(super) type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// What is restored and where to.
pub struct Restoring<'a> {
    /// An empty database.
    pub store: &'a dyn Store,
    /// The data folder; the key goes there.
    pub data: &'a Path,
    /// The backup.
    pub path: &'a Path,
    /// Opens it.
    pub passphrase: &'a Secret,
    /// Whether a key of another server is moved aside.
    pub force: bool,
    /// What [`inspect`] found.
    pub contents: &'a Contents,
    /// The restore epoch of the database that was moved aside, if it was this server's.
    pub old_epoch: u64,
}

/// A restored server.
#[derive(Debug)]
pub struct Restored {
    /// Its identity, with the raised epoch.
    pub identity: Identity,
}

/// Reads a backup to its end and says what is in it. Changes nothing.
pub fn inspect(path: &Path, passphrase: &Secret, progress: Progress<'_>) -> Result<Contents, BackupError> {
    let mut reader = Reader::open(path, passphrase)?;
    let manifest = reader.manifest()?;
    if manifest.schema > SCHEMA {
        return Err(BackupError::Newer(path.to_owned()));
    }
    let mut tally = Tally::default();
    while reader.next_row(&mut tally)?.is_some() {
        let (at, of) = reader.progress();
        progress(at, of);
    }
    let (_, bytes) = reader.progress();
    Ok(Contents { manifest, totals: tally.totals().clone(), bytes })
}

/// Fills an empty database from a backup that [`inspect`] found whole, and puts the key where the server looks for it.
///
/// The key waits under another name until the database is filled; a restore that was killed in between is repeated.
pub async fn restore(restoring: Restoring<'_>, progress: Progress<'_>) -> Result<Restored, BackupError> {
    if restoring.store.identity().await?.is_some() {
        return Err(BackupError::NotEmpty);
    }
    let manifest = &restoring.contents.manifest;
    let key_path = identity::key_path(restoring.data);
    let known = present_key(&key_path, manifest.server, restoring.force)?;
    let mut key = ServerKey::parse(&manifest.key_file, restoring.path)?;
    key.restore_epoch = manifest.restore_epoch.max(known).max(restoring.old_epoch) + 1;
    let identity = Identity { restore_epoch: key.restore_epoch, ..manifest.identity() };
    let waiting = identity::restored_path(restoring.data);
    key.write(&waiting)?;
    let kept: fn(DumpRow) -> DumpRow = DumpRow::as_restored;
    load(restoring.store, &identity, (restoring.path, restoring.passphrase), kept, progress).await?;
    if key_path.exists() && known == 0 && present_key(&key_path, manifest.server, false).is_err() {
        identity::set_aside(&key_path)?;
    }
    identity::rename(&waiting, &key_path)?;
    Ok(Restored { identity })
}

/// Puts only the key back, beside a database that is still there.
pub async fn restore_key(store: &dyn Store, data: &Path, contents: &Contents, path: &Path) -> Result<Restored, BackupError> {
    let identity = store.identity().await?.ok_or(BackupError::OtherServer)?;
    let mut key = ServerKey::parse(&contents.manifest.key_file, path)?;
    key.restore_epoch = identity.restore_epoch;
    let key_path = identity::key_path(data);
    identity::check(&key, &identity, &key_path).map_err(|_| BackupError::OtherServer)?;
    if ServerKey::read(&key_path).is_ok_and(|present| present.is_some()) {
        return Err(BackupError::Exists(key_path));
    }
    key.write(&key_path)?;
    Ok(Restored { identity })
}

/// The restore epoch a key that is there knows; 0 where there is none.
fn present_key(path: &Path, server: truebell_core::ids::ServerId, force: bool) -> Result<u64, BackupError> {
    match ServerKey::read(path) {
        Ok(None) => Ok(0),
        Ok(Some(key)) if key.server == server => Ok(key.restore_epoch),
        Ok(Some(_)) | Err(KeyFileError::Damaged(_) | KeyFileError::NotAKey(_)) if force => Ok(0),
        Ok(Some(_)) => Err(BackupError::OtherKey),
        Err(error) => Err(error.into()),
    }
}

/// One transaction: all rows or none, each as `kept` leaves it. A file that is found damaged on this second reading gives the store a row that fits no table, so
/// that it takes nothing.
pub(super) async fn load(
    store: &dyn Store,
    identity: &Identity,
    (path, passphrase): (&Path, &Secret),
    kept: fn(DumpRow) -> DumpRow,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let mut reader = Reader::open(path, passphrase)?;
    let _manifest = reader.manifest()?;
    let mut rows = Rows { reader, tally: Tally::default(), broken: None, kept, progress };
    let loaded = store.load(identity, &mut rows).await;
    match rows.broken {
        Some(error) => Err(error),
        None => Ok(loaded?),
    }
}

struct Rows<'a> {
    reader: Reader,
    tally: Tally,
    broken: Option<BackupError>,
    /// What becomes of a row.
    kept: fn(DumpRow) -> DumpRow,
    progress: Progress<'a>,
}

impl Iterator for Rows<'_> {
    type Item = DumpRow;

    fn next(&mut self) -> Option<DumpRow> {
        if self.broken.is_some() {
            return None;
        }
        match self.reader.next_row(&mut self.tally) {
            Ok(row) => {
                let (at, of) = self.reader.progress();
                (self.progress)(at, of);
                row.map(self.kept)
            }
            Err(error) => {
                self.broken = Some(error);
                Some(DumpRow { table: "a damaged backup".to_owned(), columns: Vec::new() })
            }
        }
    }
}
