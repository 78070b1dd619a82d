//! Blowfish for several keys at once: each step for all of them, then the next.
#![expect(
    clippy::indexing_slicing,
    reason = "lanes, words and bytes are below the lengths of their arrays, and no check is left in the machine code"
)]
#![expect(clippy::needless_range_loop, reason = "a lane is the same place in several arrays")]

use zeroize::Zeroize;

use super::tables;

/// Subkeys, and so words of a key.
pub(super) const KEY_WORDS: usize = 18;

/// Subkeys and boxes of one candidate.
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct State {
    boxes: [[u32; 256]; 4],
    subkeys: [u32; KEY_WORDS],
}

impl State {
    /// π.
    pub(super) const START: Self = Self { boxes: tables::S, subkeys: tables::P };

    // Written out: a `map` over the bytes is a call that stays a call.
    #[inline(always)]
    fn f(&self, word: u32) -> u32 {
        let [d, c, b, a] = word.to_le_bytes();
        let (a, b, c, d) = (usize::from(a), usize::from(b), usize::from(c), usize::from(d));
        (self.boxes[0][a].wrapping_add(self.boxes[1][b]) ^ self.boxes[2][c]).wrapping_add(self.boxes[3][d])
    }
}

impl Zeroize for State {
    fn zeroize(&mut self) {
        self.boxes.zeroize();
        self.subkeys.zeroize();
    }
}

/// The left and the right half of each lane's block. By value, so that they stay in registers.
type Blocks<const N: usize> = ([u32; N], [u32; N]);

/// Sixteen Feistel rounds of every lane.
#[inline(always)]
pub(super) fn encrypt<const N: usize>(states: &[State; N], (mut lefts, mut rights): Blocks<N>) -> Blocks<N> {
    for lane in 0..N {
        lefts[lane] ^= states[lane].subkeys[0];
    }
    // Written out: a counter would take a register from the lanes.
    (lefts, rights) = two_rounds::<N, 1>(states, lefts, rights);
    (lefts, rights) = two_rounds::<N, 3>(states, lefts, rights);
    (lefts, rights) = two_rounds::<N, 5>(states, lefts, rights);
    (lefts, rights) = two_rounds::<N, 7>(states, lefts, rights);
    (lefts, rights) = two_rounds::<N, 9>(states, lefts, rights);
    (lefts, rights) = two_rounds::<N, 11>(states, lefts, rights);
    (lefts, rights) = two_rounds::<N, 13>(states, lefts, rights);
    (lefts, rights) = two_rounds::<N, 15>(states, lefts, rights);
    for lane in 0..N {
        rights[lane] ^= states[lane].subkeys[17];
    }
    (rights, lefts)
}

/// Two rounds, with the subkeys of the one after each: so they do not wait for the boxes.
#[inline(always)]
fn two_rounds<const N: usize, const SUBKEY: usize>(states: &[State; N], mut lefts: [u32; N], mut rights: [u32; N]) -> Blocks<N> {
    for lane in 0..N {
        rights[lane] = (rights[lane] ^ states[lane].subkeys[SUBKEY]) ^ states[lane].f(lefts[lane]);
    }
    for lane in 0..N {
        lefts[lane] = (lefts[lane] ^ states[lane].subkeys[SUBKEY + 1]) ^ states[lane].f(rights[lane]);
    }
    (lefts, rights)
}

/// EksBlowfish's ExpandKey with a salt: the key into the subkeys, then everything replaced by the encryption of the running block, into
/// which the salt's halves go in turn.
#[inline(always)]
pub(super) fn expand_salted<const N: usize>(states: &mut [State; N], keys: &[[u32; KEY_WORDS]; N], salts: &[[u32; 4]; N]) {
    replace(states, keys, salts);
}

/// The same with a salt of zeros, which is Blowfish's own.
#[inline(always)]
pub(super) fn expand<const N: usize>(states: &mut [State; N], keys: &[[u32; KEY_WORDS]; N]) {
    replace(states, keys, &[[0; 4]; N]);
}

#[inline(always)]
fn replace<const N: usize>(states: &mut [State; N], keys: &[[u32; KEY_WORDS]; N], salts: &[[u32; 4]; N]) {
    for (state, key) in states.iter_mut().zip(keys) {
        state.subkeys.iter_mut().zip(key).for_each(|(subkey, word)| *subkey ^= word);
    }
    let mut blocks = ([0; N], [0; N]);
    for pair in 0..KEY_WORDS / 2 {
        blocks = encrypt(states, salted(blocks, salts, pair % 2));
        for lane in 0..N {
            states[lane].subkeys[2 * pair] = blocks.0[lane];
            states[lane].subkeys[2 * pair + 1] = blocks.1[lane];
        }
    }
    for at in 0..4 {
        for pair in 0..128 {
            // Nine pairs of subkeys came before, so the boxes begin with the salt's second half.
            blocks = encrypt(states, salted(blocks, salts, (pair + 1) % 2));
            for lane in 0..N {
                states[lane].boxes[at][2 * pair] = blocks.0[lane];
                states[lane].boxes[at][2 * pair + 1] = blocks.1[lane];
            }
        }
    }
}

#[inline(always)]
fn salted<const N: usize>((mut lefts, mut rights): Blocks<N>, salts: &[[u32; 4]; N], half: usize) -> Blocks<N> {
    for lane in 0..N {
        lefts[lane] ^= salts[lane][2 * half];
        rights[lane] ^= salts[lane][2 * half + 1];
    }
    (lefts, rights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blowfish_encrypts_as_published() {
        // Schneier's vectors of variable keys, side by side: all zeros, all ones.
        let mut states = [State::START, State::START];
        let words = [0, u32::MAX];
        expand(&mut states, &words.map(|word| [word; KEY_WORDS]));
        assert_eq!(encrypt(&states, (words, words)), ([0x4ef9_9745, 0x5186_6fd5], [0x6198_dd78, 0xb85e_cb8a]));
    }
}
