//! Which password an account has, without saying anything about it: another generation means another password, or another salt.

use std::fmt;

use sha2::{Digest, Sha256};

use super::Stored;

/// Separates this digest from any other of the same bytes.
const CONTEXT: &[u8] = b"truebell verifier generation v1";

/// The SHA-256 of everything the verifier is made of. It changes when the password changes, and when the site rehashes the same one; either
/// way what was proved before has to be proved again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation([u8; 32]);

impl Generation {
    /// Of what the row holds now.
    pub fn of(stored: &Stored<'_>) -> Self {
        let mut digest = Sha256::new_with_prefix(CONTEXT);
        for part in [Some(stored.verifier), stored.salt, stored.parameters] {
            // The length keeps parts apart; all ones stand for a part that is not there.
            digest.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            digest.update(part.unwrap_or_default());
        }
        Self(digest.finalize().into())
    }

    /// As it was written down.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be written down.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Generation {
    /// Enough to tell two apart, too little to search for a password with.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(out, "Generation({first:02x}{second:02x}…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_verifier_makes_another_generation() {
        let stored = Stored { salt: Some("ab"), parameters: Some("c"), ..Stored::of("xyz") };
        let others = [
            Stored { verifier: "xyy", ..stored },
            Stored { salt: Some("a"), parameters: Some("bc"), ..stored },
            Stored { salt: None, ..stored },
            Stored { salt: Some(""), ..stored },
            Stored { parameters: None, ..stored },
        ];
        for other in others {
            assert_ne!(Generation::of(&other), Generation::of(&stored), "{other:?}");
        }
        assert_eq!(Generation::of(&Stored { user: Some("renamed"), ..stored }), Generation::of(&stored), "a name is no password");
    }
}
