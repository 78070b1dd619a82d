//! What is done to a site's accounts, and undone: the password made unusable, put back, or chosen anew, in the site's own database.
//!
//! `docs/formats/actions.md` is the contract. The caller writes an [`Intent`] and the sealed old verifier down before it asks for a reset;
//! after a crash [`Actor::look`] says from the site's row whether it was done. Never here: who is reset and why (that is proven by a
//! [`Rechecked`], without which there is nothing to call [`Actor::reset`] with), and what a person is told.

mod database;
mod error;
mod mariadb;
mod plan;
mod postgres;
mod prepared;
mod sqlite;
mod webhook;
mod words;

#[cfg(test)]
mod tests;

pub use crate::password::Intent;
pub use error::{ActionError, NotSet};
pub use plan::Revocation;
pub use prepared::{Found, Prepared, Proven};
pub use webhook::{Webhook, WebhookError};

use async_trait::async_trait;
use truebell_core::chance::Chance;
use truebell_core::secret::Secret;

#[cfg(doc)]
use crate::password::Rechecked;
use crate::password::{Generation, Recipe};
use crate::source::{Held, Location, Table};

/// What became of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// The account's password opens nothing any more. Also when this intent had been done before.
    Done,
    /// The account has another password than the proven one. Nothing was done.
    Changed,
    /// There is no such account. Nothing was done.
    Gone,
}

/// What the site's row says about an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The password that was to be reset is there.
    NotDone,
    /// It is reset by this intent.
    Done,
    /// Another password, or another intent's lock.
    SomethingElse,
    /// There is no such account.
    Gone,
}

/// What became of an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// The old password opens the account. Also when it did all along.
    PutBack,
    /// The person, or the site, has set another one since. Nothing was done.
    ChosenANewOne,
    /// There is no such account.
    Gone,
}

/// What became of a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// It opens the account.
    Done,
    /// This intent's reset is not there (any more): a password was chosen elsewhere, or the old one was put back. Nothing was done.
    NotLocked,
    /// There is no such account.
    Gone,
}

/// Somebody who can act on a site's accounts. Each step is whole or did not happen, unless it says [`ActionError::Unclear`].
#[async_trait]
pub trait Actor: Send {
    /// What else a reset does, in words for the operator: `deletes rows of sessions`.
    fn revokes(&self) -> Vec<String>;

    /// Reads an account before it is reset. Changes nothing.
    async fn prepare(&mut self, id: &str) -> Result<Found, ActionError>;

    /// Puts the lock in the place of the proven verifier and ends the account's sessions. Done twice, it is done once.
    async fn reset(&mut self, proven: &Proven, intent: Intent) -> Result<Reset, ActionError>;

    /// What the row says; `generation` is that of the verifier that was to be reset. Waits for whoever is changing it.
    async fn look(&mut self, id: &str, intent: Intent, generation: Generation) -> Result<Seen, ActionError>;

    /// Puts the old verifier back where this intent's lock still is. Sessions stay ended.
    async fn undo(&mut self, id: &str, intent: Intent, old: &Held) -> Result<Undo, ActionError>;

    /// Stores a new password where this intent's lock still is.
    async fn set_password(&mut self, id: &str, intent: Intent, password: &Secret, chance: &mut (dyn Chance + Send)) -> Result<Set, NotSet>;
}

/// Opens a site's database to act in it, and checks that everything needed may be done; nothing is changed by that.
pub async fn open(location: &Location, table: &Table, recipe: &Recipe, revocations: &[Revocation]) -> Result<Box<dyn Actor>, ActionError> {
    let what = plan::Wanted { table, recipe, revocations, place: location.to_string() };
    Ok(match location {
        Location::Sqlite(path) => Box::new(database::Database::open(sqlite::Sqlite::open(path)?, what).await?),
        Location::Postgres(url) => Box::new(database::Database::open(postgres::Postgres::open(url, location).await?, what).await?),
        Location::MariaDb(url) => Box::new(database::Database::open(mariadb::MariaDb::open(url, location).await?, what).await?),
        Location::Csv(_) | Location::JsonLines(_) => return Err(ActionError::OnlyRead(what.place)),
    })
}
