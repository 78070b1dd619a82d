//! The Merkle tree of RFC 6962, section 2.1: hashes, proofs, and their checks (RFC 9162, sections 2.1.3.2 and 2.1.4.2).
//!
//! Proofs are made from [`Nodes`], whatever keeps them; the checks need nothing but what they are given.

use crate::hash::Hash32;
use sha2::{Digest, Sha256};

/// Longest path a proof can have: sizes are 64-bit.
pub(super) const PATH_MAX: usize = 64;

/// A leaf's hash: `SHA-256(00 ‖ entry)`.
pub fn derive_leaf(entry: &Hash32) -> Hash32 {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(entry.0);
    Hash32(hash.finalize().into())
}

/// An inner node's hash: `SHA-256(01 ‖ left ‖ right)`.
pub fn derive_node(left: &Hash32, right: &Hash32) -> Hash32 {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left.0);
    hash.update(right.0);
    Hash32(hash.finalize().into())
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash32 {
    Hash32::derive_plain(b"")
}

/// The leaf is not shown to be in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead from this event to the root of the log")]
pub struct NotInTree;

/// Checks that `leaf` (a leaf's hash) stands at `index` in the tree of `size` leaves with this root.
pub fn check_inclusion(leaf: &Hash32, index: u64, size: u64, path: &[Hash32], root: &Hash32) -> Result<(), NotInTree> {
    if index >= size {
        return Err(NotInTree);
    }
    let (mut place, mut last, mut found) = (index, size - 1, *leaf);
    for step in path {
        if last == 0 {
            return Err(NotInTree);
        }
        if place & 1 == 1 || place == last {
            found = derive_node(step, &found);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            found = derive_node(&found, step);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    if last == 0 && found == *root { Ok(()) } else { Err(NotInTree) }
}

/// The larger tree is not shown to begin with the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not show that the log continues what it was")]
pub struct NotConsistent;

/// Checks that the tree `to` (size and root) begins with all of the tree `from`.
pub fn check_consistency(from: (u64, &Hash32), to: (u64, &Hash32), path: &[Hash32]) -> Result<(), NotConsistent> {
    let ((from_size, from_root), (to_size, to_root)) = (from, to);
    let holds = |condition| if condition { Ok(()) } else { Err(NotConsistent) };
    if from_size == to_size {
        return holds(path.is_empty() && from_root == to_root);
    }
    if from_size == 0 {
        return holds(path.is_empty() && *from_root == empty_root());
    }
    if from_size > to_size {
        return Err(NotConsistent);
    }
    let (mut place, mut last) = (from_size - 1, to_size - 1);
    while place & 1 == 1 {
        (place, last) = (place >> 1, last >> 1);
    }
    // Where the smaller tree is complete, its own root is the first node, and is not sent.
    let (first, rest) = if from_size.is_power_of_two() { (from_root, path) } else { path.split_first().ok_or(NotConsistent)? };
    let (mut smaller, mut larger) = (*first, *first);
    for step in rest {
        if last == 0 {
            return Err(NotConsistent);
        }
        if place & 1 == 1 || place == last {
            (smaller, larger) = (derive_node(step, &smaller), derive_node(step, &larger));
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            larger = derive_node(&larger, step);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    holds(last == 0 && smaller == *from_root && larger == *to_root)
}

/// Where the hashes of complete subtrees come from.
pub trait Nodes {
    /// The hash of the subtree of `2^height` leaves that begins at leaf `index * 2^height`. `None` if it is not at hand.
    fn node(&self, height: u8, index: u64) -> Option<Hash32>;
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The root of the leaves from `from` to before `to`: a range that proofs need, so that it splits into complete subtrees.
fn range_root(nodes: &(impl Nodes + ?Sized), from: u64, to: u64) -> Option<Hash32> {
    let count = to.checked_sub(from)?;
    if count == 0 {
        return Some(empty_root());
    }
    if count.is_power_of_two() {
        let height = count.trailing_zeros();
        return nodes.node(u8::try_from(height).ok()?, from >> height);
    }
    let middle = from + split(count);
    let (left, right) = (range_root(nodes, from, middle)?, range_root(nodes, middle, to)?);
    Some(derive_node(&left, &right))
}

/// The root of the first `size` leaves.
pub fn derive_root(nodes: &(impl Nodes + ?Sized), size: u64) -> Option<Hash32> {
    range_root(nodes, 0, size)
}

/// The path that [`check_inclusion`] takes (RFC 6962, section 2.1.1). `None` if `index` is not below `size`, or a node is not at hand.
pub fn prove_inclusion(nodes: &(impl Nodes + ?Sized), index: u64, size: u64) -> Option<Vec<Hash32>> {
    if index >= size {
        return None;
    }
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// The path that [`check_consistency`] takes (RFC 6962, section 2.1.2). `None` if `from_size` is above `to_size`, or a node is not at
/// hand.
pub fn prove_consistency(nodes: &(impl Nodes + ?Sized), from_size: u64, to_size: u64) -> Option<Vec<Hash32>> {
    if from_size > to_size {
        return None;
    }
    if from_size == 0 || from_size == to_size {
        return Some(Vec::new());
    }
    // Down to the subtree in which the smaller tree ends; it is complete and on the left edge only if that tree is complete itself.
    let (mut from, mut to, mut path) = (0, to_size, Vec::new());
    while to != from_size {
        let middle = from + split(to - from);
        if from_size <= middle {
            path.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    if from != 0 {
        path.push(range_root(nodes, from, to)?);
    }
    path.reverse();
    Some(path)
}
