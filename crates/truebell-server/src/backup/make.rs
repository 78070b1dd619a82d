//! Making a backup: dump, seal, write under another name, check by restoring into a scratch database, give it its name.

use super::error::BackupError;
use super::restore::{inspect, load};
use super::writer::Writer;
use super::{Contents, Entry, Manifest, Tally, Totals};
use crate::identity::ServerKey;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use truebell_core::chance::Chance;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_store::rows::{DumpRow, Identity};
use truebell_store::{Location, SCHEMA, Store};

/// What a backup is made from and where to.
pub struct Making<'a> {
    /// The database.
    pub store: &'a dyn Store,
    /// The server's key; it goes into the backup.
    pub key: &'a ServerKey,
    /// The file to make; it must not be there.
    pub out: &'a Path,
    /// Seals it.
    pub passphrase: &'a Secret,
    /// A folder with room for the scratch database.
    pub scratch: &'a Path,
    /// Now.
    pub now: UnixMillis,
}

/// A backup that was made and checked.
#[derive(Debug)]
pub struct Made {
    /// The file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// What is in it.
    pub totals: Totals,
}

/// Makes a backup. `progress` hears of every row written. On any error there is no file.
pub async fn make(making: Making<'_>, chance: &mut (dyn Chance + Send), progress: &mut (dyn FnMut() + Send)) -> Result<Made, BackupError> {
    if making.out.exists() {
        return Err(BackupError::Exists(making.out.to_owned()));
    }
    let part = Part::new(making.out);
    write(&making, &part.0, chance, progress).await?;
    let contents = inspect(&part.0, making.passphrase, &mut |_, _| {})?;
    verify(&contents, &part.0, &making).await?;
    part.keep(making.out)?;
    Ok(Made { path: making.out.to_owned(), bytes: contents.bytes, totals: contents.totals })
}

async fn write(
    making: &Making<'_>,
    part: &Path,
    chance: &mut (dyn Chance + Send),
    progress: &mut (dyn FnMut() + Send),
) -> Result<(), BackupError> {
    let failed = |error: io::Error| BackupError::written(part, &error);
    let identity = making.store.identity().await?.ok_or(BackupError::OtherServer)?;
    if crate::identity::check(making.key, &identity, part).is_err() {
        return Err(BackupError::OtherServer);
    }
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part).map_err(failed)?;
    let mut writer = Writer::start(BufWriter::with_capacity(1 << 20, file), making.passphrase, chance).map_err(failed)?;
    writer.add(&Entry::Manifest(manifest(making, &identity))).map_err(failed)?;
    let (mut tally, mut broken) = (Tally::default(), None);
    let mut sink = |row: DumpRow| {
        tally.add(&row);
        progress();
        broken = writer.add(&Entry::Row(row)).err();
        broken.is_none()
    };
    making.store.dump(&mut sink).await?;
    if let Some(error) = broken {
        return Err(failed(error));
    }
    writer.add(&Entry::End(tally.totals().clone())).map_err(failed)?;
    let file = writer.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error)).map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn manifest(making: &Making<'_>, identity: &Identity) -> Manifest {
    Manifest {
        made: making.now,
        schema: SCHEMA,
        server: identity.server,
        key: identity.key,
        generation: identity.generation,
        restore_epoch: identity.restore_epoch,
        created: identity.created,
        key_file: making.key.expose_text().to_string(),
    }
}

/// Restores the backup into a scratch database, dumps that, and compares.
async fn verify(contents: &Contents, part: &Path, making: &Making<'_>) -> Result<(), BackupError> {
    let unusable = || BackupError::Scratch(making.scratch.to_owned());
    let folder = tempfile::Builder::new().prefix("backup-check-").tempdir_in(making.scratch).map_err(|_| unusable())?;
    let scratch = truebell_store::open(&Location::Sqlite(folder.path().join("scratch.db"))).await.map_err(|_| unusable())?;
    load(&*scratch, &contents.manifest.identity(), (part, making.passphrase), |row| row, &mut |_, _| {}).await?;
    let mut tally = Tally::default();
    let mut sink = |row: DumpRow| {
        tally.add(&row);
        true
    };
    scratch.dump(&mut sink).await?;
    let same = *tally.totals() == contents.totals && scratch.identity().await? == Some(contents.manifest.identity());
    if same { Ok(()) } else { Err(BackupError::NotVerified) }
}

/// A file that is removed unless it is kept.
struct Part(PathBuf);

impl Part {
    fn new(out: &Path) -> Self {
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        Self(out.with_file_name(name))
    }

    fn keep(self, out: &Path) -> Result<(), BackupError> {
        let failed = |error: io::Error| BackupError::written(out, &error);
        // A link, not a rename: it fails where a file of that name has come up meanwhile.
        match fs::hard_link(&self.0, out) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Exists(out.to_owned())),
            Err(_) => fs::rename(&self.0, out).map_err(failed)?,
            Ok(()) => {}
        }
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Nothing to say if it is gone already.
        let _ = fs::remove_file(&self.0);
    }
}
