//! Where the response is remembered: the running server's database through its door, or the database itself where no server runs.
//! One [`Ask`] is one transaction either way.

use crate::config::Config;
use crate::control::{Answer, Asked, ask};
use crate::serve::{ServeError, open_store};
use data_encoding::BASE64URL_NOPAD;
use std::path::PathBuf;
use std::sync::Arc;
use truebell_core::cbor::{from_slice, to_vec};
use truebell_store::response::{Ask, Told};
use truebell_store::{Store, StoreError};

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The door is there, and nobody answers.
    #[error("the running server does not answer: look at it, then try again")]
    Silent,
    /// Somebody answers something else.
    #[error("the running server answers something else: it is of another version")]
    OtherVersion,
    /// It says why.
    #[error("{0}")]
    Said(String),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] ServeError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The way to what is remembered.
#[derive(Clone)]
pub enum Desk {
    /// The database itself.
    Here(Arc<dyn Store>),
    /// The server that has it open.
    Running(PathBuf),
}

impl Desk {
    /// The running server's, if its database is a file, which is its own; the database itself otherwise.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn open(config: &Config) -> Result<Self, DeskError> {
        let is_file = config.store_url().sqlite_path().is_some();
        if is_file && std::os::unix::net::UnixStream::connect(crate::control::socket_path(&config.data)).is_ok() {
            return Ok(Self::Running(config.data.clone()));
        }
        Ok(Self::Here(open_store(config).await?))
    }

    /// One transaction.
    ///
    /// # Errors
    /// Nothing was done, or it is not known.
    pub async fn ask(&self, what: &Ask) -> Result<Told, DeskError> {
        let data = match self {
            Self::Here(store) => return Ok(store.response(what).await?),
            Self::Running(data) => data.clone(),
        };
        let asked = Asked::Response { call: BASE64URL_NOPAD.encode(&to_vec(what)) };
        let answer = tokio::task::spawn_blocking(move || ask(&data, &asked)).await.map_err(|_| DeskError::Silent)?;
        match answer.map_err(|_| DeskError::Silent)? {
            Some(Answer::Response { told }) => {
                let bytes = BASE64URL_NOPAD.decode(told.as_bytes()).map_err(|_| DeskError::OtherVersion)?;
                from_slice(&bytes).map_err(|_| DeskError::OtherVersion)
            }
            Some(Answer::Failed { sentence }) => Err(DeskError::Said(sentence)),
            Some(_) => Err(DeskError::OtherVersion),
            None => Err(DeskError::Silent),
        }
    }

    /// One transaction that is done or not.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn is_done(&self, what: &Ask) -> Result<bool, DeskError> {
        match self.ask(what).await? {
            Told::Done(done) => Ok(done),
            _ => Err(DeskError::OtherVersion),
        }
    }
}

/// The server's side of it.
pub(crate) async fn answer(store: &dyn Store, call: &str) -> Answer {
    let unknown = || Answer::Failed { sentence: "the running server does not know this command: one of the two is older".to_owned() };
    let Some(what) = BASE64URL_NOPAD.decode(call.as_bytes()).ok().and_then(|bytes| from_slice::<Ask>(&bytes).ok()) else {
        return unknown();
    };
    match store.response(&what).await {
        Ok(told) => Answer::Response { told: BASE64URL_NOPAD.encode(&to_vec(&told)) },
        Err(error) => Answer::Failed { sentence: error.to_string() },
    }
}
