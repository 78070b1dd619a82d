//! Two secrets in, one root out (`docs/formats/keys.md`).
//!
//! `m = Argon2id(NFKC(password), salt(account), 64 MiB, t = 3, p = 4)`, `k = HKDF-SHA256(Secret Key, account)`,
//! `root = HKDF-Extract(salt = m, ikm = k)`; from it the account unlock key and the OPAQUE password.
//!
//! The costs are constants and the salt comes from the account id: no server has a say in either, so none can lower them.

use crate::ids::AccountId;
use crate::seal::SealKey;
use crate::secret::Secret;
use crate::secret_key::SecretKey;
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Argon2id memory in KiB. A floor, a ceiling and the value: there is no other.
pub const ARGON2_MEMORY_KIB: u32 = 64 * 1024;
/// Argon2id passes.
pub const ARGON2_PASSES: u32 = 3;
/// Argon2id lanes.
pub const ARGON2_LANES: u32 = 4;
/// A password longer than this, in bytes after NFKC, is refused when it is chosen: it is a file pasted by mistake.
pub const PASSWORD_LEN_MAX: usize = 1024;

/// What both secrets together give. Everything else is derived from it, each for one purpose.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Root([u8; 32]);

impl std::fmt::Debug for Root {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Root(…)")
    }
}

/// The slow half: Argon2id over the password, salted by the account. RFC 9106, Argon2 version 0x13.
pub fn derive_stretched(password: &Secret, account: AccountId) -> Zeroizing<[u8; 32]> {
    #[cfg(feature = "simulation")]
    return crate::memo::recall(password, account, stretch);
    #[cfg(not(feature = "simulation"))]
    stretch(password, account)
}

fn stretch(password: &Secret, account: AccountId) -> Zeroizing<[u8; 32]> {
    let normal = Zeroizing::new(password.expose().nfkc().collect::<String>());
    let salt = crate::hash::Hash32::derive_labelled("truebell argon2 salt v1", &[account.as_bytes()]);
    let mut stretched = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "the parameters are constants inside Argon2's limits; a test runs them")]
    {
        let params = Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, Some(32)).expect("valid constants");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(normal.as_bytes(), &salt.0[..16], stretched.as_mut())
            .expect("valid lengths");
    }
    stretched
}

/// The root of an account: both secrets and the account's id.
pub fn derive_root(password: &Secret, secret_key: &SecretKey, account: AccountId) -> Root {
    derive_root_from_stretched(&derive_stretched(password, account), secret_key, account)
}

/// The fast half, for a caller that has the stretched password already.
pub fn derive_root_from_stretched(stretched: &Zeroizing<[u8; 32]>, secret_key: &SecretKey, account: AccountId) -> Root {
    let mut k = Zeroizing::new([0; 32]);
    expand(&Hkdf::<Sha256>::new(Some(account.as_bytes()), secret_key.expose_bytes()), b"truebell secret key v1", k.as_mut());
    let (mut prk, _) = Hkdf::<Sha256>::extract(Some(stretched.as_ref()), k.as_ref());
    let mut root = Root([0; 32]);
    root.0.copy_from_slice(&prk);
    prk.as_mut_slice().zeroize();
    root
}

impl Root {
    /// The key that seals the account's keyset.
    pub fn derive_unlock_key(&self) -> SealKey {
        let mut key = [0; 32];
        expand(&self.hkdf(), b"truebell account unlock v1", &mut key);
        SealKey::from_bytes(key)
    }

    /// The password OPAQUE sees. The server cannot guess at it without the Secret Key.
    pub fn derive_opaque_password(&self) -> Zeroizing<[u8; 32]> {
        let mut password = Zeroizing::new([0; 32]);
        expand(&self.hkdf(), b"truebell opaque password v1", password.as_mut());
        password
    }

    fn hkdf(&self) -> Hkdf<Sha256> {
        #[expect(clippy::expect_used, reason = "a 32-byte PRK is exactly HKDF-SHA256's minimum")]
        Hkdf::<Sha256>::from_prk(&self.0).expect("32 bytes")
    }
}

pub(crate) fn expand(hkdf: &Hkdf<Sha256>, info: &[u8], okm: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "callers ask for 32 or 64 bytes, far below HKDF's limit of 8160")]
    hkdf.expand(info, okm).expect("a short output");
}
