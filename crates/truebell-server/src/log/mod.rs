//! The transparency log (`docs/formats/log.md`): leaves get their places, a checkpoint is signed, cosigned and published, proofs are made.
//!
//! Never here: what a leaf is of. It is written by the store with its event; nothing in this module can keep one out, and nothing that
//! fails in it stops an event or a notice.

mod grow;
mod prove;
mod publish;
#[cfg(test)]
mod tests;
mod witness;

pub use grow::grow;
pub(crate) use prove::{Current, compute, current};
pub use prove::{Logged, prove};
pub use publish::{Publisher, Refused};
pub use witness::{Ask, WitnessAt, Witnesses, over_http};

use truebell_core::log::Origin;
use truebell_store::StoreError;
use truebell_store::rows::Identity;

/// A tile is missing or is not what its log says.
const DAMAGED: StoreError = StoreError::Damaged("the tiles of the transparency log");

/// The log of a server since its last restore.
pub(crate) fn origin(identity: &Identity) -> Origin {
    Origin { server: identity.server, restore_epoch: identity.restore_epoch }
}
