//! The first implementation: the crates that most Rust programs use, and for `crypt(3)`'s MD5 formats, which have no such crate, ours on
//! RustCrypto's digests. The second never calls anything here.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Digest;
use zeroize::Zeroizing;

use super::kdf::{Argon2Kind, BCRYPT_BYTES_MAX, Hash, Kdf};
use super::template::Digests;
use super::verifier::Derive;

pub(super) struct First;

type Bytes = Zeroizing<Vec<u8>>;

impl Digests for First {
    fn hash(&self, hash: Hash, message: &[u8]) -> Bytes {
        digest(hash, &[message])
    }

    fn hmac(&self, hash: Hash, key: &[u8], message: &[u8]) -> Bytes {
        match hash {
            Hash::Md5 => mac::<Hmac<md_5::Md5>>(key, message),
            Hash::Sha1 => mac::<Hmac<sha1::Sha1>>(key, message),
            Hash::Sha256 => mac::<Hmac<sha2::Sha256>>(key, message),
            Hash::Sha384 => mac::<Hmac<sha2::Sha384>>(key, message),
            Hash::Sha512 => mac::<Hmac<sha2::Sha512>>(key, message),
        }
    }
}

/// HMAC takes keys of any length, so the empty answer never leaves here; if it did, nothing would match it.
fn mac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Bytes {
    let made = <M as KeyInit>::new_from_slice(key).map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec());
    Zeroizing::new(made.unwrap_or_default())
}

fn digest(hash: Hash, parts: &[&[u8]]) -> Bytes {
    match hash {
        Hash::Md5 => digest_of::<md_5::Md5>(parts),
        Hash::Sha1 => digest_of::<sha1::Sha1>(parts),
        Hash::Sha256 => digest_of::<sha2::Sha256>(parts),
        Hash::Sha384 => digest_of::<sha2::Sha384>(parts),
        Hash::Sha512 => digest_of::<sha2::Sha512>(parts),
    }
}

fn digest_of<D: Digest>(parts: &[&[u8]]) -> Bytes {
    let digest = parts.iter().fold(D::new(), Digest::chain_update);
    Zeroizing::new(digest.finalize().to_vec())
}

impl Derive for First {
    fn derive(&self, kdf: &Kdf, password: &[u8]) -> Option<Bytes> {
        match kdf {
            Kdf::Bcrypt { cost, salt } => Some(bcrypt_of(*cost, *salt, password)),
            Kdf::Argon2 { kind, version, memory_kib, passes, lanes, salt, length } => {
                let parameters = argon2::Params::new(*memory_kib, *passes, *lanes, Some(*length)).ok()?;
                let function = argon2::Argon2::new(argon2_kind(*kind), (*version).try_into().ok()?, parameters);
                fill(*length, |out| function.hash_password_into(password, salt, out).ok())
            }
            Kdf::Scrypt { log_n, r, p, salt, length } => {
                let parameters = scrypt::Params::new(*log_n, *r, *p).ok()?;
                fill(*length, |out| scrypt::scrypt(password, salt, &parameters, out).ok())
            }
            Kdf::Pbkdf2 { hash, rounds, salt, length } => fill(*length, |out| pbkdf2_of(*hash, password, salt, *rounds, out)),
            Kdf::Md5Crypt { mark, salt } => Some(md5_crypt(mark.as_bytes(), password, salt)),
            Kdf::ShaCrypt { hash, rounds, salt } => {
                let parameters = sha_crypt::Params::new(*rounds).ok()?;
                Some(Zeroizing::new(match hash {
                    Hash::Sha256 => sha_crypt::sha256_crypt(password, salt, parameters).to_vec(),
                    Hash::Sha512 => sha_crypt::sha512_crypt(password, salt, parameters).to_vec(),
                    _ => return None,
                }))
            }
            Kdf::Phpass { hash, log2_rounds, salt } => {
                let start = digest(*hash, &[salt, password]);
                Some((0..1_u64 << log2_rounds).fold(start, |state, _| digest(*hash, &[&state, password])))
            }
            Kdf::Salted { hash, salt } => Some(digest(*hash, &[password, salt])),
            Kdf::Plain => Some(Zeroizing::new(password.to_vec())),
        }
    }
}

fn fill(length: usize, derive: impl FnOnce(&mut [u8]) -> Option<()>) -> Option<Bytes> {
    let mut out = Zeroizing::new(vec![0; length]);
    derive(&mut out)?;
    Some(out)
}

/// The crate leaves the end mark and the cut to its caller.
fn bcrypt_of(cost: u32, salt: [u8; 16], password: &[u8]) -> Bytes {
    let mut key = Zeroizing::new(password.to_vec());
    key.push(0);
    key.truncate(BCRYPT_BYTES_MAX);
    Zeroizing::new(bcrypt::bcrypt(cost, salt, &key).to_vec())
}

fn argon2_kind(kind: Argon2Kind) -> argon2::Algorithm {
    match kind {
        Argon2Kind::D => argon2::Algorithm::Argon2d,
        Argon2Kind::I => argon2::Algorithm::Argon2i,
        Argon2Kind::Id => argon2::Algorithm::Argon2id,
    }
}

fn pbkdf2_of(hash: Hash, password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8]) -> Option<()> {
    match hash {
        Hash::Md5 => return None,
        Hash::Sha1 => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password, salt, rounds, out),
        Hash::Sha256 => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, rounds, out),
        Hash::Sha384 => pbkdf2::pbkdf2_hmac::<sha2::Sha384>(password, salt, rounds, out),
        Hash::Sha512 => pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password, salt, rounds, out),
    }
    Some(())
}

/// FreeBSD's `crypt-md5.c`, in its own order.
fn md5_crypt(mark: &[u8], password: &[u8], salt: &[u8]) -> Bytes {
    use md_5::Md5;
    let inner = Zeroizing::new(<[u8; 16]>::from(Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize()));
    let mut outer = Md5::new().chain_update(password).chain_update(mark).chain_update(salt);
    for part in password.chunks(inner.len()) {
        outer.update(inner.get(..part.len()).unwrap_or_default());
    }
    // A slip of 1994 that became the format: where the bit is set, a NUL, and elsewhere the password's first letter.
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            outer.update([0]);
        } else {
            outer.update(password.get(..1).unwrap_or_default());
        }
        bits >>= 1;
    }
    let mut state = Zeroizing::new(<[u8; 16]>::from(outer.finalize()));
    for round in 0..1000 {
        let is_odd = round % 2 == 1;
        let mut digest = Md5::new();
        digest.update(if is_odd { password } else { &state[..] });
        if round % 3 != 0 {
            digest.update(salt);
        }
        if round % 7 != 0 {
            digest.update(password);
        }
        digest.update(if is_odd { &state[..] } else { password });
        *state = digest.finalize().into();
    }
    Zeroizing::new(state.to_vec())
}
