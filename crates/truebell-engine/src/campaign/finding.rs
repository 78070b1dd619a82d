//! What was found about one account: never a password, never an address.

use super::Grade;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use truebell_core::cbor;
use truebell_core::chance::{Chance, make_array};
use truebell_core::hash::Hash32;
use truebell_core::time::UnixMillis;

/// What makes the recipients of one plan unlike those of any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Salt(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

impl Salt {
    /// A new one.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        Self(make_array(chance))
    }
}

/// One account of the site, as a plan names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Recipient(#[n(0)] pub Hash32);

impl Recipient {
    /// From the source's own key of the account (a row's id, a UUID).
    pub fn derive(salt: &Salt, site: &str, account_key: &[u8]) -> Self {
        Self(Hash32::derive_labelled("truebell recipient v1", &[&salt.0, site.as_bytes(), account_key]))
    }
}

/// One state of an account's verifier. Another password, salt, cost or reset is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Generation(#[n(0)] pub Hash32);

/// An account whose password is exposed, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Finding {
    /// Whose.
    #[n(0)]
    pub account: Recipient,
    /// How strong the evidence is.
    #[n(1)]
    pub grade: Grade,
    /// Which list of the plan it comes from.
    #[n(2)]
    pub source: u32,
    /// Which stratum of the plan it is counted in.
    #[n(3)]
    pub stratum: u32,
    /// The state of the verifier that it verified against.
    #[n(4)]
    pub generation: Generation,
    /// When.
    #[n(5)]
    pub found_at: UnixMillis,
}

impl Finding {
    /// What the manifest holds for it.
    pub fn derive_entry(&self) -> Hash32 {
        Hash32::derive_labelled("truebell finding v1", &[&cbor::to_vec(self)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_of_one_plan_one_site_and_one_account() {
        let base = Recipient::derive(&Salt([1; 16]), "shop", b"42");
        for other in [
            Recipient::derive(&Salt([2; 16]), "shop", b"42"),
            Recipient::derive(&Salt([1; 16]), "forum", b"42"),
            Recipient::derive(&Salt([1; 16]), "shop4", b"2"),
            Recipient::derive(&Salt([1; 16]), "shop", b"43"),
        ] {
            assert_ne!(other, base);
        }
    }
}
