//! One account of a site: whose it is, what its password is checked by, and whether it is in use.

use std::fmt;

use truebell_core::secret::Secret;

use super::table::Table;
use crate::password::{Generation, Stored};

/// An account. Its `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The site's own id, as text.
    pub id: String,
    /// The mail address as the site has it.
    pub address: String,
    /// What the person signs in with, where the recipe or the page needs it.
    pub user: Option<String>,
    /// What the password is checked by; `None` where the column is empty.
    pub held: Option<Held>,
    /// Changes when the password changes.
    pub generation: Option<Generation>,
    /// Whether it is in use.
    pub state: State,
}

/// A verifier with its companions.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    verifier: Secret,
    salt: Option<Secret>,
    parameters: Option<String>,
}

/// Whether an account is in use. Only an active one may be told anything or reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// In use, with a password.
    Active,
    /// Switched off or locked by the site.
    Disabled,
    /// Gone for its owner, kept as a row.
    Deleted,
    /// In use without a password of this site: signed in from elsewhere, or never set.
    SsoOnly,
}

impl Held {
    /// As a verifier is parsed.
    pub fn stored<'a>(&'a self, user: Option<&'a str>) -> Stored<'a> {
        Stored {
            verifier: self.verifier.expose(),
            salt: self.salt.as_ref().map(Secret::expose),
            parameters: self.parameters.as_deref(),
            user,
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Account({:?})", self.state)
    }
}

/// Reads a row: its id, and the values of [`Table::columns`]. `None` for a row without id or address.
pub(super) fn account(table: &Table, id: Option<String>, values: Vec<Option<String>>) -> Option<Account> {
    let mut values = values.into_iter();
    let address = values.next().flatten().map(|address| address.trim().to_owned()).filter(|address| !address.is_empty());
    let verifier = values.next().flatten();
    let mut companion = |column: &Option<String>| column.as_ref().and_then(|_| values.next().flatten());
    let (salt, parameters, user) = (companion(&table.salt), companion(&table.parameters), companion(&table.user));
    let flagged =
        table.flags.iter().zip(values.by_ref()).find(|(flag, value)| flag.when.holds(value.as_deref())).map(|(flag, _)| flag.then);
    let has_password = verifier.as_deref().is_some_and(|text| !text.is_empty() && !text.starts_with(['!', '*']));
    let held =
        verifier.filter(|_| has_password).map(|verifier| Held { verifier: Secret::new(verifier), salt: salt.map(Secret::new), parameters });
    let generation = held.as_ref().map(|held| Generation::of(&held.stored(None)));
    let state = flagged.unwrap_or(if has_password { State::Active } else { State::SsoOnly });
    Some(Account { id: id?, address: address?, user, held, generation, state })
}
