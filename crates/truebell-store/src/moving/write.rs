//! One step's writing, the same on every database: out with what is stale, in with what is there now, and the place that was reached.

use super::read::Key;
use super::shape::{Shape, shapes};
use super::{Cursor, Item, Piece};
use crate::StoreError;
use crate::columns::Column;
use crate::store::Result;
use tokio::sync::mpsc::Receiver;

/// An open transaction of a target.
pub(crate) trait Writing {
    /// Removes the rows with these keys, as far as they are there.
    async fn remove(&mut self, table: &Shape, keys: Vec<Key>) -> Result<()>;
    /// Gives the unique columns outside the key of these rows a text of their own, so that any order of what comes fits.
    async fn free(&mut self, table: &Shape, keys: Vec<Key>) -> Result<()>;
    /// Puts rows in place of what has their keys.
    async fn put(&mut self, table: &Shape, rows: Vec<Vec<Column>>) -> Result<()>;
    /// Notes the place that was reached. [`NO_PART`](super::NO_PART) if this step is not the next one.
    async fn reached(&mut self, cursor: &Cursor, step: u64) -> Result<()>;
}

/// Writes all pieces of one step. `Unavailable` if they end before the last.
pub(crate) async fn apply_step<W: Writing>(writing: &mut W, items: &mut Receiver<Item>) -> Result<()> {
    let shape = |index: usize| -> Result<&'static Shape> { shapes()?.get(index).ok_or(StoreError::Damaged("a table that is not known")) };
    loop {
        match items.recv().await {
            Some(Item(Piece::Stale(index, keys))) => stale(writing, shape(index)?, keys).await?,
            Some(Item(Piece::Rows(index, rows))) => writing.put(shape(index)?, rows).await?,
            Some(Item(Piece::End(cursor, step))) => return writing.reached(&cursor, step).await,
            None => return Err(StoreError::Unavailable),
        }
    }
}

/// A row that others refer to stays in its place while it is there; any other is taken out and comes back.
async fn stale<W: Writing>(writing: &mut W, shape: &Shape, keys: Vec<(Key, bool)>) -> Result<()> {
    let (gone, there): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, gone)| *gone || !shape.is_referenced);
    let keys = |list: Vec<(Key, bool)>| list.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    if !gone.is_empty() {
        writing.remove(shape, keys(gone)).await?;
    }
    if !there.is_empty() && !shape.unique.is_empty() {
        writing.free(shape, keys(there)).await?;
    }
    Ok(())
}
