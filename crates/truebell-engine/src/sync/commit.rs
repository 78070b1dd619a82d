//! What a commit holds: pending revisions, and the vault's next head over all items.

use super::LocalVault;
use truebell_core::account::Unlocked;
use truebell_core::hash::Hash32;
use truebell_core::ids::{DeviceId, VaultId};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Commit, Revision, SignedVaultHead, VaultHead};

/// Most revisions we put in one commit: half of what a server takes.
pub const REVISIONS_MAX: usize = 1000;
/// Most sealed bytes we put in one commit; what CBOR adds stays below a server's limit.
pub const BYTES_MAX: usize = 12 << 20;

/// Who commits, and when.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// Signs the head.
    pub keys: &'a Unlocked,
    /// On this device.
    pub device: DeviceId,
    /// By its clock.
    pub at: UnixMillis,
}

/// Makes the next commit of a vault. `idempotency` is random, and kept with the commit until it is answered.
pub fn make_next(vault: VaultId, known: &LocalVault, revisions: Vec<Revision>, author: &Author<'_>, idempotency: [u8; 16]) -> Commit {
    let mut digest = known.digest.clone();
    digest.set(revisions.iter().map(|revision| (revision.item, revision.digest(vault))));
    let head = VaultHead {
        vault,
        seq: known.seq + 1,
        digest: digest.digest(),
        prev: known.head,
        account: author.keys.account(),
        device: author.device,
        at: author.at,
        made: known.made,
    };
    Commit { revisions, head: SignedVaultHead::sign(&head, author.keys), idempotency }
}

/// Goes on to a commit that the server took.
pub fn absorb(vault: VaultId, known: &mut LocalVault, commit: &Commit) {
    known.seq += 1;
    known.head = commit.head.digest();
    known.set(commit.revisions.iter().map(|revision| (revision.item, revision.number, revision.digest(vault))));
}

/// How many of the edits, given by their sealed sizes, go into the next commit: at least one.
pub fn batch_len(sizes: impl IntoIterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fitting = sizes.into_iter().take(REVISIONS_MAX).take_while(|size| {
        bytes += size;
        bytes <= BYTES_MAX
    });
    fitting.count().max(1)
}

/// The revision after `base` (number and digest; `None` for a new item).
pub fn next_number(base: Option<(u64, Hash32)>) -> (u64, Hash32) {
    base.map_or((1, Hash32::default()), |(number, digest)| (number + 1, digest))
}
