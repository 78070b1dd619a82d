//! Which columns of a site's table mean what.

/// A table as the source's operator describes it. Columns are `column`, or `table.column` of a joined one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name, perhaps `schema.name`. Files ignore it.
    pub name: String,
    /// Tables beside it, one row for each account.
    pub joins: Vec<Join>,
    /// What orders the accounts and never changes.
    pub id: String,
    /// The mail address.
    pub address: String,
    /// The verifier.
    pub verifier: String,
    /// The salt, where it stands apart.
    pub salt: Option<String>,
    /// The function and its cost, where they stand apart.
    pub parameters: Option<String>,
    /// What the person signs in with, where that is not the address.
    pub user: Option<String>,
    /// What takes an account out, first hit first.
    pub flags: Vec<Flag>,
}

/// A table beside the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Its name.
    pub table: String,
    /// Its column with the account's id.
    pub on: String,
    /// Its column that must be true, where several rows belong to one account.
    pub only: Option<String>,
}

/// A column that says that an account is not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The column.
    pub column: String,
    /// When it counts.
    pub when: When,
    /// What the account is then.
    pub then: super::State,
    /// Whether the table may lack it.
    pub is_optional: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// True: `true`, `t`, or a number that is not 0.
    True,
    /// False: `false`, `f` or 0. Nothing at all is not false.
    False,
    /// Anything.
    Present,
    /// This text.
    Is(&'static str),
}

impl When {
    pub(super) fn holds(self, value: Option<&str>) -> bool {
        let Some(value) = value else { return false };
        let is_false = matches!(value, "0" | "f" | "false" | "F" | "False" | "FALSE" | "");
        match self {
            Self::True => !is_false,
            Self::False => is_false && !value.is_empty(),
            Self::Present => !value.is_empty(),
            Self::Is(text) => value == text,
        }
    }
}

impl Table {
    /// With the columns that are always there.
    pub fn new(name: &str, id: &str, address: &str, verifier: &str) -> Self {
        Self {
            name: name.to_owned(),
            joins: Vec::new(),
            id: id.to_owned(),
            address: address.to_owned(),
            verifier: verifier.to_owned(),
            salt: None,
            parameters: None,
            user: None,
            flags: Vec::new(),
        }
    }

    /// The columns that are read as text besides the id, in the order in which [`account`](super::Account) takes them.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let always = [Some(&self.address), Some(&self.verifier), self.salt.as_ref(), self.parameters.as_ref(), self.user.as_ref()];
        always.into_iter().flatten().chain(self.flags.iter().map(|flag| &flag.column)).map(String::as_str).collect()
    }
}
