//! The second implementation: other people's code than the first, or ours written from the specification. It shares no line with the
//! first, and no digest either.

mod bcrypt;
mod crypt;
mod scrypt;

use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

use super::kdf::{Argon2Kind, Hash, Kdf};
use super::template::Digests;
use super::verifier::Derive;

pub(super) struct Second;

type Bytes = Zeroizing<Vec<u8>>;

impl Digests for Second {
    fn hash(&self, hash: Hash, message: &[u8]) -> Bytes {
        Zeroizing::new(match hash {
            Hash::Md5 => md5::compute(message).0.to_vec(),
            Hash::Sha1 => digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message).as_ref().to_vec(),
            Hash::Sha256 => digest::digest(&digest::SHA256, message).as_ref().to_vec(),
            Hash::Sha384 => digest::digest(&digest::SHA384, message).as_ref().to_vec(),
            Hash::Sha512 => digest::digest(&digest::SHA512, message).as_ref().to_vec(),
        })
    }

    fn hmac(&self, hash: Hash, key: &[u8], message: &[u8]) -> Bytes {
        let algorithm = match hash {
            Hash::Md5 => return hmac_md5(key, message),
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        Zeroizing::new(hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec())
    }
}

/// RFC 2104, for the one digest that `ring` does not have.
fn hmac_md5(key: &[u8], message: &[u8]) -> Bytes {
    const BLOCK: usize = 64;
    let mut block = Zeroizing::new(if key.len() > BLOCK { md5::compute(key).0.to_vec() } else { key.to_vec() });
    block.resize(BLOCK, 0);
    let padded = |pad: u8, rest: &[u8]| {
        let mut text = Zeroizing::new(block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>());
        text.extend_from_slice(rest);
        md5::compute(text.as_slice()).0
    };
    Zeroizing::new(padded(0x5c, &padded(0x36, message)).to_vec())
}

impl Derive for Second {
    fn derive(&self, kdf: &Kdf, password: &[u8]) -> Option<Bytes> {
        match kdf {
            Kdf::Bcrypt { cost, salt } => Some(bcrypt::bcrypt(*cost, salt, password)),
            Kdf::Argon2 { kind, version, memory_kib, passes, lanes, salt, length } => {
                let config = rust_argon2::Config {
                    ad: &[],
                    hash_length: u32::try_from(*length).ok()?,
                    lanes: *lanes,
                    mem_cost: *memory_kib,
                    secret: &[],
                    thread_mode: rust_argon2::ThreadMode::Sequential,
                    time_cost: *passes,
                    variant: match kind {
                        Argon2Kind::D => rust_argon2::Variant::Argon2d,
                        Argon2Kind::I => rust_argon2::Variant::Argon2i,
                        Argon2Kind::Id => rust_argon2::Variant::Argon2id,
                    },
                    version: rust_argon2::Version::from_u32(*version).ok()?,
                };
                rust_argon2::hash_raw(password, salt, &config).ok().map(Zeroizing::new)
            }
            Kdf::Scrypt { log_n, r, p, salt, length } => scrypt::scrypt(password, salt, *log_n, *r, *p, *length),
            Kdf::Pbkdf2 { hash, rounds, salt, length } => pbkdf2_of(*hash, password, salt, *rounds, *length),
            Kdf::Md5Crypt { mark, salt } => Some(crypt::md5_crypt(mark, password, salt)),
            Kdf::ShaCrypt { hash, rounds, salt } => crypt::sha_crypt(*hash, *rounds, password, salt),
            Kdf::Phpass { hash, log2_rounds, salt } => Some(crypt::phpass(*hash, *log2_rounds, password, salt)),
            Kdf::Salted { hash, salt } => Some(self.hash(*hash, &[password, salt].concat())),
            Kdf::Plain => Some(Zeroizing::new(password.to_vec())),
        }
    }
}

fn pbkdf2_of(hash: Hash, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Option<Bytes> {
    let algorithm = match hash {
        Hash::Md5 => return None,
        Hash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Hash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let mut out = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(algorithm, NonZeroU32::new(rounds)?, salt, password, &mut out);
    Some(out)
}
