//! Why accounts cannot be read: one clear sentence each, without anybody's data.

/// Why a source gives nothing. Nothing was written anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The text names no source.
    #[error(
        "the source is not understood: write postgres://user@host/database, mariadb://user@host/database, sqlite:/path, csv:/path or jsonl:/path"
    )]
    NotALocation,
    /// A kept place that no source wrote.
    #[error("the place to go on from is not one that was written down: read from the beginning")]
    NotAPlace,
    /// Nobody answers, or the file is not there.
    #[error("{0} cannot be reached: check that it runs and that its name is right")]
    Unreachable(String),
    /// It does not let us in.
    #[error("{0} does not let this user in: check user, password and the database's name")]
    SignIn(String),
    /// It is not what the location says.
    #[error("{0} is not a database that can be read")]
    NotADatabase(String),
    /// No such table.
    #[error("there is no table `{0}`: check the preset, or name the site's table")]
    NoTable(String),
    /// No such column.
    #[error("`{table}` has no column `{column}`: check the preset, or name the site's column")]
    NoColumn {
        /// The table or file.
        table: String,
        /// The column.
        column: String,
    },
    /// Ids that no place can be made of.
    #[error("the ids of `{0}` are neither numbers nor texts: name another column to go by")]
    OddId(String),
    /// The user may not read it.
    #[error("this user may not read `{0}`: grant it SELECT on the columns it needs, and nothing else")]
    Forbidden(String),
    /// What was read before is not there any more, or is another.
    #[error("`{0}` was changed while it was read: look at the source again, then start over")]
    Changed(String),
    /// The connection broke.
    #[error("the connection to the source was lost: nothing is lost with it, reading goes on from the last account")]
    Lost,
    /// A line that is no record.
    #[error("line {line} of `{file}` is not a record: {what}")]
    Line {
        /// The file's name.
        file: String,
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Whatever else the database says; its code is for its documentation.
    #[error("the database refused to be read (code {0})")]
    Refused(String),
}
