//! One account of a site: whose it is, what its password is checked by, and whether it is in use.

use std::fmt;

use truebell_core::secret::Secret;
use zeroize::Zeroizing;

use super::table::Table;
use crate::password::{Generation, Stored, is_locked};

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
    /// In use without a password of this site: signed in from elsewhere, never set, or reset and not chosen anew.
    SsoOnly,
}

/// What a kept verifier begins with.
const KEPT_VERSION: u8 = 1;

impl Held {
    /// Of what a row holds.
    pub fn of(stored: &Stored<'_>) -> Self {
        Self {
            verifier: Secret::new(stored.verifier),
            salt: stored.salt.map(Secret::new),
            parameters: stored.parameters.map(str::to_owned),
        }
    }

    /// To be sealed and kept (`docs/formats/actions.md`).
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let parts = (KEPT_VERSION, self.verifier.expose(), self.salt.as_ref().map(Secret::expose), self.parameters.as_deref());
        Zeroizing::new(minicbor::to_vec(parts).unwrap_or_default())
    }

    /// As it was kept; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, verifier, salt, parameters): (u8, &str, Option<&str>, Option<&str>) = minicbor::decode(bytes).ok()?;
        let held = Self::of(&Stored { verifier, salt, parameters, user: None });
        (version == KEPT_VERSION && held.to_bytes().as_slice() == bytes).then_some(held)
    }

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

impl fmt::Debug for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Held(…)")
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Account({:?})", self.state)
    }
}

/// Reads a row: its id, and the values of [`Table::columns`]. `None` for a row without id or address.
pub(crate) fn account(table: &Table, id: Option<String>, values: Vec<Option<String>>) -> Option<Account> {
    let mut values = values.into_iter();
    let address = values.next().flatten().map(|address| address.trim().to_owned()).filter(|address| !address.is_empty());
    let verifier = values.next().flatten();
    let mut companion = |column: &Option<String>| column.as_ref().and_then(|_| values.next().flatten());
    let (salt, parameters, user) = (companion(&table.salt), companion(&table.parameters), companion(&table.user));
    let flagged =
        table.flags.iter().zip(values.by_ref()).find(|(flag, value)| flag.when.holds(value.as_deref())).map(|(flag, _)| flag.then);
    let has_password = verifier.as_deref().is_some_and(|text| !text.is_empty() && !text.starts_with(['!', '*']) && !is_locked(text));
    let held =
        verifier.filter(|_| has_password).map(|verifier| Held { verifier: Secret::new(verifier), salt: salt.map(Secret::new), parameters });
    let generation = held.as_ref().map(|held| Generation::of(&held.stored(None)));
    let state = flagged.unwrap_or(if has_password { State::Active } else { State::SsoOnly });
    Some(Account { id: id?, address: address?, user, held, generation, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_back_and_nothing_else_is() {
        let all = Stored { verifier: "00ü", salt: Some(""), parameters: Some("p"), user: Some("never kept") };
        for stored in [Stored::of("x"), all, Stored { salt: None, ..all }] {
            let held = Held::of(&stored);
            let bytes = held.to_bytes();
            assert_eq!(Held::from_bytes(&bytes), Some(held.clone()));
            assert_eq!(held.stored(None).verifier, stored.verifier);
            for cut in 0..bytes.len() {
                assert_eq!(Held::from_bytes(&bytes[..cut]), None);
            }
            let mut later = bytes.to_vec();
            later[1] = 2;
            assert_eq!(Held::from_bytes(&later), None, "another version");
            assert_eq!(Held::from_bytes(&[bytes.as_slice(), b"x"].concat()), None, "something behind it");
            assert_eq!(format!("{held:?}"), "Held(…)");
        }
    }
}
