//! Ed25519 signatures (RFC 8032), each made for one purpose: the purpose is inside what is signed, so that a signature over a
//! vault head can never pass for one over an event.

use crate::b64;
use crate::chance::{Chance, make_array};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer, Verifier};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The head of a server's reply.
    ReplyHead,
    /// The root of the heads of several replies.
    ReplyHeads,
    /// The head of a vault.
    VaultHead,
    /// An account's record, as a server sends it.
    Record,
    /// A device's request for a session.
    DeviceProof,
    /// An operator's word on the plan of a campaign.
    Approval,
    /// A JWS signing input (RFC 7515, section 5.1); its `typ` header says which.
    Jws,
    /// A checkpoint of the transparency log (C2SP signed-note).
    Checkpoint,
    /// A witness's cosignature of one (C2SP tlog-cosignature).
    Cosignature,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::ReplyHead => b"truebell reply head v1\0",
            Self::ReplyHeads => b"truebell reply heads v1\0",
            Self::VaultHead => b"truebell vault head v1\0",
            Self::Record => b"truebell account record v1\0",
            Self::DeviceProof => b"truebell device proof v1\0",
            Self::Approval => b"truebell plan approval v1\0",
            // A JWS signs its own input and nothing in front of it; it starts with base64url of '{', never with "truebell ".
            Self::Jws => b"",
            // Formats of others, who put nothing in front either. A note starts with "truebell.log/" and holds no zero byte, as our
            // labels do; a cosignature starts with "cosignature/v1".
            Self::Checkpoint | Self::Cosignature => b"",
        }
    }
}

/// A private signing key.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A new random key.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        let seed = Zeroizing::new(make_array::<32>(chance));
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// From its 32-byte seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, to seal it or to write the server's key file.
    pub fn expose_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` for a purpose.
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        let signature = Signature(self.0.sign(&[purpose.label(), message].concat()).to_bytes());
        #[cfg(feature = "simulation")]
        crate::memo::remember_proof(&[&self.public().0, purpose.label(), message, &signature.0]);
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({:?})", self.public())
    }
}

/// A public signing key, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// The signature does not belong to this key and message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

impl PublicKey {
    /// Checks a signature, strictly (no small-order keys, canonical encodings only).
    pub fn verify(&self, purpose: Purpose, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        #[cfg(feature = "simulation")]
        return crate::memo::recall_proof(&[&self.0, purpose.label(), message, &signature.0], || {
            self.check(purpose, message, signature).is_ok()
        })
        .then_some(())
        .ok_or(BadSignature);
        #[cfg(not(feature = "simulation"))]
        self.check(purpose, message, signature)
    }

    fn check(&self, purpose: Purpose, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        if key.is_weak() {
            return Err(BadSignature);
        }
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify(&[purpose.label(), message].concat(), &signature).map_err(|_| BadSignature)
    }

    /// What people compare and kits carry.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}

/// A key's fingerprint for people and kits: `SHA256:` and base64 without padding of the digest, as SSH writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    fn of(key: &PublicKey) -> Self {
        let digest = crate::hash::Hash32::derive_labelled("truebell server fingerprint v1", &[&key.0]);
        Self(format!("SHA256:{}", BASE64URL_NOPAD.encode(&digest.0)))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// A signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

macro_rules! json_as_bytes {
    ($name:ident, $what:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = b64::Bytes::deserialize(deserializer)?;
                bytes.0.try_into().map(Self).map_err(|_| serde::de::Error::custom($what))
            }
        }
    };
}

json_as_bytes!(PublicKey, "not a public key of 32 bytes");
json_as_bytes!(Signature, "not a signature of 64 bytes");
