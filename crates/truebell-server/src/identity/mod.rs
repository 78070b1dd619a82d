//! Who this server is: its key file and its database must belong together, or it does not start.
//!
//! Every refusal has one sentence: what was found, what to do. Never here: a guess. A lost key or an emptied database is not replaced
//! by a new one, because every client would have to say that this is another server (law 2, "Failure is never absence").

mod key_file;

pub use key_file::{KeyFileError, ServerKey};
pub(crate) use key_file::{make_private_folder, rename};

use std::path::{Path, PathBuf};
use truebell_core::chance::{Chance, make_array};
use truebell_core::ids::ServerId;
use truebell_core::time::UnixMillis;
use truebell_store::rows::Identity;
use truebell_store::{Store, StoreError};

/// Why key and database do not make a server.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The key file does not read.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The database does not answer.
    #[error("{0}: nothing was started; look at the database, then start again")]
    Store(#[from] StoreError),
    /// A database with an identity, and no key.
    #[error(
        "the signing key {path} is missing: put it back from the backup (`truebell restore BACKUP --key-only`); a new key would make every client say that this is another server",
        path = .0.display()
    )]
    KeyMissing(PathBuf),
    /// A key, and a database without an identity.
    #[error(
        "the key {path} belongs to a server whose database is not here: this one is new or was emptied. Bring the data back with `truebell restore BACKUP`, or start over with --new-identity, which makes this another server for every client and gives nothing back",
        path = .0.display()
    )]
    DatabaseEmptied(PathBuf),
    /// Key and database of two servers.
    #[error("the key is of server {key} and the database of server {database}: check `data` and `store`, one of them is another server's")]
    OtherServer {
        /// The key's.
        key: ServerId,
        /// The database's.
        database: ServerId,
    },
    /// The same server's name, another key.
    #[error("the key {path} is not the one this database was made with: put the right one back from the backup", path = .0.display())]
    OtherKey(PathBuf),
    /// Two databases were made with one key.
    #[error(
        "this is a second database made under the same key: two would give people two histories. Point `store` at the first one, or restore a backup over this one with `truebell restore --force BACKUP`"
    )]
    SecondGeneration,
    /// The database is from before the last restore.
    #[error(
        "the database is of restore {database}, and this server has been restored {known} times: it is an older copy. Restore it with `truebell restore BACKUP`, which tells every client"
    )]
    OlderCopy {
        /// The database's epoch.
        database: u64,
        /// The key file's.
        known: u64,
    },
    /// A restore was killed before it was done.
    #[error("a restore was not ended: run `truebell restore` again (or remove {path} to make a new server)", path = .0.display())]
    RestoreBroken(PathBuf),
    /// `--new-identity` where there is data.
    #[error(
        "--new-identity is only for an empty database, and this one holds a server's data: leave the flag out, or choose another `store`"
    )]
    NotEmpty,
}

/// What a start begins from.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// Whether the operator asked for a new server in place of one whose database is gone.
    pub new_identity: bool,
    /// Now.
    pub now: UnixMillis,
}

/// A server that knows who it is.
#[derive(Debug)]
pub struct Established {
    /// Its key.
    pub key: ServerKey,
    /// Its database's identity.
    pub identity: Identity,
    /// Whether both were made just now.
    pub is_new: bool,
}

/// The key file in a data folder.
pub fn key_path(data: &Path) -> PathBuf {
    data.join("server-key")
}

/// A key that was made and whose database was perhaps not: a start that was killed in between goes on from here.
fn pending_path(data: &Path) -> PathBuf {
    data.join("server-key.new")
}

/// A key that a restore has put down and whose database was perhaps not filled: only a repeated restore, or that database, takes it up.
pub(crate) fn restored_path(data: &Path) -> PathBuf {
    data.join("server-key.restored")
}

/// Finds out who this server is, or makes it a new one where there is nothing yet.
///
/// A new server is made in three steps: the key is written under another name, the database takes the identity, the key gets its
/// name. A crash between any two of them is taken up by the next start.
pub async fn establish(store: &dyn Store, start: Start<'_>, chance: &mut (dyn Chance + Send)) -> Result<Established, IdentityError> {
    let path = key_path(start.data);
    let known = ServerKey::read(&path)?;
    let identity = store.identity().await?;
    match (known, identity) {
        (_, Some(_)) if start.new_identity => Err(IdentityError::NotEmpty),
        (Some(key), Some(identity)) => {
            check(&key, &identity, &path)?;
            Ok(Established { key, identity, is_new: false })
        }
        (Some(_), None) if start.new_identity => {
            set_aside(&path)?;
            make(store, start, chance).await
        }
        (Some(_), None) => Err(IdentityError::DatabaseEmptied(path)),
        (None, Some(identity)) => take_up(start.data, &identity).map(|key| Established { key, identity, is_new: true }),
        (None, None) if restored_path(start.data).exists() => Err(IdentityError::RestoreBroken(restored_path(start.data))),
        (None, None) => make(store, start, chance).await,
    }
}

/// Whether a key belongs to a database.
pub fn check(key: &ServerKey, identity: &Identity, path: &Path) -> Result<(), IdentityError> {
    if key.server != identity.server {
        Err(IdentityError::OtherServer { key: key.server, database: identity.server })
    } else if key.signing.public() != identity.key {
        Err(IdentityError::OtherKey(path.to_owned()))
    } else if key.generation != identity.generation {
        Err(IdentityError::SecondGeneration)
    } else if identity.restore_epoch < key.restore_epoch {
        Err(IdentityError::OlderCopy { database: identity.restore_epoch, known: key.restore_epoch })
    } else {
        Ok(())
    }
}

async fn make(store: &dyn Store, start: Start<'_>, chance: &mut (dyn Chance + Send)) -> Result<Established, IdentityError> {
    let pending = pending_path(start.data);
    let key = match ServerKey::read(&pending)? {
        Some(key) => key,
        None => {
            let key = ServerKey::make_random(make_array(chance), start.now, chance);
            key.write(&pending)?;
            key
        }
    };
    let identity = key.identity();
    store.create_identity(&identity).await?;
    rename(&pending, &key_path(start.data))?;
    Ok(Established { key, identity, is_new: true })
}

/// Ends what a killed first start or restore began: its key waits under another name, and it is this database's.
fn take_up(data: &Path, identity: &Identity) -> Result<ServerKey, IdentityError> {
    let path = key_path(data);
    for waiting in [restored_path(data), pending_path(data)] {
        if let Some(key) = ServerKey::read(&waiting)?
            && check(&key, identity, &waiting).is_ok()
        {
            rename(&waiting, &path)?;
            return Ok(key);
        }
    }
    Err(IdentityError::KeyMissing(path))
}

/// Gives an old key another name; it is never deleted.
pub fn set_aside(path: &Path) -> Result<(), KeyFileError> {
    let free = (1_u32..).map(|number| path.with_extension(format!("old-{number}"))).find(|free| !free.exists());
    rename(path, &free.unwrap_or_else(|| path.with_extension("old")))
}

#[cfg(test)]
mod tests;
