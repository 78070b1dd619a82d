//! From the composite key to the transformed key: AES-KDF and Argon2, with the costs a file may ask for bounded.

use super::KdbxError;
use super::variants::Variants;
use crate::limits;
use aes::Aes256;
use argon2::{Algorithm, Argon2, Params, Version};
use cipher::{BlockCipherEncrypt, KeyInit};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(super) type Key = Zeroizing<[u8; 32]>;

const AES_KDBX3: [u8; 16] = *b"\xc9\xd9\xf3\x9a\x62\x8a\x44\x60\xbf\x74\x0d\x08\xc1\x8a\x4f\xea";
const AES_KDBX4: [u8; 16] = *b"\x7c\x02\xbb\x82\x79\xa7\x4a\xc0\x92\x7d\x11\x4a\x00\x64\x82\x38";
const ARGON2D: [u8; 16] = *b"\xef\x63\x6d\xdf\x8c\x29\x44\x4b\x91\xf7\xa9\xa4\x03\xe3\x0a\x0c";
const ARGON2ID: [u8; 16] = *b"\x9e\x29\x8b\x19\x56\xdb\x47\x73\xb2\x3d\xfc\x3e\xc6\xf0\xa1\xe6";
const PLACE: &str = "its key derivation settings";

/// A key derivation with its salt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kdf {
    Aes { seed: [u8; 32], rounds: u64 },
    Argon2 { is_id: bool, version: u32, salt: Vec<u8>, memory_bytes: u64, passes: u64, lanes: u32 },
}

impl Kdf {
    pub(super) fn parse(variants: &Variants) -> Result<Self, KdbxError> {
        let id = variants.bytes("$UUID")?;
        if id == AES_KDBX3 || id == AES_KDBX4 {
            let seed = variants.bytes("S")?.try_into().map_err(|_| KdbxError::damaged(PLACE, "the seed has the wrong length"))?;
            return Ok(Self::Aes { seed, rounds: variants.number("R")? });
        }
        if id != ARGON2D && id != ARGON2ID {
            return Err(KdbxError::damaged(PLACE, "this key derivation is not known"));
        }
        let small = |name| variants.number(name).and_then(|n| u32::try_from(n).map_err(|_| KdbxError::TooCostly));
        Ok(Self::Argon2 {
            is_id: id == ARGON2ID,
            version: small("V")?,
            salt: variants.bytes("S")?.to_vec(),
            memory_bytes: variants.number("M")?,
            passes: variants.number("I")?,
            lanes: small("P")?,
        })
    }

    pub(super) fn variants(&self) -> Variants {
        let mut out = Variants::default();
        match self {
            Self::Aes { seed, rounds } => {
                out.set_bytes("$UUID", &AES_KDBX4);
                out.set_bytes("S", seed);
                out.set_u64("R", *rounds);
            }
            Self::Argon2 { is_id, version, salt, memory_bytes, passes, lanes } => {
                out.set_bytes("$UUID", if *is_id { &ARGON2ID } else { &ARGON2D });
                out.set_u32("V", *version);
                out.set_bytes("S", salt);
                out.set_u64("M", *memory_bytes);
                out.set_u64("I", *passes);
                out.set_u32("P", *lanes);
            }
        }
        out
    }

    pub(super) fn derive(&self, composite: &Key) -> Result<Key, KdbxError> {
        match self {
            Self::Aes { seed, rounds } => aes_kdf(composite, seed, *rounds),
            Self::Argon2 { is_id, version, salt, memory_bytes, passes, lanes } => {
                let kind = if *is_id { Algorithm::Argon2id } else { Algorithm::Argon2d };
                argon2(kind, *version, composite, salt, (memory_bytes / 1024, *passes, *lanes))
            }
        }
    }
}

fn aes_kdf(composite: &Key, seed: &[u8; 32], rounds: u64) -> Result<Key, KdbxError> {
    if rounds > limits::AES_KDF_ROUNDS {
        return Err(KdbxError::TooCostly);
    }
    let cipher = Aes256::new(seed.into());
    let (left, right) = composite.split_at(16);
    let wrong = |_| KdbxError::damaged(PLACE, "the key has the wrong length");
    let mut blocks: [aes::Block; 2] = [left.try_into().map_err(wrong)?, right.try_into().map_err(wrong)?];
    for _ in 0..rounds {
        cipher.encrypt_blocks(&mut blocks);
    }
    let mut digest = Sha256::new();
    blocks.iter().for_each(|block| digest.update(block));
    Ok(Key::new(digest.finalize().into()))
}

fn argon2(
    kind: Algorithm,
    version: u32,
    composite: &Key,
    salt: &[u8],
    (memory_kib, passes, lanes): (u64, u64, u32),
) -> Result<Key, KdbxError> {
    let walked = memory_kib.saturating_mul(passes);
    let too_much = memory_kib > limits::ARGON2_MEMORY_KIB || walked > limits::ARGON2_WALKED_KIB || u64::from(lanes) > limits::ARGON2_LANES;
    if too_much {
        return Err(KdbxError::TooCostly);
    }
    let small = |number| u32::try_from(number).map_err(|_| KdbxError::TooCostly);
    let wrong = |_| KdbxError::damaged(PLACE, "they contradict each other");
    let version = match version {
        0x10 => Version::V0x10,
        0x13 => Version::V0x13,
        _ => return Err(KdbxError::damaged(PLACE, "this version of Argon2 is not known")),
    };
    let params = Params::new(small(memory_kib)?, small(passes)?, lanes, Some(32)).map_err(wrong)?;
    let mut key = Key::default();
    Argon2::new(kind, version, params).hash_password_into(composite.as_slice(), salt, key.as_mut_slice()).map_err(wrong)?;
    Ok(key)
}
