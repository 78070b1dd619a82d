//! Connections that read. Quick look-ups run where they are asked for, since a hand-over to another thread costs more than they do;
//! long reads go to a thread that may wait.

use super::place::Place;
use crate::StoreError;
use crate::store::Result;
use rusqlite::Connection;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A few connections, each used by one read at a time.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
    place: Arc<Place>,
}

/// A connection that comes back when it is dropped.
struct Lent {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // A read that broke off half-way leaves its moment open.
        if let Some(connection) = &self.connection
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "SQLite did not end a read");
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
    }
}

impl Lent {
    /// Reads in one transaction: every statement sees the same moment.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = self.connection.as_ref().ok_or(StoreError::Unavailable)?;
        connection.prepare_cached("BEGIN")?.execute([])?;
        let found = work(connection);
        connection.prepare_cached("COMMIT")?.execute([])?;
        found
    }
}

impl Readers {
    /// From connections that are open.
    pub(super) fn new(connections: Vec<Connection>, place: Arc<Place>) -> Self {
        let free = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), free, place }
    }

    async fn lend(&self) -> Result<Lent> {
        self.place.check_quickly()?;
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| StoreError::Unavailable)?;
        let connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Lent { connection, idle: Arc::clone(&self.idle), _permit: permit })
    }

    /// One statement, here and now.
    pub(super) async fn look<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let lent = self.lend().await?;
        work(lent.connection.as_ref().ok_or(StoreError::Unavailable)?)
    }

    /// A few short statements, here and now, of one moment.
    pub(super) async fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.lend().await?.read(work)
    }

    /// A long read of one moment, on a thread that may wait.
    pub(super) async fn read_long<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        let lent = self.lend().await?;
        tokio::task::spawn_blocking(move || lent.read(work)).await.map_err(|_| StoreError::Unavailable)?
    }
}
