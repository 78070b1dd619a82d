//! Which columns an action writes, and which sessions it ends: settled once, when the database is opened.

use crate::password::Recipe;
use crate::source::{Preset, Table};

use super::ActionError;

/// Something that keeps a person signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The table, perhaps the accounts' own.
    pub table: String,
    /// Its column with the account's id.
    pub on: String,
    /// The column that is emptied; without it, rows are deleted.
    pub empties: Option<String>,
    /// A column and what it holds in the rows that count.
    pub only: Option<(String, String)>,
    /// Whether the site may lack it.
    pub is_optional: bool,
}

impl Revocation {
    fn deletes(table: &str, on: &str) -> Self {
        Self { table: table.to_owned(), on: on.to_owned(), empties: None, only: None, is_optional: true }
    }

    fn empties(accounts: &Table, column: &str) -> Self {
        Self { empties: Some(column.to_owned()), ..Self::deletes(&accounts.name, &accounts.id) }
    }

    pub(super) fn words(&self) -> String {
        match &self.empties {
            Some(column) => format!("empties `{column}` of `{}`", self.table),
            None => format!("deletes rows of `{}`", self.table),
        }
    }
}

impl Preset {
    /// What keeps a person signed in besides the verifier, for `accounts` as [`Preset::table`] gives it or with another name.
    ///
    /// Django ends sessions by itself: they hold an HMAC of the verifier.
    pub fn revocations(self, accounts: &Table) -> Vec<Revocation> {
        let beside = |name: &str| match accounts.name.rsplit_once('.') {
            Some((schema, _)) => format!("{schema}.{name}"),
            None => name.to_owned(),
        };
        match self {
            Self::Django => Vec::new(),
            Self::Laravel => vec![Revocation::deletes(&beside("sessions"), "user_id"), Revocation::empties(accounts, "remember_token")],
            Self::WordPress => {
                // The prefix that the site chose stands before all of its tables.
                let meta = accounts.name.strip_suffix("users").map_or_else(|| beside("wp_usermeta"), |prefix| format!("{prefix}usermeta"));
                let only = Some(("meta_key".to_owned(), "session_tokens".to_owned()));
                vec![Revocation { only, ..Revocation::deletes(&meta, "user_id") }]
            }
            Self::Devise => vec![Revocation::empties(accounts, "remember_created_at"), Revocation::empties(accounts, "remember_token")],
            Self::Discourse => vec![Revocation::deletes(&beside("user_auth_tokens"), "user_id")],
            Self::Ghost => vec![Revocation::deletes(&beside("sessions"), "user_id")],
        }
    }
}

/// What a database is opened for.
pub(super) struct Wanted<'a> {
    pub(super) table: &'a Table,
    pub(super) recipe: &'a Recipe,
    pub(super) revocations: &'a [Revocation],
    pub(super) place: String,
}

/// The one table that is written, with the columns that make a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) table: String,
    /// The column with the account's id.
    pub(super) key: String,
    /// Verifier, and salt and parameters where there are such columns.
    pub(super) columns: Vec<String>,
    /// Whether the second column is the salt: with two columns it may be the parameters.
    pub(super) has_salt: bool,
}

impl Target {
    pub(super) fn of(table: &Table) -> Result<Self, ActionError> {
        let parts = [Some(&table.verifier), table.salt.as_ref(), table.parameters.as_ref()];
        let split = |name: &String| match name.rsplit_once('.') {
            Some((other, column)) => (other.to_owned(), column.to_owned()),
            None => (table.name.clone(), name.clone()),
        };
        let mut parts = parts.into_iter().flatten().map(split);
        let (home, verifier) = parts.next().ok_or_else(|| ActionError::Scattered(table.name.clone()))?;
        let mut columns = vec![verifier];
        for (other, column) in parts {
            if other != home {
                return Err(ActionError::Scattered(table.name.clone()));
            }
            columns.push(column);
        }
        let key = if home == table.name {
            table.id.clone()
        } else {
            let join = table.joins.iter().find(|join| join.table == home && join.only.is_none());
            join.ok_or_else(|| ActionError::Scattered(table.name.clone()))?.on.clone()
        };
        Ok(Self { table: home, key, columns, has_salt: table.salt.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_generation_are_found_in_the_table_that_has_them() {
        let target = Target::of(&Preset::Discourse.table()).expect("one table");
        assert_eq!((target.table.as_str(), target.key.as_str()), ("user_passwords", "user_id"));
        assert_eq!(target.columns, ["password_hash", "password_salt", "password_algorithm"]);
        let mut table = Table::new("shop.users", "id", "email", "password");
        let target = Target::of(&table).expect("one table");
        assert_eq!(
            (target.table.as_str(), target.key.as_str(), target.columns.as_slice()),
            ("shop.users", "id", &["password".to_owned()][..])
        );
        table.salt = Some("salts.salt".to_owned());
        assert_eq!(Target::of(&table), Err(ActionError::Scattered("shop.users".to_owned())));
    }

    #[test]
    fn a_sites_own_names_are_followed() {
        let mut table = Preset::WordPress.table();
        table.name = "blog7_users".to_owned();
        assert_eq!(Preset::WordPress.revocations(&table)[0].table, "blog7_usermeta");
        table.name = "app.users".to_owned();
        assert_eq!(Preset::Laravel.revocations(&table)[0].table, "app.sessions");
        assert_eq!(Preset::Laravel.revocations(&table)[1].words(), "empties `remember_token` of `app.users`");
    }
}
