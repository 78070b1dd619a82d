//! The RSA key of receivers that want RS256: a file of the operator's, read at the start. Never here: the server's own key.

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use truebell_core::signal::Jwk;
use zeroize::Zeroizing;

/// Why a file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum NotAnRsaKey {
    /// It cannot be read.
    #[error("`signals_rsa_key_file`: {path} cannot be read ({why})", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word for it.
        why: io::ErrorKind,
    },
    /// It holds something else.
    #[error("`signals_rsa_key_file`: {path} is not an RSA key in PEM of 2048 to 4096 bits: make one with `openssl genrsa -out FILE 3072`", path = .path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
}

/// A private RSA key.
pub struct RsaKey {
    pair: RsaKeyPair,
    jwk: Jwk,
}

impl RsaKey {
    /// From a PEM file, PKCS #1 or PKCS #8.
    pub fn read(path: &Path) -> Result<Self, NotAnRsaKey> {
        let file = |error: io::Error| NotAnRsaKey::File { path: path.to_owned(), why: error.kind() };
        let pem = Zeroizing::new(std::fs::read(path).map_err(file)?);
        Self::from_pem(&pem).ok_or_else(|| NotAnRsaKey::Form { path: path.to_owned() })
    }

    /// From the text of such a file.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let pair = match PrivateKeyDer::from_pem_slice(pem).ok()? {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return None,
        };
        let pair = pair.ok()?;
        let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
        let jwk = Jwk::of_rsa(&public.n, &public.e);
        Some(Self { pair, jwk })
    }

    /// Its public half.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// RS256. The randomness blinds the computation; the signature is always the same.
    pub(super) fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature).ok()?;
        Some(signature)
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RsaKey({})", self.jwk.kid)
    }
}
