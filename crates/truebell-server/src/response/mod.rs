//! The response to breaches: what is kept of sites, matches and findings (docs/formats/findings.md), sealed and opened. Never here: how a
//! site's table is read (`truebell-sites`), or whether anybody is told.

pub mod desk;
pub mod keys;
pub mod site;
pub mod source;

use truebell_core::seal::OpenError;

/// Why something that was kept does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Another key, or damage.
    #[error("what was kept of {0} does not open with this server's key: put the right key file back from the backup")]
    Seal(&'static str, #[source] OpenError),
    /// It opens, and is something else.
    #[error("what was kept of {0} was written by a newer Truebell: update this one")]
    Shape(&'static str),
    /// It was destroyed.
    #[error("the key of {0} was destroyed, with everything it opened")]
    Destroyed(&'static str),
}
