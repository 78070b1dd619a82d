//! The statements of an action, in the words of each database. Names come from the operator and are quoted; values never stand in the text.

use zeroize::Zeroizing;

use crate::source::Quote;

/// A text that goes into a statement or comes out of a row.
pub(super) type Value = Option<Zeroizing<String>>;

/// Which database is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Postgres,
    Sqlite,
    /// And MySQL.
    MariaDb,
}

/// A column as statements name it.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Quoted.
    pub(super) name: String,
    /// What a text is cast to before it is compared with an id or stored, where the database wants that.
    pub(super) cast: Option<String>,
}

/// A statement with its values, in their order.
pub(super) struct Statement {
    words: Words,
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Words {
    pub(super) fn quote(self) -> Quote {
        match self {
            Self::Postgres => Quote::Double,
            Self::Sqlite | Self::MariaDb => Quote::Back,
        }
    }

    pub(super) fn begin(self) -> &'static str {
        match self {
            // What a concurrent change left is looked at anew, and not refused.
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::MariaDb => "START TRANSACTION",
        }
    }

    /// Whoever reads with this waits for whoever is changing the row.
    pub(super) fn hold(self) -> &'static str {
        match self {
            Self::Postgres | Self::MariaDb => " FOR UPDATE",
            // Its transaction holds the whole file.
            Self::Sqlite => "",
        }
    }

    /// A column's value as text.
    pub(super) fn read(self, column: &str) -> String {
        match self {
            Self::Postgres => format!("{column}::text"),
            Self::Sqlite => format!("CAST({column} AS TEXT)"),
            Self::MariaDb => format!("CONVERT({column} USING utf8mb4)"),
        }
    }

    /// A column's value as text that is compared byte by byte, whatever collation it has.
    fn bytes(self, column: &str) -> String {
        match self {
            Self::Postgres => format!("({column}::text COLLATE \"C\")"),
            // The cast alone would keep the column's collation.
            Self::Sqlite => format!("CAST({column} AS TEXT) COLLATE BINARY"),
            // Even collations that are called binary overlook blanks at the end.
            Self::MariaDb => format!("CAST(CONVERT({column} USING utf8mb4) AS BINARY)"),
        }
    }
}

impl Statement {
    pub(super) fn new(words: Words, text: impl Into<String>) -> Self {
        Self { words, text: text.into(), values: Vec::new() }
    }

    pub(super) fn say(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    fn value(&mut self, value: Option<&str>) -> String {
        self.values.push(value.map(|value| Zeroizing::new(value.to_owned())));
        match self.words {
            Words::Postgres => format!("${}::text", self.values.len()),
            Words::Sqlite | Words::MariaDb => "?".to_owned(),
        }
    }

    fn cast(&mut self, column: &Column, value: Option<&str>) -> String {
        let value = self.value(value);
        column.cast.as_ref().map_or(value.clone(), |cast| format!("({value})::{cast}"))
    }

    /// The account's row: once by its own type, so that an index finds it, and once letter by letter.
    pub(super) fn of_account(mut self, column: &Column, id: &str) -> Self {
        let name = &column.name;
        let text = match self.words {
            Words::Postgres => format!("{name} = {}", self.cast(column, Some(id))),
            // A column without a type keeps numbers that no text is equal to.
            Words::Sqlite => format!("({name} = {} OR {name} = CAST({} AS INTEGER))", self.value(Some(id)), self.value(Some(id))),
            Words::MariaDb => format!("{name} = {}", self.value(Some(id))),
        };
        self.text.push_str(&text);
        self.say(" AND ").exactly(column, Some(id))
    }

    /// The column holds this and nothing like it.
    pub(super) fn exactly(mut self, column: &Column, value: Option<&str>) -> Self {
        let (kept, given) = (self.words.bytes(&column.name), self.value(value));
        self.text.push_str(&match self.words {
            Words::Postgres => format!("{kept} IS NOT DISTINCT FROM {given}"),
            Words::Sqlite => format!("{kept} IS {given}"),
            Words::MariaDb => format!("{kept} <=> {}", self.words.bytes(&given)),
        });
        self
    }

    /// The column becomes this.
    pub(super) fn assign(mut self, column: &Column, value: Option<&str>) -> Self {
        let name = &column.name;
        let given = match self.words {
            Words::Postgres => self.cast(column, value),
            Words::MariaDb => self.value(value),
            // What was bytes stays bytes: they are never equal to a text.
            Words::Sqlite => {
                let (as_blob, as_text) = (self.value(value), self.value(value));
                format!("CASE typeof({name}) WHEN 'blob' THEN CAST({as_blob} AS BLOB) ELSE {as_text} END")
            }
        };
        self.text.push_str(&format!("{name} = {given}"));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_stand_in_the_text_and_are_compared_byte_by_byte() {
        let column = |name: &str, cast: Option<&str>| Column { name: name.to_owned(), cast: cast.map(str::to_owned) };
        let made = |words, id: &Column, password: &Column| {
            let statement = Statement::new(words, "UPDATE t SET ").assign(password, Some("new")).say(" WHERE ").of_account(id, "7");
            statement.say(" AND ").exactly(password, Some("old"))
        };
        let statement = made(Words::Postgres, &column("\"id\"", Some("\"pg_catalog\".\"int4\"")), &column("\"p\"", None));
        assert_eq!(
            statement.text,
            "UPDATE t SET \"p\" = $1::text WHERE \"id\" = ($2::text)::\"pg_catalog\".\"int4\" AND (\"id\"::text COLLATE \"C\") IS NOT DISTINCT FROM $3::text \
             AND (\"p\"::text COLLATE \"C\") IS NOT DISTINCT FROM $4::text"
        );
        assert_eq!(statement.values.iter().flatten().map(|value| value.as_str()).collect::<Vec<_>>(), ["new", "7", "7", "old"]);
        let statement = made(Words::Sqlite, &column("`id`", None), &column("`p`", None));
        assert_eq!(
            statement.text,
            "UPDATE t SET `p` = CASE typeof(`p`) WHEN 'blob' THEN CAST(? AS BLOB) ELSE ? END WHERE (`id` = ? OR `id` = CAST(? AS INTEGER)) \
             AND CAST(`id` AS TEXT) COLLATE BINARY IS ? AND CAST(`p` AS TEXT) COLLATE BINARY IS ?"
        );
        assert_eq!(statement.values.len(), 6);
    }
}
