//! The one statement that reads a page, as text for each database. Names come from the operator and are quoted; values never stand in it.

use super::table::Table;

/// How a database quotes a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    /// The standard's `"name"` (PostgreSQL).
    Double,
    /// `` `name` `` (SQLite, where a double-quoted name that is no column silently becomes a text; MySQL and MariaDB).
    Back,
}

impl Quote {
    pub(crate) fn one(self, name: &str) -> String {
        let mark = if self == Self::Double { '"' } else { '`' };
        let doubled: String = name.chars().flat_map(|letter| if letter == mark { vec![letter; 2] } else { vec![letter] }).collect();
        format!("{mark}{doubled}{mark}")
    }

    /// `schema.name` part by part.
    pub(crate) fn table(self, name: &str) -> String {
        name.split('.').map(|part| self.one(part)).collect::<Vec<_>>().join(".")
    }

    /// A column of the first table unless it names another.
    pub(crate) fn column(self, table: &Table, name: &str) -> String {
        match name.rsplit_once('.') {
            Some((other, column)) => format!("{}.{}", self.table(other), self.one(column)),
            None => format!("{}.{}", self.table(&table.name), self.one(name)),
        }
    }

    /// `FROM` with everything joined.
    pub(crate) fn from(self, table: &Table) -> String {
        let mut text = format!("FROM {}", self.table(&table.name));
        let id = self.column(table, &table.id);
        for join in &table.joins {
            let beside = self.table(&join.table);
            text.push_str(&format!(" LEFT JOIN {beside} ON {beside}.{} = {id}", self.one(&join.on)));
            if let Some(only) = &join.only {
                text.push_str(&format!(" AND {beside}.{}", self.one(only)));
            }
        }
        text
    }

    /// A statement that returns nothing and fails if the column is not there.
    pub(crate) fn probe(self, table: &Table, column: &str) -> String {
        format!("SELECT {} {} LIMIT 0", self.column(table, column), self.from(table))
    }

    /// The page behind a place; `after` is the database's expression for it. The id stands twice: first in its own type, for the order,
    /// and last as text.
    pub(super) fn page(self, table: &Table, after: Option<&str>, cast: fn(&str) -> String, limit: &str) -> String {
        let id = self.column(table, &table.id);
        let columns: Vec<String> = table.columns().into_iter().map(|column| cast(&self.column(table, column))).collect();
        let bound = after.map_or(String::new(), |after| format!(" WHERE {id} > {after}"));
        let (columns, id_text) = (columns.join(", "), cast(&id));
        format!("SELECT {id}, {columns}, {id_text} {}{bound} ORDER BY {id} LIMIT {limit}", self.from(table))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Preset;
    use super::*;

    #[test]
    fn a_page_is_read_behind_an_id_with_names_quoted() {
        let cast = |column: &str| format!("{column}::text");
        assert_eq!(
            Quote::Double.page(&Preset::Discourse.table(), Some("$1"), cast, "$2"),
            "SELECT \"users\".\"id\", \"user_emails\".\"email\"::text, \"user_passwords\".\"password_hash\"::text, \
             \"user_passwords\".\"password_salt\"::text, \"user_passwords\".\"password_algorithm\"::text, \"users\".\"active\"::text, \
             \"users\".\"staged\"::text, \"users\".\"id\"::text FROM \"users\" LEFT JOIN \"user_emails\" ON \"user_emails\".\"user_id\" = \"users\".\"id\" \
             AND \"user_emails\".\"primary\" LEFT JOIN \"user_passwords\" ON \"user_passwords\".\"user_id\" = \"users\".\"id\" \
             WHERE \"users\".\"id\" > $1 ORDER BY \"users\".\"id\" LIMIT $2"
        );
        let odd = Table::new("shop.us\"er`s", "i d", "e", "p");
        assert_eq!(Quote::Double.table(&odd.name), "\"shop\".\"us\"\"er`s\"");
        assert_eq!(Quote::Back.column(&odd, "i d"), "`shop`.`us\"er``s`.`i d`");
    }
}
