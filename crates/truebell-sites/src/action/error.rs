//! Why an action was not done: one clear sentence each, and whether anything may have happened.

use crate::password::{NoLock, NotMade};
use crate::source::SourceError;

/// Why an action has no answer. But for [`Unclear`](Self::Unclear), nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It cannot be read or reached.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Files.
    #[error("{0} is a copy of the accounts: passwords are reset in the site's database, or by a webhook")]
    OnlyRead(String),
    /// The verifier's parts stand in several tables, so that no single statement changes them.
    #[error("the verifier's columns of `{0}` are in different tables, and cannot be changed in one statement: use a webhook")]
    Scattered(String),
    /// A right is missing, or the database takes no changes at all.
    #[error(
        "this user may not change `{0}`: grant it UPDATE on the columns it has to write (and DELETE where sessions are ended), and check that this is not a replica"
    )]
    Forbidden(String),
    /// MyISAM and its like.
    #[error("`{0}` is kept without transactions, so a reset could be half done: convert it to InnoDB")]
    NoTransactions(String),
    /// Two rows have the account's id.
    #[error("two rows of `{0}` have this account's id: nothing was done; name a column that is unique")]
    NotUnique(String),
    /// The row is as it was, although the statement was taken.
    #[error("the database took the statement and kept `{0}` as it was: nothing was done; look for a trigger, a rule or a policy")]
    Vetoed(String),
    /// Somebody else holds the row.
    #[error("somebody else is changing this account: nothing was done, try again")]
    Busy,
    /// The connection broke before anything could be done for good.
    #[error("the connection to the site's database was lost: nothing was done, try again")]
    Lost,
    /// The connection broke when the database had been told to keep it.
    #[error("the site's database did not say whether it was done: look at the account before anything else is done to it")]
    Unclear,
    /// An action was cut off before its end; what it did was not kept.
    #[error("an action was cut off before its end, and was not kept: open the site's database again")]
    CutOff,
    /// The old verifier does not fit what stands in its place.
    #[error(transparent)]
    NoLock(#[from] NoLock),
    /// Whatever else the database says; its code is for its documentation.
    #[error("the site's database refused it (code {0}): nothing was done")]
    Refused(String),
}

/// Why a new password is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSet {
    /// The database.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// The password or the format.
    #[error(transparent)]
    NotMade(#[from] NotMade),
}
