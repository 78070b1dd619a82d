//! Backup and restore as an operator asks for them: from a configuration, on whatever database it names.

use super::aside::Aside;
use super::error::BackupError;
use super::make::{Made, Making, make};
use super::restore::{Restored, Restoring, inspect, restore, restore_key};
use crate::config::Config;
use crate::control;
use crate::identity::{self, ServerKey};
use crate::serve::{ServeError, location, make_data_folder};
use std::path::{Path, PathBuf};
use truebell_core::chance::Chance;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_store::{Location, OpenError};

/// Why a backup or restore asked for by an operator did not happen.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration or the database.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// No key to back up.
    #[error("there is no server key in {}: name the server's data folder with --data or --config", .0.display())]
    NoKey(PathBuf),
    /// A server uses the data folder.
    #[error("a server is running on this data folder: stop it first; nothing was changed")]
    Running,
}

/// What an operator asked to restore.
pub struct Wish<'a> {
    /// The backup.
    pub path: &'a Path,
    /// Opens it.
    pub passphrase: &'a Secret,
    /// Move aside what is in the way.
    pub force: bool,
    /// Put back the key and nothing else.
    pub key_only: bool,
}

/// What a restore did.
#[derive(Debug)]
pub struct Done {
    /// The server.
    pub restored: Restored,
    /// Rows brought back; none for a key alone.
    pub rows: u64,
    /// Where the old database is now.
    pub aside: Option<PathBuf>,
}

/// Backs up the configured server, which may be serving.
pub async fn back_up(
    config: &Config,
    out: &Path,
    passphrase: &Secret,
    now: UnixMillis,
    chance: &mut (dyn Chance + Send),
    progress: &mut (dyn FnMut() + Send),
) -> Result<Made, RunError> {
    let path = identity::key_path(&config.data);
    let key = ServerKey::read(&path).map_err(BackupError::from)?.ok_or_else(|| RunError::NoKey(config.data.clone()))?;
    let store = truebell_store::open_to_read(&location(config)?).await?;
    let making = Making { store: &*store, key: &key, out, passphrase, scratch: &config.data, now };
    Ok(make(making, chance, progress).await?)
}

/// Restores into the configured database.
pub async fn bring_back(config: &Config, wish: Wish<'_>, progress: &mut (dyn FnMut(u64, u64) + Send)) -> Result<Done, RunError> {
    let contents = inspect(wish.path, wish.passphrase, progress)?;
    make_data_folder(config)?;
    if std::os::unix::net::UnixStream::connect(control::socket_path(&config.data)).is_ok() {
        return Err(RunError::Running);
    }
    let location = location(config)?;
    if wish.key_only {
        let store = truebell_store::open(&location).await?;
        let restored = restore_key(&*store, &config.data, &contents, wish.path).await?;
        return Ok(Done { restored, rows: 0, aside: None });
    }
    let (mut aside, mut old_epoch) = (None, 0);
    if wish.force {
        (aside, old_epoch) = make_room(&location, contents.manifest.server).await?;
    }
    let store = truebell_store::open(&location).await?;
    let restoring = Restoring {
        store: &*store,
        data: &config.data,
        path: wish.path,
        passphrase: wish.passphrase,
        force: wish.force,
        contents: &contents,
        old_epoch,
    };
    match restore(restoring, progress).await {
        Ok(restored) => {
            Ok(Done { restored, rows: contents.totals.rows(), aside: aside.and_then(|aside| aside.new_place().map(Path::to_owned)) })
        }
        Err(error) => {
            drop(store);
            if let Some(aside) = &mut aside {
                aside.put_back();
            }
            Err(error.into())
        }
    }
}

/// Moves an old SQLite database aside; the epoch it had, if it was this server's.
async fn make_room(location: &Location, server: truebell_core::ids::ServerId) -> Result<(Option<Aside>, u64), RunError> {
    let old = match truebell_store::open(location).await {
        Ok(store) => store.identity().await.map_err(BackupError::from)?,
        // A damaged database is a reason to restore; its epoch is in the key file as well.
        Err(OpenError::Damaged | OpenError::NotOurs) => None,
        Err(error) => return Err(error.into()),
    };
    let old_epoch = old.as_ref().filter(|old| old.server == server).map_or(0, |old| old.restore_epoch);
    match location {
        Location::Sqlite(path) => {
            let aside = Aside::move_away(path).map_err(|error| BackupError::written(path, &error))?;
            Ok((Some(aside), old_epoch))
        }
        Location::Postgres(_) if old.is_some() => Err(BackupError::NotOursToMove.into()),
        Location::Postgres(_) => Ok((None, 0)),
    }
}
