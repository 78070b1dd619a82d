//! sha-crypt, md5-crypt and phpass from their descriptions, in whole messages: each round's input is put together and digested once.

use zeroize::Zeroizing;

use super::super::kdf::Hash;
use super::super::template::Digests;
use super::{Bytes, Second};

/// The bytes again and again, to this length.
fn stretched(bytes: &[u8], length: usize) -> Bytes {
    Zeroizing::new(bytes.iter().copied().cycle().take(length).collect())
}

fn digest(hash: Hash, parts: &[&[u8]]) -> Bytes {
    Second.hash(hash, &Zeroizing::new(parts.concat()))
}

/// What sha-crypt and md5-crypt do a thousand times and more. `key` and `salt` are as the format puts them in.
fn churn(hash: Hash, rounds: u32, start: Bytes, key: &[u8], salt: &[u8]) -> Bytes {
    (0..rounds).fold(start, |state, round| {
        let (before, after) = if round % 2 == 0 { (&state[..], key) } else { (key, &state[..]) };
        let salt = if round % 3 == 0 { &[][..] } else { salt };
        let again = if round % 7 == 0 { &[][..] } else { key };
        digest(hash, &[before, salt, again, after])
    })
}

/// The bits of the length, lowest first, up to the highest that is set.
fn bits(length: usize) -> impl Iterator<Item = bool> {
    (0..usize::BITS - length.leading_zeros()).map(move |place| length >> place & 1 == 1)
}

/// Drepper's specification, version 0.6; its steps in brackets.
pub(super) fn sha_crypt(hash: Hash, rounds: u32, password: &[u8], salt: &[u8]) -> Option<Bytes> {
    let alternate = digest(hash, &[password, salt, password]); // [4-8]
    let mut first = Zeroizing::new([password, salt, &stretched(&alternate, password.len())].concat()); // [1-3, 9, 10]
    for is_set in bits(password.len()) {
        first.extend_from_slice(if is_set { &alternate } else { password }); // [11]
    }
    let start = Second.hash(hash, &first); // [12]
    let of_password = Second.hash(hash, &stretched(password, password.len() * password.len())); // [13-15]
    let key = stretched(&of_password, password.len()); // [16]
    let repeats = 16 + usize::from(*start.first()?);
    let of_salt = Second.hash(hash, &stretched(salt, salt.len() * repeats)); // [17-19]
    let salt = stretched(&of_salt, salt.len()); // [20]
    Some(churn(hash, rounds, start, &key, &salt)) // [21]
}

/// Poul-Henning Kamp's md5-crypt, and Apache's of another mark.
pub(super) fn md5_crypt(mark: &str, password: &[u8], salt: &[u8]) -> Bytes {
    let alternate = digest(Hash::Md5, &[password, salt, password]);
    let mut first = Zeroizing::new([password, mark.as_bytes(), salt, &stretched(&alternate, password.len())].concat());
    for is_set in bits(password.len()) {
        first.extend(if is_set { Some(0) } else { password.first().copied() });
    }
    churn(Hash::Md5, 1000, Second.hash(Hash::Md5, &first), password, salt)
}

/// phpass's portable digest, and Drupal's of SHA-512.
pub(super) fn phpass(hash: Hash, log2_rounds: u32, password: &[u8], salt: &[u8]) -> Bytes {
    let mut state = digest(hash, &[salt, password]);
    let mut left = 1_u64 << log2_rounds;
    while left > 0 {
        state = digest(hash, &[&state, password]);
        left -= 1;
    }
    state
}
