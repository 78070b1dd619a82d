//! How much of a source is in its target: accounts in the order of their ids first, then the tables that belong to no account, each in
//! the order of its key.

use super::read::{Key, key_text, read_key};
use super::shape::{index_of, shapes};
use crate::StoreError;
use crate::store::Result;
use std::fmt;
use truebell_core::ids::AccountId;

/// A place in the order in which a database is copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cursor {
    /// Before everything.
    #[default]
    Start,
    /// After this account.
    Account(AccountId),
    /// In this table, after the row with this key (as text), if any.
    Table(String, Option<String>),
    /// After everything.
    End,
}

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => out.write_str("start"),
            Self::Account(account) => write!(out, "account {:032x}", u128::from_be_bytes(account.0)),
            Self::Table(table, after) => write!(out, "table {table} {}", after.as_deref().unwrap_or("")),
            Self::End => out.write_str("end"),
        }
    }
}

impl Cursor {
    /// From what `Display` wrote.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        const DAMAGED: StoreError = StoreError::Damaged("the place a move has reached");
        let mut words = text.split(' ');
        let parsed = match (words.next(), words.next(), words.next()) {
            (Some("start"), None, None) => Some(Self::Start),
            (Some("end"), None, None) => Some(Self::End),
            (Some("account"), Some(id), None) => {
                Some(Self::Account(AccountId(u128::from_str_radix(id, 16).map_err(|_| DAMAGED)?.to_be_bytes())))
            }
            (Some("table"), Some(table), Some(after)) => Some(Self::Table(table.to_owned(), (!after.is_empty()).then(|| after.to_owned()))),
            _ => None,
        };
        parsed.ok_or(DAMAGED)
    }

    /// Whether a row lies before this place: its table, and the account it belongs to or else its key.
    pub(crate) fn covers(&self, table: usize, owner: Option<AccountId>, key: &Key) -> Result<bool> {
        Ok(match (self, owner) {
            (Self::Start, _) => false,
            (Self::Account(upto), Some(owner)) => owner <= *upto,
            (Self::Account(_), None) => false,
            (Self::End, _) | (Self::Table(..), Some(_)) => true,
            (Self::Table(name, after), None) => {
                let here = index_of(name)?;
                let shape = shapes()?.get(here).ok_or(StoreError::Damaged("a table that is not known"))?;
                match after {
                    _ if table < here => true,
                    Some(after) if table == here => *key <= read_key(shape, after)?,
                    _ => false,
                }
            }
        })
    }

    /// The table that belongs to nobody after this one; the first for `None`. The end if there is none.
    pub(crate) fn next_table(after: Option<usize>) -> Result<Self> {
        let start = after.map_or(0, |after| after + 1);
        let next = shapes()?.iter().skip(start).find(|shape| shape.is_nobodys());
        Ok(next.map_or(Self::End, |shape| Self::Table(shape.name.to_owned(), None)))
    }

    /// In a table, after a row.
    pub(crate) fn after_row(table: &str, key: &Key) -> Self {
        Self::Table(table.to_owned(), Some(key_text(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_from_its_text() {
        let places = [
            Cursor::Start,
            Cursor::Account(AccountId([255; 16])),
            Cursor::Account(AccountId([0; 16])),
            Cursor::Table("mails".into(), None),
            Cursor::Table("mails".into(), Some("ff00.12".into())),
            Cursor::End,
        ];
        for place in places {
            assert_eq!(Cursor::parse(&place.to_string()), Ok(place));
        }
        assert!(Cursor::parse("account x").is_err() && Cursor::parse("").is_err());
    }

    #[test]
    fn accounts_come_first_and_then_the_tables_that_belong_to_nobody() {
        let mut seen = Vec::new();
        let mut place = Cursor::next_table(None);
        while let Ok(Cursor::Table(table, _)) = &place {
            seen.push(table.clone());
            place = Cursor::next_table(Some(index_of(table).expect("known")));
        }
        assert!(seen.starts_with(&["invitations".to_owned(), "mails".to_owned()]), "{seen:?}");
        assert_eq!(place, Ok(Cursor::End));
    }
}
