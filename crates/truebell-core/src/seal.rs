//! The seal: a key-committing AEAD that binds what it seals to where it belongs (`docs/formats/seal.md`).
//!
//! `(key', commitment) = HKDF-SHA256(salt = nonce, ikm = key, info = "truebell seal v1" ‖ context)`
//! `sealed = suite ‖ nonce ‖ commitment ‖ ChaCha20-Poly1305(key', 0, padded plain, aad = context)`
//!
//! What must never repeat: the pair (key, nonce). The nonce is 24 random bytes, so it does not. The inner nonce is zero because
//! `key'` seals once. The commitment is compared first, in constant time: a wrong key and a damaged text are told apart, and one
//! text cannot open under two keys (no partitioning oracle).

use crate::chance::{Chance, make_array};
use crate::ids::{AccountId, AttachmentId, ItemId, VaultId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The one suite there is. A second one would be another number here and a floor in every client.
pub const SUITE: u8 = 1;
const NONCE_LEN: usize = 24;
const COMMITMENT_LEN: usize = 32;
const TAG_LEN: usize = 16;
/// What a seal adds to the padded plain text, in bytes.
pub const OVERHEAD_BYTES: usize = 1 + NONCE_LEN + COMMITMENT_LEN + TAG_LEN;
/// Short texts all look alike: nothing is padded to less.
const PADDED_MIN: usize = 64;

/// A key that seals. It can be used, not read.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// A new random key.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        Self(make_array(chance))
    }

    /// Takes bytes that were derived or unsealed to be a key.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes, to seal them under another key. Named for what it does.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SealKey(…)")
    }
}

/// What kind of thing is sealed: the first byte of a context. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    /// The account keyset, under the account unlock key; the revision is the credential epoch.
    Keyset = 1,
    /// A vault key, under the keyset's wrapping key.
    VaultKey = 2,
    /// A vault's name and settings, under the vault key.
    VaultInfo = 3,
    /// An item's overview, under the vault key.
    Overview = 4,
    /// An item's detail, under the vault key.
    Detail = 5,
    /// A chunk of an attachment, under the attachment's key; the revision is `index * 2 + last`.
    Chunk = 6,
    /// Something a device keeps for itself, under a key of its own.
    Local = 7,
    /// Something a server keeps for itself, under a key of its own.
    Server = 8,
    /// A frame of a backup or an archive.
    Archive = 9,
}

/// Where a sealed text belongs. Opened anywhere else, it does not open.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    part: Part,
    account: [u8; 16],
    vault: [u8; 16],
    object: [u8; 16],
    revision: u64,
}

impl Context {
    /// The keyset of `account` at a credential epoch.
    pub fn keyset(account: AccountId, epoch: u64) -> Self {
        Self { part: Part::Keyset, account: account.0, vault: [0; 16], object: [0; 16], revision: epoch }
    }

    /// The key of `vault`, wrapped for `account`.
    pub fn vault_key(account: AccountId, vault: VaultId) -> Self {
        Self { part: Part::VaultKey, account: account.0, vault: vault.0, object: [0; 16], revision: 0 }
    }

    /// Name and settings of `vault`.
    pub fn vault_info(vault: VaultId, revision: u64) -> Self {
        Self { part: Part::VaultInfo, account: [0; 16], vault: vault.0, object: [0; 16], revision }
    }

    /// One part of one revision of one item. A vault can be shared, so no account is named; its key says whose it is.
    pub fn item(part: Part, vault: VaultId, item: ItemId, revision: u64) -> Self {
        Self { part, account: [0; 16], vault: vault.0, object: item.0, revision }
    }

    /// Chunk `index` of an attachment; the last one says so, so that a cut file is not a shorter file.
    pub fn chunk(vault: VaultId, attachment: AttachmentId, index: u64, last: bool) -> Self {
        Self { part: Part::Chunk, account: [0; 16], vault: vault.0, object: attachment.0, revision: index * 2 + u64::from(last) }
    }

    /// Anything a device or server keeps for itself, told apart by `object`.
    pub fn own(part: Part, object: [u8; 16], revision: u64) -> Self {
        Self { part, account: [0; 16], vault: [0; 16], object, revision }
    }

    fn bytes(&self) -> [u8; 58] {
        let mut bytes = [0; 58];
        bytes[0] = SUITE;
        bytes[1] = self.part as u8;
        bytes[2..18].copy_from_slice(&self.account);
        bytes[18..34].copy_from_slice(&self.vault);
        bytes[34..50].copy_from_slice(&self.object);
        bytes[50..58].copy_from_slice(&self.revision.to_be_bytes());
        bytes
    }
}

/// Why a sealed text does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than any sealed text.
    #[error("the sealed data is cut short")]
    Truncated,
    /// Sealed by a newer version.
    #[error("the data was sealed by a newer version of Truebell (suite {0}): update this one")]
    NewerSuite(u8),
    /// The key is not the one it was sealed with, or it belongs elsewhere. Says nothing about the data.
    #[error("the key does not belong to this data")]
    WrongKey,
    /// The key is right and the data is not what was sealed.
    #[error("the sealed data is damaged")]
    Damaged,
}

fn derive(key: &SealKey, nonce: &[u8], context: &[u8]) -> Zeroizing<[u8; 64]> {
    let mut okm = Zeroizing::new([0; 64]);
    let expanded = Hkdf::<Sha256>::new(Some(nonce), &key.0).expand_multi_info(&[b"truebell seal v1", context], okm.as_mut());
    debug_assert!(expanded.is_ok(), "64 bytes is below HKDF's limit of 8160");
    okm
}

