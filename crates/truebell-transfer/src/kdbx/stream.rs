//! The two layers of ciphers: the outer one over the whole payload, and the inner stream that hides single values in the XML.

use super::KdbxError;
use aes::Aes256;
use chacha20::ChaCha20;
use cipher::block_padding::Pkcs7;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, StreamCipher};
use salsa20::Salsa20;
use sha2::{Digest, Sha256, Sha512};
use twofish::Twofish;
use zeroize::Zeroizing;

const AES256: [u8; 16] = *b"\x31\xc1\xf2\xe6\xbf\x71\x43\x50\xbe\x58\x05\x21\x6a\xfc\x5a\xff";
const TWOFISH: [u8; 16] = *b"\xad\x68\xf2\x9f\x57\x6f\x4b\xb9\xa3\x6a\xd4\x7a\xf9\x65\x34\x6c";
const CHACHA20: [u8; 16] = *b"\xd6\x03\x8a\x2b\x8b\x6f\x4c\xb5\xa5\x24\x33\x9a\x31\xdb\xb5\x9a";
const PLACE: &str = "its header";

/// The cipher over the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outer {
    Aes256,
    Twofish,
    ChaCha20,
}

impl Outer {
    pub(super) fn parse(id: &[u8]) -> Result<Self, KdbxError> {
        match id {
            id if id == AES256 => Ok(Self::Aes256),
            id if id == TWOFISH => Ok(Self::Twofish),
            id if id == CHACHA20 => Ok(Self::ChaCha20),
            _ => Err(KdbxError::damaged(PLACE, "its cipher is not known")),
        }
    }

    pub(super) fn id(self) -> [u8; 16] {
        match self {
            Self::Aes256 => AES256,
            Self::Twofish => TWOFISH,
            Self::ChaCha20 => CHACHA20,
        }
    }

    /// `None` when the padding is wrong, which a wrong key also looks like.
    pub(super) fn decrypt(self, key: &[u8; 32], iv: &[u8], data: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, KdbxError> {
        let bad_iv = |_| KdbxError::damaged(PLACE, "its starting vector has the wrong length");
        let plain = match self {
            Self::Aes256 => {
                let decryptor = cbc::Decryptor::<Aes256>::new_from_slices(key, iv).map_err(bad_iv)?;
                decryptor.decrypt_padded_vec::<Pkcs7>(data).ok()
            }
            Self::Twofish => {
                let decryptor = cbc::Decryptor::<Twofish>::new_from_slices(key, iv).map_err(bad_iv)?;
                decryptor.decrypt_padded_vec::<Pkcs7>(data).ok()
            }
            Self::ChaCha20 => {
                let mut data = data.to_vec();
                ChaCha20::new_from_slices(key, iv).map_err(bad_iv)?.apply_keystream(&mut data);
                Some(data)
            }
        };
        Ok(plain.map(Zeroizing::new))
    }

    pub(super) fn encrypt_aes(key: &[u8; 32], iv: &[u8; 16], data: &[u8]) -> Vec<u8> {
        cbc::Encryptor::<Aes256>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(data)
    }
}

/// The stream over single values. One instance walks the whole document, so values are opened in document order, each once.
pub(super) enum Inner {
    Plain,
    Salsa20(Box<Salsa20>),
    ChaCha20(Box<ChaCha20>),
}

/// The number of ChaCha20 in headers.
pub(super) const INNER_CHACHA20: u32 = 3;

impl Inner {
    pub(super) fn new(id: u32, key: &[u8]) -> Result<Self, KdbxError> {
        match id {
            0 => Ok(Self::Plain),
            2 => Ok(Self::Salsa20(Box::new(Salsa20::new(&Sha256::digest(key), b"\xe8\x30\x09\x4b\x97\x20\x5d\x2a".into())))),
            INNER_CHACHA20 => {
                let hash = Sha512::digest(key);
                let (key, rest) = hash.split_at(32);
                let nonce = rest.get(..12).unwrap_or_default();
                let cipher =
                    ChaCha20::new_from_slices(key, nonce).map_err(|_| KdbxError::damaged(PLACE, "its inner key has the wrong length"))?;
                Ok(Self::ChaCha20(Box::new(cipher)))
            }
            _ => Err(KdbxError::damaged(PLACE, "its inner cipher is not known")),
        }
    }

    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Plain => {}
            Self::Salsa20(cipher) => cipher.apply_keystream(bytes),
            Self::ChaCha20(cipher) => cipher.apply_keystream(bytes),
        }
    }
}
