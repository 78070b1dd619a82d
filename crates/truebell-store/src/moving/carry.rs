//! One step from one store to another: read, written, compared, and forgotten in the journal.

use super::{Ask, Cursor, Movable, RowKeys, Unit};
use crate::StoreError;
use std::collections::BTreeSet;
use tokio::sync::mpsc::channel;
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;

/// Batches on their way between the two.
const BATCHES_AHEAD: usize = 8;

/// Why a step did not happen. The target is as it was, or a whole step further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// The database that is moved.
    #[error("the database that is moved: {0}")]
    Source(StoreError),
    /// The database it goes to.
    #[error("the database it moves to: {0}")]
    Target(StoreError),
}

impl CarryError {
    /// The store's word for it.
    pub fn store_error(self) -> StoreError {
        match self {
            Self::Source(error) | Self::Target(error) => error,
        }
    }
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// How much of the source is in the target now.
    pub cursor: Cursor,
    /// Accounts copied.
    pub accounts: u64,
    /// Rows carried.
    pub rows: u64,
    /// Their bytes, about.
    pub bytes: u64,
    /// Changed keys among them.
    pub tail: u64,
    /// Accounts in which something changed.
    pub touched: BTreeSet<AccountId>,
    /// Where comparing goes on.
    pub compared: Cursor,
    /// Accounts compared.
    pub accounts_compared: u64,
    /// Accounts, stretches of other tables and rows that differ between the two.
    pub differing: u64,
    /// Whether each changed row was compared.
    pub rows_checked: bool,
}

/// Takes one step.
pub async fn carry(source: &dyn Movable, target: &dyn Movable, ask: &Ask) -> Result<Carried, CarryError> {
    let (out, items) = channel(BATCHES_AHEAD);
    let (read, applied) = tokio::join!(source.read_step(ask, out), target.apply_step(items));
    let read = match (read, applied) {
        (Ok(read), Ok(())) => read,
        // A target that gave up leaves the reader with a closed door, and a reader that broke off leaves the target without an end.
        (Err(error), Err(StoreError::Unavailable)) if error != StoreError::Unavailable => return Err(CarryError::Source(error)),
        (Err(StoreError::Unavailable), Err(StoreError::Unavailable)) => return Err(whose_fault(source).await),
        (_, Err(error)) => return Err(CarryError::Target(error)),
        (Err(error), Ok(())) => return Err(CarryError::Source(error)),
    };
    if !ask.keeps_journal {
        source.forget(&read.mark).await.map_err(CarryError::Source)?;
    }
    let mut differing = 0;
    if !read.digests.is_empty() || read.stretch != super::Stretch::Nothing {
        let there = target.stretch_digests(&read.stretch).await.map_err(CarryError::Target)?;
        differing += count_differing(&read.digests, &there);
    }
    if let Some(checks) = &read.checks
        && !checks.is_empty()
    {
        let keys = RowKeys(checks.iter().map(|(table, key, _)| (*table, key.clone())).collect());
        let there = target.row_digests(&keys).await.map_err(CarryError::Target)?;
        differing += checks.iter().zip(there).filter(|((_, _, here), there)| here != there).count() as u64;
    }
    Ok(Carried {
        cursor: read.cursor,
        accounts: read.accounts,
        rows: read.rows,
        bytes: read.bytes,
        tail: read.tail,
        touched: read.touched,
        compared: read.compared,
        accounts_compared: read.digests.iter().filter(|(unit, _)| matches!(unit, Unit::Account(_))).count() as u64,
        differing,
        rows_checked: read.checks.is_some(),
    })
}

/// Both say that somebody does not answer: the source is asked.
async fn whose_fault(source: &dyn Movable) -> CarryError {
    match source.move_row().await {
        Ok(_) => CarryError::Target(StoreError::Unavailable),
        Err(error) => CarryError::Source(error),
    }
}

/// What is on one side only, or different on both.
fn count_differing(here: &[(Unit, Hash32)], there: &[(Unit, Hash32)]) -> u64 {
    let (here, there): (BTreeSet<_>, BTreeSet<_>) = (here.iter().collect(), there.iter().collect());
    here.symmetric_difference(&there).map(|(unit, _)| unit).collect::<BTreeSet<_>>().len() as u64
}
