//! bcrypt (Provos and Mazières, *A Future-Adaptable Password Scheme*, 1999) of several candidates, interleaved.
//!
//! Each step of Blowfish looks up four words at places that the step before decided, so one candidate mostly waits for the first-level
//! cache. Here the same step is done for [`WIDTH`] candidates before the next: their look-ups do not depend on each other and overlap. Never
//! here: `$2a$`, letters of salts and digests.

mod blowfish;
mod tables;

use blowfish::{KEY_WORDS, State};
use zeroize::{Zeroize, Zeroizing};

use crate::Try;

/// The most rounds, as a power of two: 2^20 are a minute for each group of candidates. The format goes to 31, which is a day.
pub const COST_MAX: u32 = 20;

/// What bcrypt reads of a password, its end mark included, in bytes.
const KEY_BYTES: usize = 4 * KEY_WORDS;

/// Candidates side by side. Their boxes (4 KiB each) share the first-level cache, and their halves the registers: measured, see
/// `docs/performance.md`.
pub const WIDTH: usize = 6;

/// The text that is encrypted.
const TEXT: &[u8; 24] = b"OrpheanBeholderScryDoubt";

/// Why nothing was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More than [`COST_MAX`].
    #[error("a bcrypt cost above {COST_MAX} would take hours for each password: leave these accounts out")]
    Cost,
}

/// A digest: 24 bytes, of which verifiers keep 23.
pub type Digest = [u8; 24];

/// The digests of all candidates, in their order; `cost` is the logarithm of the number of rounds.
///
/// As `$2b$` and `$2y$` have it, and `$2a$` of everybody who did not get it wrong: a NUL is put behind the password, and what is beyond 72
/// bytes is not read. Whether a match then proves anything is for the caller to say. Fastest for multiples of [`WIDTH`].
pub fn hash_many(cost: u32, tries: &[Try<'_, [u8; 16]>]) -> Result<Zeroizing<Vec<Digest>>, Refused> {
    if cost > COST_MAX {
        return Err(Refused::Cost);
    }
    let mut digests = Zeroizing::new(Vec::with_capacity(tries.len()));
    let mut states = Zeroizing::new(Vec::new());
    let (groups, rest) = tries.as_chunks::<WIDTH>();
    let (threes, rest) = rest.as_chunks::<3>();
    let (pairs, ones) = rest.as_chunks::<2>();
    groups.iter().for_each(|group| digests.extend(hash_group(cost, group, &mut states)));
    threes.iter().for_each(|group| digests.extend(hash_group(cost, group, &mut states)));
    pairs.iter().for_each(|group| digests.extend(hash_group(cost, group, &mut states)));
    ones.as_chunks::<1>().0.iter().for_each(|group| digests.extend(hash_group(cost, group, &mut states)));
    Ok(digests)
}

/// A key in words, for each subkey one.
type Key = [u32; KEY_WORDS];

fn hash_group<const N: usize>(cost: u32, group: &[Try<'_, [u8; 16]>; N], states: &mut Vec<State>) -> [Digest; N] {
    let mut keys = Zeroizing::new(group.map(|one| key_of(one.password)));
    let salts = group.map(|one| words_of(one.salt));
    states.clear();
    states.resize(N, State::START);
    let Some(states) = states.first_chunk_mut::<N>() else { return [[0; 24]; N] };
    blowfish::expand_salted(states, &keys, &salts);
    let salts: [Key; N] = salts.map(|salt| std::array::from_fn(|at| salt.get(at % 4).copied().unwrap_or_default()));
    for _ in 0..1_u64 << cost {
        blowfish::expand(states, &keys);
        blowfish::expand(states, &salts);
    }
    keys.zeroize();
    let mut digests = [[0; 24]; N];
    for (at, pair) in TEXT.as_chunks::<8>().0.iter().enumerate() {
        let [left, right] = words_of::<8, 2>(pair);
        let (lefts, rights) = (0..64).fold(([left; N], [right; N]), |blocks, _| blowfish::encrypt(states, blocks));
        for ((digest, left), right) in digests.iter_mut().zip(lefts).zip(rights) {
            let place = digest.as_chunks_mut::<8>().0.get_mut(at).into_iter().flatten();
            place.zip(left.to_be_bytes().into_iter().chain(right.to_be_bytes())).for_each(|(place, byte)| *place = byte);
        }
    }
    digests
}

/// The password with its end mark, again and again.
fn key_of(password: &[u8]) -> Key {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    let endless = password.iter().take(KEY_BYTES).chain([&0]).cycle();
    bytes.iter_mut().zip(endless).for_each(|(place, byte)| *place = *byte);
    words_of(&bytes)
}

/// Big-endian words; `BYTES` is four times `WORDS`.
fn words_of<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    words.iter_mut().zip(bytes.as_chunks::<4>().0).for_each(|(word, bytes)| *word = u32::from_be_bytes(*bytes));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_password_with_its_end_mark_repeated_and_cut_at_72() {
        assert_eq!(key_of(b"")[..], [0; 18]);
        assert_eq!(key_of(b"ab")[..3], [0x6162_0061, 0x6200_6162, 0x0061_6200]);
        assert_eq!(key_of(&[b'x'; 71])[17], 0x7878_7800);
        assert_eq!(key_of(&[b'x'; 72]), key_of(&[b'x'; 200]));
    }

    #[test]
    fn a_cost_that_no_site_has_is_refused() {
        let one = Try { salt: &[0; 16], password: b"x" };
        for cost in [COST_MAX + 1, 31, 32, 64, u32::MAX] {
            assert_eq!(hash_many(cost, &[one]).err(), Some(Refused::Cost));
        }
    }
}
