//! The outside of an archive: magic, version, salt, and the frames under the password's key.

use super::{MAGIC, SOURCE};
use crate::import::ImportError;
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use truebell_core::chance::{Chance, make_array};
use truebell_core::derive::{ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES};
use truebell_core::seal::{self, Context, OpenError, Part, SealKey};
use truebell_core::secret::Secret;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
/// Plain bytes of each frame but the last: with the seal's end mark exactly 64 KiB, so that padding adds nothing.
const FRAME: usize = (64 << 10) - 1;

/// The key of a password and a salt; nothing only if the constants were no Argon2 parameters.
fn derive_key(password: &Secret, salt: &[u8; 16]) -> Option<SealKey> {
    let normal = Zeroizing::new(password.expose().nfkc().collect::<String>());
    let params = Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, Some(32)).ok()?;
    let mut stretched = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(normal.as_bytes(), salt, stretched.as_mut_slice()).ok()?;
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), stretched.as_slice()).expand(b"truebell archive v1", &mut key).ok()?;
    Some(SealKey::from_bytes(key))
}

fn context(salt: [u8; 16], index: u64, is_last: bool) -> Context {
    Context::own(Part::Archive, salt, index * 2 + u64::from(is_last))
}

/// Seals `plain` into the bytes of a file; nothing only if the key could not be derived (no memory).
pub(super) fn seal(plain: &[u8], password: &Secret, chance: &mut dyn Chance) -> Option<Vec<u8>> {
    let salt: [u8; 16] = make_array(chance);
    let key = derive_key(password, &salt)?;
    let mut out = MAGIC.to_vec();
    out.push(VERSION);
    out.extend(salt);
    let last = plain.len().saturating_sub(1) / FRAME;
    for index in 0..=last {
        let frame = plain.chunks(FRAME).nth(index).unwrap_or_default();
        let sealed = seal::seal(&key, &context(salt, u64::try_from(index).ok()?, index == last), frame, chance);
        out.extend(u32::try_from(sealed.len()).ok()?.to_be_bytes());
        out.extend(sealed);
    }
    Some(out)
}

/// Opens the frames of a file.
pub(super) fn open(bytes: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, ImportError> {
    let damaged = |place: String, reason: &str| ImportError::damaged(SOURCE, place, reason);
    let short = || damaged("its beginning".to_owned(), "it ends too early");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| ImportError::Foreign(SOURCE, "it does not begin like one".to_owned()))?;
    let (version, rest) = rest.split_first().ok_or_else(short)?;
    if *version != VERSION {
        return Err(ImportError::Version { source_format: SOURCE, version: version.to_string(), hint: "update Truebell" });
    }
    let (salt, mut rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
    let key = derive_key(password, salt).ok_or(ImportError::TooCostly(SOURCE))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(rest.len()));
    let mut index = 0u64;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let place = format!("frame {index}");
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (sealed, after) = after.split_at_checked(length).ok_or_else(|| damaged(place.clone(), "it ends too early"))?;
        let frame = open_frame(&key, *salt, index, after.is_empty(), sealed, place)?;
        plain.extend_from_slice(&frame);
        rest = after;
        index += 1;
    }
    if index == 0 || !rest.is_empty() {
        return Err(damaged(format!("frame {index}"), "it ends too early"));
    }
    Ok(plain)
}

fn open_frame(
    key: &SealKey,
    salt: [u8; 16],
    index: u64,
    is_last: bool,
    sealed: &[u8],
    place: String,
) -> Result<Zeroizing<Vec<u8>>, ImportError> {
    match seal::open(key, &context(salt, index, is_last), sealed) {
        Ok(frame) => Ok(frame),
        // A first frame that is the last one in the file but was not when written has lost its followers.
        Err(OpenError::WrongKey) if index == 0 && seal::open(key, &context(salt, 0, !is_last), sealed).is_err() => {
            Err(ImportError::WrongPassword(SOURCE))
        }
        Err(OpenError::NewerSuite(suite)) => {
            Err(ImportError::Version { source_format: SOURCE, version: format!("{VERSION}, suite {suite}"), hint: "update Truebell" })
        }
        Err(_) => Err(ImportError::damaged(SOURCE, place, "it is not what was written, or frames are missing after it")),
    }
}
