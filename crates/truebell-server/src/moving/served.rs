//! Which database a server serves when it starts: the configured one, or the one its data was moved to. Asked of the databases
//! themselves; a guess is never made.

use super::end::url;
use super::note::{Note, open_url};
use crate::config::Config;
use crate::identity::{ServerKey, key_path};
use crate::serve::{ServeError, location};
use async_trait::async_trait;
use std::sync::Arc;
use truebell_core::seal::SealKey;
use truebell_store::moving::{Movable, MoveRow, Role};
use truebell_store::switch::Finder;
use truebell_store::{Found, Location, OpenError, Opened, look_at, open_movable};

/// From move to move, a server that was never configured anew is followed so far.
const MOVES_MAX: usize = 8;

/// The database that counts.
pub struct Served {
    /// The store.
    pub store: Arc<dyn Movable>,
    /// Where it is.
    pub location: Location,
    /// Its part in a move that is not over.
    pub row: Option<MoveRow>,
    /// The configured place, if the data is somewhere else now.
    pub left: Option<Location>,
}

/// Opens the database that counts, from what is configured.
pub async fn open_served(config: &Config) -> Result<Served, ServeError> {
    let configured = location(config)?;
    let key = ServerKey::read(&key_path(&config.data)).ok().flatten().map(|key| key.sealing);
    let mut at = configured.clone();
    for _ in 0..MOVES_MAX {
        let Opened { store, row } = open_movable(&at).await?;
        let role = row.as_ref().map(|row| row.role);
        match (role, row) {
            (Some(Role::Moved), Some(row)) => {
                at = other_of(key.as_ref(), &row).ok_or_else(|| OpenError::Moved(row.place.clone()))?;
            }
            (Some(Role::Target), Some(row)) => return Err(OpenError::Unfinished(row.place).into()),
            (Some(Role::Ready), Some(row)) => match decide(&*store, row, key.as_ref()).await? {
                Counts::This(row) => return Ok(served(store, at, Some(row), configured)),
                Counts::Other(other) => at = other,
            },
            (_, row) => return Ok(served(store, at, row, configured)),
        }
    }
    Err(OpenError::Moved(at.to_string()).into())
}

fn served(store: Arc<dyn Movable>, location: Location, row: Option<MoveRow>, configured: Location) -> Served {
    let left = (url(&configured) != url(&location)).then_some(configured);
    Served { store, location, row, left }
}

fn other_of(key: Option<&SealKey>, row: &MoveRow) -> Option<Location> {
    open_url(key?, row)?.expose().parse().ok()
}

/// Which of the two of a switch that was cut off counts.
enum Counts {
    This(MoveRow),
    Other(Location),
}

/// A complete target serves if the other database was left for it; else that one does.
async fn decide(store: &dyn Movable, row: MoveRow, key: Option<&SealKey>) -> Result<Counts, ServeError> {
    let place = other_of(key, &row).ok_or_else(|| OpenError::Unfinished(row.place.clone()))?;
    // One that is not there says nothing, and is not made by asking.
    let Found::Ours(other) = look_at(&place).await? else { return Err(OpenError::Unfinished(row.place).into()) };
    let Some(left) = other.row.filter(|other| other.role == Role::Moved && other.id == row.id) else {
        return Ok(Counts::Other(place));
    };
    let row = became_live(row, &left);
    store.put_move_row(Some(&row)).await.map_err(crate::identity::IdentityError::from)?;
    Ok(Counts::This(row))
}

/// A complete target's row once the other one was left for it. What that one says of the switch is what happened.
pub(super) fn became_live(row: MoveRow, left: &MoveRow) -> MoveRow {
    let note = Note::read(left).zip(Note::read(&row)).map(|(left, own)| Note { other: own.other, ..left });
    let state = note.map_or_else(|| row.state.clone(), |note| note.text());
    MoveRow { role: Role::Live, state, ..row }
}

/// Finds the database that another process moved this one to.
pub(super) struct Follower {
    pub key: SealKey,
}

#[async_trait]
impl Finder for Follower {
    async fn find(&self, left: Arc<dyn Movable>) -> Option<Arc<dyn Movable>> {
        let row = left.move_row().await.ok()?.filter(|row| row.role == Role::Moved)?;
        let other = other_of(Some(&self.key), &row)?;
        let opened = open_movable(&other).await.inspect_err(|error| tracing::error!("{error}")).ok()?;
        // It is ready, live, already finished, or the source of a move from there; what it is not is left or incomplete.
        let counts = opened.row.as_ref().is_none_or(|there| !matches!(there.role, Role::Moved | Role::Target));
        counts.then_some(opened.store)
    }
}
