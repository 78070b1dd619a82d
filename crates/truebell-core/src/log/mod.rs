//! The transparency log: what every event is a leaf of, and how a client checks that it is (`docs/formats/log.md`).
//!
//! Checks are pure functions over texts and digests. Never here: a request, a store, or a conclusion about an account: no result of
//! this module is an alarm, and none can hold a notice back (law 1).

mod checkpoint;
mod follow;
mod note;
mod proof;
mod sentences;
mod tile;
mod tree;
mod witness;

pub use checkpoint::{Checkpoint, Compared, NotACheckpoint, Origin, compare};
pub use follow::{Followed, Found, follow};
pub use note::{NotANote, Note, is_key_name};
pub use proof::{Consistency, Included, NotIncluded, Proof};
pub use sentences::{Contradiction, LogStanding, Standing, describe, describe_log};
pub use tile::{Appended, Resource, TileId, Tiles, Wanted, append, edge};
pub use tree::{
    Nodes, NotConsistent, NotInTree, check_consistency, check_inclusion, derive_leaf, derive_node, derive_root, empty_root,
    prove_consistency, prove_inclusion,
};
pub use witness::{Cosigned, NotAWitness, Policy, Witness, cosign};

use crate::hash::Hash32;

/// What the log holds for a SET with this digest (SHA-256 of it as carried): a digest of the digest, so that the log does not hold the
/// check codes, which are the beginnings of the digests themselves.
pub fn derive_entry(digest: &Hash32) -> Hash32 {
    Hash32::derive_labelled("truebell log entry v1", &[&digest.0])
}

#[cfg(test)]
mod tests;
