//! How much work a file may ask of us. Files come from anywhere: a size or a cost written in one is a request, not an order.

/// Largest plain text of one part of a file (a JSON document, a decompressed database).
pub(crate) const TEXT_BYTES: u64 = 512 << 20;
/// Largest attachment, as everywhere in Truebell.
pub(crate) const ATTACHMENT_BYTES: u64 = 100 << 20;
/// Everything unpacked from one zip archive.
pub(crate) const UNPACKED_BYTES: u64 = 2 << 30;
/// Entries of one zip archive.
pub(crate) const ZIP_ENTRIES: usize = 100_000;
/// Most memory a key derivation may ask for, in KiB (1 GiB).
pub(crate) const ARGON2_MEMORY_KIB: u64 = 1 << 20;
/// Most KiB a key derivation may walk over in all its passes (128 GiB: some minutes).
pub(crate) const ARGON2_WALKED_KIB: u64 = 128 << 20;
/// Most lanes.
pub(crate) const ARGON2_LANES: u64 = 64;
/// Most rounds of the old KeePass key derivation (some minutes).
pub(crate) const AES_KDF_ROUNDS: u64 = 2_000_000_000;
/// Most rounds of PBKDF2.
pub(crate) const PBKDF2_ROUNDS: u64 = 20_000_000;
/// Depth of nested XML elements; groups in groups count once each.
pub(crate) const XML_DEPTH: usize = 200;
