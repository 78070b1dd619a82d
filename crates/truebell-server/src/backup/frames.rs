//! What writer and reader share: the file's first bytes, the key, and where each frame belongs.

use truebell_core::derive::derive_stretched;
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;
use truebell_core::seal::{Context, Part, SealKey};
use truebell_core::secret::Secret;

/// The file begins with this.
pub(super) const MAGIC: &[u8; 16] = b"truebell backup\n";
/// Then this.
pub(super) const VERSION: u8 = 1;
/// Bytes before the first frame: magic, version, backup id.
pub(super) const HEADER_LEN: usize = 16 + 1 + 16;
/// Plain bytes of each frame but the last: with the seal's end mark exactly 256 KiB, so that padding adds nothing.
pub(super) const FRAME: usize = (256 << 10) - 1;
/// No sealed frame is longer, in bytes.
pub(super) const SEALED_MAX: usize = FRAME + 1 + truebell_core::seal::OVERHEAD_BYTES;
/// No entry is longer, in bytes: a reader never takes more memory than this because a file says so.
pub(super) const ENTRY_MAX: usize = 64 << 20;

/// The key of a passphrase and a backup: Argon2id with the account password's costs, salted by the backup's id.
pub(super) fn derive_key(passphrase: &Secret, backup: [u8; 16]) -> SealKey {
    let stretched = derive_stretched(passphrase, AccountId(backup));
    SealKey::from_bytes(Hash32::derive_labelled("truebell backup key v1", &[stretched.as_slice()]).0)
}

/// Where a frame belongs; the last one says so, so that a cut file is not a shorter backup.
pub(super) fn context(backup: [u8; 16], index: u64, is_last: bool) -> Context {
    Context::own(Part::Archive, backup, index * 2 + u64::from(is_last))
}
