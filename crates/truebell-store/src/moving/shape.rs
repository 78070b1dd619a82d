//! Which tables there are, read from the schema itself: SQLite's migrations, run once in memory. Both databases have the same tables,
//! columns and keys; where SQLite puts a number in place of a vault's id (`vault_no`), the shape has the id.

use crate::StoreError;
use crate::migrations::sqlite;
use crate::postgres::TABLE_KEYS;
use crate::store::Result;
use rusqlite::Connection;
use std::sync::LazyLock;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    Bytes,
}

/// Whose a table's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// They name their account.
    Account,
    /// They name their vault.
    Vault,
    /// Nobody's: they outlive accounts, or have nothing to do with any.
    Nobody,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// In the order in which a dump carries them.
    pub(crate) columns: Vec<String>,
    pub(crate) kinds: Vec<Kind>,
    /// Which columns are the key.
    pub(crate) key: Vec<usize>,
    pub(crate) owner: Owner,
    /// Other tables refer to it: its rows cannot be taken out and put back.
    pub(crate) is_referenced: bool,
    /// Where it is referred to: columns outside the key that no two rows may have alike.
    pub(crate) unique: Vec<usize>,
}

impl Shape {
    pub(crate) fn is_nobodys(&self) -> bool {
        self.owner == Owner::Nobody
    }

    /// The key's columns' names.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &str> {
        self.key.iter().filter_map(|index| self.columns.get(*index)).map(String::as_str)
    }

    /// The key's columns' kinds.
    pub(crate) fn key_kinds(&self) -> impl Iterator<Item = Kind> {
        self.key.iter().filter_map(|index| self.kinds.get(*index)).copied()
    }
}

static SHAPES: LazyLock<Result<Vec<Shape>>> = LazyLock::new(|| {
    read_all().map_err(|error| {
        tracing::error!(%error, "the schema");
        StoreError::Damaged("the schema of this version")
    })
});

/// All tables but those about the database itself, parents before children.
pub(crate) fn shapes() -> Result<&'static [Shape]> {
    SHAPES.as_deref().map_err(|error| *error)
}

/// A table's place among [`shapes`].
pub(crate) fn index_of(name: &str) -> Result<usize> {
    shapes()?.iter().position(|shape| shape.name == name).ok_or(StoreError::Damaged("a table that is not known"))
}

fn read_all() -> rusqlite::Result<Vec<Shape>> {
    let db = Connection::open_in_memory()?;
    for step in sqlite() {
        db.execute_batch(step.sql)?;
    }
    let mut referenced = Vec::new();
    for (name, _) in TABLE_KEYS {
        referenced.extend(list::<String>(&db, "SELECT \"table\" FROM pragma_foreign_key_list(?)", name)?);
    }
    TABLE_KEYS.iter().map(|(name, key)| read(&db, name, key, &referenced)).collect()
}

fn list<T: rusqlite::types::FromSql>(db: &Connection, sql: &str, of: &str) -> rusqlite::Result<Vec<T>> {
    db.prepare(sql)?.query_map([of], |row| row.get(0))?.collect()
}

fn read(db: &Connection, name: &'static str, key: &str, referenced: &[String]) -> rusqlite::Result<Shape> {
    let (mut columns, mut kinds) = (Vec::new(), Vec::new());
    let mut statement = db.prepare("SELECT name, type FROM pragma_table_info(?) ORDER BY cid")?;
    let mut rows = statement.query([name])?;
    while let Some(row) = rows.next()? {
        let (column, kind): (String, String) = (row.get(0)?, row.get(1)?);
        match column.as_str() {
            "no" if name == "vaults" => continue,
            "vault_no" => {
                columns.push("vault".to_owned());
                kinds.push(Kind::Bytes);
                continue;
            }
            _ => columns.push(column),
        }
        kinds.push(match kind.as_str() {
            "BLOB" => Kind::Bytes,
            "TEXT" => Kind::Text,
            _ => Kind::Number,
        });
    }
    let place = |wanted: &str| columns.iter().position(|column| column == wanted);
    let key: Vec<usize> = key.split(", ").filter_map(place).collect();
    let parents: Vec<(String, String)> = db
        .prepare("SELECT \"table\", \"from\" FROM pragma_foreign_key_list(?)")?
        .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let owner = if name == "accounts" || parents.iter().any(|(table, from)| table == "accounts" && from == "account") {
        Owner::Account
    } else if parents.iter().any(|(table, from)| table == "vaults" && from == "vault_no") {
        Owner::Vault
    } else {
        Owner::Nobody
    };
    let is_referenced = referenced.iter().any(|table| table == name);
    let mut unique = Vec::new();
    if is_referenced {
        for index in list::<String>(db, "SELECT name FROM pragma_index_list(?) WHERE \"unique\" AND origin <> 'pk'", name)? {
            let named: Vec<String> = list(db, "SELECT name FROM pragma_index_info(?)", &index)?;
            unique.extend(named.iter().filter_map(|column| place(column)).filter(|column| !key.contains(column)));
        }
    }
    Ok(Shape { name, columns, kinds, key, owner, is_referenced, unique })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Tables about the database itself, which stay where they are.
    const NOT_CARRIED: [&str; 4] = ["identity", "migrations", "move_journal", "moves"];

    #[test]
    fn every_table_of_the_schema_is_carried() {
        let db = Connection::open_in_memory().unwrap();
        for step in sqlite() {
            db.execute_batch(step.sql).unwrap();
        }
        let there: BTreeSet<String> = list(&db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE ?", "sqlite_%")
            .unwrap()
            .into_iter()
            .filter(|name: &String| !NOT_CARRIED.contains(&name.as_str()))
            .collect();
        let carried: BTreeSet<String> = shapes().unwrap().iter().map(|shape| shape.name.to_owned()).collect();
        assert_eq!(
            carried, there,
            "a table that is not in the lists of sqlite/dump.rs and postgres/dump.rs is lost by a backup and by a move"
        );
    }

    #[test]
    fn every_table_can_be_carried() {
        for shape in shapes().unwrap() {
            let name = shape.name;
            assert!(!shape.key.is_empty() && shape.columns.len() == shape.kinds.len(), "{name}: a key");
            assert!(!shape.is_referenced || shape.key.len() == 1, "{name}: a table that others refer to has a key of one column");
            assert!(shape.unique.iter().all(|column| shape.kinds[*column] == Kind::Text), "{name}: of others' unique columns only texts");
            assert!(
                shape.owner != Owner::Vault || shape.columns[0] == "vault",
                "{name}: a table of vaults begins with the vault, which SQLite keeps as vault_no"
            );
        }
    }

    #[test]
    fn what_belongs_to_an_account_is_known_by_its_references() {
        let owners: Vec<_> = shapes().unwrap().iter().take(14).map(|shape| (shape.name, shape.owner)).collect();
        let (a, v, n) = (Owner::Account, Owner::Vault, Owner::Nobody);
        let expected = [
            ("accounts", a),
            ("devices", a),
            ("sessions", a),
            ("enrolments", a),
            ("sign_ins", a),
            ("invitations", n),
            ("events", a),
            ("retractions", a),
            ("machine_vaults", a),
            ("vaults", a),
            ("commits", v),
            ("revisions", v),
            ("chunks", v),
            ("mails", n),
        ];
        assert_eq!(owners, expected);
        assert_eq!(shapes().unwrap()[0].unique, [9], "the address");
    }
}
