//! Opening a password-protected Bitwarden export: PBKDF2-SHA256 or Argon2id, HKDF-SHA256 expansion, AES-256-CBC with HMAC-SHA256
//! (their "type 2" strings: `2.iv|data|mac`).

use super::super::ImportError;
use super::super::bag::Bag;
use super::SOURCE;
use crate::limits;
use aes::Aes256;
use argon2::{Algorithm, Argon2, Params, Version};
use cipher::block_padding::Pkcs7;
use cipher::{BlockModeDecrypt, KeyIvInit};
use data_encoding::BASE64;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use truebell_core::secret::Secret;
use zeroize::Zeroizing;

type Key = Zeroizing<[u8; 32]>;

pub(super) fn open(top: &mut Bag, password: &Secret) -> Result<Zeroizing<Vec<u8>>, ImportError> {
    let damaged = |place: &str, why: &str| ImportError::damaged(SOURCE, format!("\"{place}\""), why);
    let salt = top.text("salt");
    if salt.is_empty() {
        return Err(damaged("salt", "it is missing"));
    }
    let master = derive_master(top, password, &salt)?;
    let (cipher_key, mac_key) = (expand(&master, b"enc")?, expand(&master, b"mac")?);
    let check = EncString::parse(&top.text("encKeyValidation_DO_NOT_EDIT"))
        .ok_or_else(|| damaged("encKeyValidation_DO_NOT_EDIT", "it is not a locked text"))?;
    if !check.is_authentic(&mac_key) {
        return Err(ImportError::WrongPassword(SOURCE));
    }
    let data = EncString::parse(&top.text("data")).ok_or_else(|| damaged("data", "it is not a locked text"))?;
    if !data.is_authentic(&mac_key) {
        return Err(damaged("data", "its seal is broken"));
    }
    data.decrypt(&cipher_key).ok_or_else(|| damaged("data", "it cannot be unlocked"))
}

fn derive_master(top: &mut Bag, password: &Secret, salt: &str) -> Result<Key, ImportError> {
    let number = |top: &mut Bag, name: &str| -> Result<u64, ImportError> {
        let found = top.number(name).and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
        found.ok_or_else(|| ImportError::damaged(SOURCE, format!("\"{name}\""), "it is not a number that makes sense"))
    };
    let kind = top.number("kdfType");
    let rounds = number(top, "kdfIterations")?;
    match kind {
        Some(0) if rounds <= limits::PBKDF2_ROUNDS => Ok(pbkdf2(password.expose().as_bytes(), salt.as_bytes(), rounds)),
        Some(0) => Err(ImportError::TooCostly(SOURCE)),
        Some(1) => {
            let memory_mib = number(top, "kdfMemory")?;
            let lanes = number(top, "kdfParallelism")?;
            argon2id(password, salt, memory_mib, rounds, lanes)
        }
        _ => Err(ImportError::damaged(SOURCE, "\"kdfType\"", "this key derivation is not known")),
    }
}

/// PBKDF2-HMAC-SHA256 (RFC 8018 §5.2) for one block, which is all that 32 bytes take.
fn pbkdf2(password: &[u8], salt: &[u8], rounds: u64) -> Key {
    let Ok(keyed) = Hmac::<Sha256>::new_from_slice(password) else { return Key::default() };
    let mut mac = keyed.clone();
    mac.update(salt);
    mac.update(&1u32.to_be_bytes());
    let mut last: [u8; 32] = mac.finalize().into_bytes().into();
    let mut key = Key::new(last);
    for _ in 1..rounds {
        let mut mac = keyed.clone();
        mac.update(&last);
        last = mac.finalize().into_bytes().into();
        key.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    key
}

fn argon2id(password: &Secret, salt: &str, memory_mib: u64, passes: u64, lanes: u64) -> Result<Key, ImportError> {
    let memory_kib = memory_mib.saturating_mul(1024);
    let walked = memory_kib.saturating_mul(passes);
    if memory_kib > limits::ARGON2_MEMORY_KIB || walked > limits::ARGON2_WALKED_KIB || lanes > limits::ARGON2_LANES {
        return Err(ImportError::TooCostly(SOURCE));
    }
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let wrong = |_| ImportError::damaged(SOURCE, "its key derivation settings", "they contradict each other");
    let params = Params::new(small(memory_kib), small(passes), small(lanes), Some(32)).map_err(wrong)?;
    let mut key = Key::default();
    // Bitwarden hashes the salt first, because Argon2 wants at least eight bytes and an address can be shorter.
    let salt = Sha256::digest(salt.as_bytes());
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(password.expose().as_bytes(), &salt, key.as_mut_slice()).map_err(wrong)?;
    Ok(key)
}

fn expand(master: &Key, label: &[u8]) -> Result<Key, ImportError> {
    let broken = || ImportError::damaged(SOURCE, "its key derivation settings", "they contradict each other");
    let mut key = Key::default();
    Hkdf::<Sha256>::from_prk(master.as_slice()).map_err(|_| broken())?.expand(label, key.as_mut_slice()).map_err(|_| broken())?;
    Ok(key)
}

/// `2.iv|data|mac`, each in base64.
struct EncString {
    iv: [u8; 16],
    data: Vec<u8>,
    mac: Vec<u8>,
}

impl EncString {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("2.")?.split('|').map(|part| BASE64.decode(part.as_bytes()).ok());
        let (iv, data, mac) = (parts.next()??, parts.next()??, parts.next()??);
        Some(Self { iv: iv.try_into().ok()?, data, mac })
    }

    fn is_authentic(&self, key: &Key) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_slice()) else { return false };
        mac.update(&self.iv);
        mac.update(&self.data);
        mac.verify_slice(&self.mac).is_ok()
    }

    fn decrypt(&self, key: &Key) -> Option<Zeroizing<Vec<u8>>> {
        let decryptor = cbc::Decryptor::<Aes256>::new_from_slices(key.as_slice(), &self.iv).ok()?;
        decryptor.decrypt_padded_vec::<Pkcs7>(&self.data).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    #[test]
    fn pbkdf2_gives_the_published_vectors() {
        // RFC 7914 section 11 gives PBKDF2-HMAC-SHA-256 vectors; their first 32 bytes are the first block.
        for (password, salt, rounds, hex) in [
            ("passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
            ("Password", "NaCl", 80_000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"),
        ] {
            assert_eq!(HEXLOWER.encode(pbkdf2(password.as_bytes(), salt.as_bytes(), rounds).as_slice()), hex);
        }
    }
}
