//! What PostgreSQL's errors mean: worth another try at once, or an error for who can do something about it.

use crate::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What the gate of a database that was moved says (see `moving`).
pub(super) const MOVED: &str = "TB001";

/// Why a transaction did not get through.
#[derive(Debug)]
pub(super) enum Failure {
    /// It says so itself.
    Store(StoreError),
    /// The database, or the way to it.
    Database(Error),
}

/// A result inside a transaction.
pub(super) type Result<T> = std::result::Result<T, Failure>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// Whether the same transaction may go through if it is tried again: it lost a race, or its connection died before the COMMIT.
/// A row that came in between the look and the insert is such a race; the next look sees it.
pub(super) fn is_passing(failure: &Failure) -> bool {
    let Failure::Database(error) = failure else { return false };
    let passing = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
    ];
    error.is_closed() || error.code().is_some_and(|code| passing.contains(code))
}

/// What a failure before the commit means: nothing was written.
pub(super) fn before_commit(failure: Failure) -> StoreError {
    match failure {
        Failure::Store(error) => error,
        Failure::Database(error) => meaning(&error),
    }
}

fn meaning(error: &Error) -> StoreError {
    // The message of a server's error may quote a value; its code and table do not.
    let code = error.code().map_or("none", SqlState::code);
    tracing::warn!(code, table = error.as_db_error().and_then(|error| error.table()), "PostgreSQL refused a statement");
    if error.code().is_none() && !error.is_closed() && is_conversion(error) {
        return StoreError::Damaged("a value that does not fit its column");
    }
    match code {
        MOVED => StoreError::Moved,
        "53100" => StoreError::Full,
        "25006" => StoreError::ReadOnly,
        "XX001" | "XX002" => StoreError::Damaged("a page or an index"),
        "22021" | "22P05" => StoreError::Damaged("a text with a zero character"),
        _ if code.starts_with("23") => StoreError::Damaged("a row that does not fit the others"),
        _ => StoreError::Unavailable,
    }
}

/// Whether it is about turning a column into a value, which no server said and no connection broke.
fn is_conversion(error: &Error) -> bool {
    let text = error.to_string();
    text.starts_with("error deserializing column") || text.starts_with("error retrieving column") || text.starts_with("invalid column")
}

/// What a failure of the COMMIT itself means. A server that answered said that nothing was written; silence says nothing.
pub(super) fn of_commit(error: &Error) -> StoreError {
    let shutting_down = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::QUERY_CANCELED];
    match error.code() {
        Some(code) if !shutting_down.contains(code) => meaning(error),
        _ => StoreError::Unknown,
    }
}
