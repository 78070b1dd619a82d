//! SHA-256 digests as a type of their own, printed and carried as base64url.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A SHA-256 digest.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Hash32(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Hash32 {
    /// Digest of a domain label and of parts, each with its length in front, so that no two lists of parts collide.
    pub fn derive_labelled(label: &str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// Plain SHA-256 of `bytes`.
    pub fn derive_plain(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From exactly 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Hash32 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash32 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::b64::Bytes::deserialize(deserializer)
            .and_then(|bytes| Self::from_bytes(&bytes.0).ok_or_else(|| serde::de::Error::custom("not 32 bytes")))
    }
}
