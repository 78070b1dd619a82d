//! Keys of an index, all from the site's: `HMAC-SHA256(site key, label)`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use zeroize::{Zeroize, Zeroizing};

const EXACT: &[u8] = b"truebell list exact 1";
const PERSON: &[u8] = b"truebell list person 1";
const SIEVE: &[u8] = b"truebell list sieve 1";

/// The key under which a site's addresses are hashed. Whoever has it can try any address against an index.
pub struct SiteKey(Zeroizing<[u8; 32]>);

impl SiteKey {
    /// From 32 random bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut keyed = keyed(&self.0);
        keyed.update(label);
        Zeroizing::new(keyed.finalize().into_bytes().into())
    }
}

type Keyed = Hmac<Sha256>;

/// RFC 2104: a key shorter than a block is filled up with zeros.
fn keyed(key: &[u8; 32]) -> Keyed {
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let keyed = Keyed::new(&block.into());
    block.zeroize();
    keyed
}

/// Both HMACs with their key taken in already, and the key of the sieve.
pub(super) struct Keys {
    exact: Keyed,
    person: Keyed,
    sieve: SipHasher24,
}

impl Keys {
    pub(super) fn of(site: &SiteKey) -> Self {
        let sieve = site.derive(SIEVE);
        let mut half: [u8; 16] = sieve.first_chunk().copied().unwrap_or_default();
        let keys = Self { exact: keyed(&site.derive(EXACT)), person: keyed(&site.derive(PERSON)), sieve: SipHasher24::new_with_key(&half) };
        half.zeroize();
        keys
    }

    /// The first 8 bytes of the first form's HMAC.
    pub(super) fn exact(&self, form: &[u8]) -> u64 {
        first(&self.exact, form)
    }

    /// The first 8 bytes of the second form's HMAC.
    pub(super) fn person(&self, form: &[u8]) -> u64 {
        first(&self.person, form)
    }

    pub(super) fn sieve(&self, form: &[u8]) -> u64 {
        let mut hasher = self.sieve;
        hasher.write(form);
        hasher.finish()
    }
}

fn first(keyed: &Keyed, form: &[u8]) -> u64 {
    let mut keyed = keyed.clone();
    keyed.update(form);
    let code = keyed.finalize().into_bytes();
    code.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fixed: an index that is kept is of no use under other hashes. Computed once with another HMAC (Python's `hmac`).
    #[test]
    fn hashes_are_what_the_format_says() {
        let keys = Keys::of(&SiteKey::new(&[7; 32]));
        assert_eq!(format!("{:016x}", keys.exact(b"ada@example.org")), "dc02a4dc11db8384");
        assert_eq!(format!("{:016x}", keys.person(b"ada@example.org")), "bb284bf335bb5d74");
        assert_ne!(keys.sieve(b"ada@example.org"), keys.person(b"ada@example.org"));
    }
}