/// Padmé (PURBs, Nikitin et al. 2019, algorithm 1): at most 12 % more, and only O(log log n) bits of the length leak.
pub fn padded_len(len: usize) -> usize {
    let len = len.max(PADDED_MIN);
    let exponent = usize::BITS - 1 - len.leading_zeros();
    let mantissa_bits = u32::BITS - exponent.leading_zeros();
    let mask = (1_usize << exponent.saturating_sub(mantissa_bits)) - 1;
    (len + mask) & !mask
}

fn pad(plain: &[u8]) -> Zeroizing<Vec<u8>> {
    // The end mark 0x80 and zeros (ISO/IEC 7816-4) need no length field.
    let mut padded = Zeroizing::new(Vec::with_capacity(padded_len(plain.len() + 1)));
    padded.extend_from_slice(plain);
    padded.push(0x80);
    padded.resize(padded_len(plain.len() + 1), 0);
    padded
}

fn unpad(padded: &[u8]) -> Option<usize> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    (padded.get(end) == Some(&0x80)).then_some(end)
}

/// Seals `plain` for its place.
pub fn seal(key: &SealKey, context: &Context, plain: &[u8], chance: &mut dyn Chance) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = make_array(chance);
    let context = context.bytes();
    let okm = derive(key, &nonce, &context);
    let (cipher_key, commitment) = okm.split_at(32);
    let padded = pad(plain);
    let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + padded.len());
    sealed.push(SUITE);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(commitment);
    let cipher = cipher(cipher_key);
    let text = cipher.encrypt(&Nonce::default(), Payload { msg: &padded, aad: &context });
    #[expect(clippy::expect_used, reason = "ChaCha20-Poly1305 fails only above 256 GiB; nothing that long is sealed in one piece")]
    sealed.extend_from_slice(&text.expect("below 256 GiB"));
    sealed
}

fn cipher(key: &[u8]) -> ChaCha20Poly1305 {
    #[expect(clippy::expect_used, reason = "the slice is the first half of a 64-byte array")]
    let key: [u8; 32] = key.try_into().expect("32 bytes");
    ChaCha20Poly1305::new(&Key::from(key))
}

/// Opens what was sealed with this key for this place, or says why not.
pub fn open(key: &SealKey, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let rest = match sealed.split_first() {
        None => return Err(OpenError::Truncated),
        Some((&SUITE, rest)) => rest,
        Some((&suite, _)) => return Err(OpenError::NewerSuite(suite)),
    };
    if sealed.len() < OVERHEAD_BYTES + PADDED_MIN {
        return Err(OpenError::Truncated);
    }
    let (nonce, rest) = rest.split_at(NONCE_LEN);
    let (commitment, text) = rest.split_at(COMMITMENT_LEN);
    let context = context.bytes();
    let okm = derive(key, nonce, &context);
    let (cipher_key, expected) = okm.split_at(32);
    if !bool::from(expected.ct_eq(commitment)) {
        return Err(OpenError::WrongKey);
    }
    let opened = cipher(cipher_key).decrypt(&Nonce::default(), Payload { msg: text, aad: &context });
    let mut plain = Zeroizing::new(opened.map_err(|_| OpenError::Damaged)?);
    let len = unpad(&plain).ok_or(OpenError::Damaged)?;
    plain.truncate(len);
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    fn place() -> Context {
        Context::item(Part::Detail, VaultId([1; 16]), ItemId([2; 16]), 3)
    }

    #[test]
    fn what_is_sealed_opens_in_its_place() {
        let mut chance = Seeded::new(1);
        let key = SealKey::make_random(&mut chance);
        for len in [0, 1, 63, 64, 65, 1000, 100_000] {
            let plain = vec![0x80; len];
            let sealed = seal(&key, &place(), &plain, &mut chance);
            assert_eq!(sealed.len(), OVERHEAD_BYTES + padded_len(len + 1));
            assert_eq!(open(&key, &place(), &sealed).unwrap().as_slice(), plain);
        }
    }

    #[test]
    fn no_other_key_place_revision_or_bit_opens_it() {
        let mut chance = Seeded::new(2);
        let key = SealKey::make_random(&mut chance);
        let sealed = seal(&key, &place(), b"secret", &mut chance);
        let other = SealKey::make_random(&mut chance);
        assert_eq!(open(&other, &place(), &sealed).unwrap_err(), OpenError::WrongKey);
        let elsewhere = Context::item(Part::Overview, VaultId([1; 16]), ItemId([2; 16]), 3);
        assert_eq!(open(&key, &elsewhere, &sealed).unwrap_err(), OpenError::WrongKey);
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 8 {
                OpenError::NewerSuite(flipped[0])
            } else if bit < 57 * 8 {
                OpenError::WrongKey
            } else {
                OpenError::Damaged
            };
            assert_eq!(open(&key, &place(), &flipped).unwrap_err(), expected, "bit {bit}");
        }
        for len in 0..sealed.len() {
            open(&key, &place(), &sealed[..len]).unwrap_err();
        }
    }

    #[test]
    fn lengths_are_told_apart_by_class_and_not_by_byte() {
        for (len, padded) in [(1, 64), (65, 72), (100, 104), (129, 144), (250, 256), (300, 304), (1_000, 1_024), (20_001, 20_480)] {
            assert_eq!(padded_len(len), padded, "{len}");
        }
    }

    #[test]
    fn padding_follows_padme_and_costs_at_most_an_eighth() {
        for len in 64..20_000 {
            let padded = padded_len(len);
            assert!(padded >= len && (padded - len) * 8 <= len, "{len} -> {padded}");
            assert_eq!(padded_len(padded), padded);
        }
    }
}
