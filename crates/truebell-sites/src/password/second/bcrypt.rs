//! bcrypt from its description (Provos and Mazières, *A Future-Adaptable Password Scheme*, 1999), with Blowfish's tables computed from
//! the digits of π, as Blowfish defines them, instead of copied.
#![expect(clippy::indexing_slicing, reason = "every place is reduced to the length of its table")]

use std::sync::LazyLock;

use zeroize::{Zeroize, Zeroizing};

use super::Bytes;

const P_WORDS: usize = 18;
const S_WORDS: usize = 4 * 256;

/// Blowfish's subkeys and boxes.
#[derive(Clone)]
struct State {
    p: [u32; P_WORDS],
    s: Vec<u32>,
}

impl Drop for State {
    fn drop(&mut self) {
        self.p.zeroize();
        self.s.zeroize();
    }
}

static START: LazyLock<State> = LazyLock::new(|| {
    let digits = pi_fraction(P_WORDS + S_WORDS);
    let mut p = [0; P_WORDS];
    p.copy_from_slice(&digits[..P_WORDS]);
    State { p, s: digits[P_WORDS..].to_vec() }
});

/// The text that is encrypted, in words.
const TEXT: &[u8; 24] = b"OrpheanBeholderScryDoubt";

/// 24 bytes; `cost` is below 32.
pub(super) fn bcrypt(cost: u32, salt: &[u8; 16], password: &[u8]) -> Bytes {
    // The key is the password with its end mark, repeated to 72 bytes: one word for each subkey.
    let key: Zeroizing<Vec<u8>> = Zeroizing::new(password.iter().copied().chain([0]).cycle().take(4 * P_WORDS).collect());
    let key = Zeroizing::new(words(&key));
    let salt = words(salt);
    let mut state = START.clone();
    state.expand(&key, &salt);
    for _ in 0..1_u64 << cost {
        state.expand(&key, &[0; 4]);
        let salt: Vec<u32> = salt.iter().copied().cycle().take(P_WORDS).collect();
        state.expand(&salt, &[0; 4]);
    }
    let mut out = Zeroizing::new(Vec::with_capacity(TEXT.len()));
    for pair in words(TEXT).chunks_exact(2) {
        let [left, right] = (0..64).fold([pair[0], pair[1]], |block, _| state.encrypt(block));
        out.extend([left, right].into_iter().flat_map(u32::to_be_bytes));
    }
    out
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_be_bytes(*word)).collect()
}

impl State {
    /// EksBlowfish's ExpandKey: the key into the subkeys, then everything replaced by the encryption of the running block, into which
    /// the salt's halves go in turn. With a salt of zeros it is Blowfish's own.
    fn expand(&mut self, key: &[u32], salt: &[u32]) {
        for (subkey, word) in self.p.iter_mut().zip(key) {
            *subkey ^= word;
        }
        let mut block = [0; 2];
        for at in 0..(P_WORDS + S_WORDS) / 2 {
            let half = at % 2 * 2;
            block = self.encrypt([block[0] ^ salt[half], block[1] ^ salt[half + 1]]);
            let place = 2 * at;
            let target = if place < P_WORDS { &mut self.p[place..place + 2] } else { &mut self.s[place - P_WORDS..place - P_WORDS + 2] };
            target.copy_from_slice(&block);
        }
    }

    /// Sixteen Feistel rounds.
    fn encrypt(&self, [mut left, mut right]: [u32; 2]) -> [u32; 2] {
        for subkey in &self.p[..16] {
            left ^= subkey;
            right ^= self.f(left);
            (left, right) = (right, left);
        }
        [right ^ self.p[17], left ^ self.p[16]]
    }

    fn f(&self, word: u32) -> u32 {
        let [a, b, c, d] = word.to_be_bytes().map(usize::from);
        (self.s[a].wrapping_add(self.s[256 + b]) ^ self.s[512 + c]).wrapping_add(self.s[768 + d])
    }
}

/// The first words of π's fraction: 16·atan(1/5) − 4·atan(1/239) (Machin) in fixed point, with three words to spare for what is cut off.
fn pi_fraction(count: usize) -> Vec<u32> {
    let length = 1 + count + 3;
    let mut sum = vec![0; length];
    add_arctangents(&mut sum, 16, 5, true);
    add_arctangents(&mut sum, 4, 239, false);
    sum[1..=count].to_vec()
}

/// Adds (or takes away) `factor`·atan(1/`of`) = Σ ±factor / ((2k+1)·of^(2k+1)). The first word is the whole part.
fn add_arctangents(sum: &mut [u32], factor: u32, of: u32, is_added: bool) {
    let mut power = vec![0; sum.len()];
    power[0] = factor;
    divide(&mut power, of);
    let mut odd = 1;
    let mut is_added = is_added;
    while power.iter().any(|word| *word != 0) {
        let mut term = power.clone();
        divide(&mut term, odd);
        if is_added {
            add(sum, &term)
        } else {
            subtract(sum, &term)
        }
        divide(&mut power, of);
        divide(&mut power, of);
        odd += 2;
        is_added = !is_added;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder below the divisor in the high half keeps the quotient below 2^32")]
fn divide(number: &mut [u32], by: u32) {
    let mut rest = 0_u64;
    for word in number {
        let whole = rest << 32 | u64::from(*word);
        *word = (whole / u64::from(by)) as u32;
        rest = whole % u64::from(by);
    }
}

fn add(sum: &mut [u32], term: &[u32]) {
    let mut carry = false;
    for (word, other) in sum.iter_mut().zip(term).rev() {
        let (half, first) = word.overflowing_add(*other);
        let (whole, second) = half.overflowing_add(u32::from(carry));
        (*word, carry) = (whole, first || second);
    }
}

fn subtract(sum: &mut [u32], term: &[u32]) {
    let mut borrow = false;
    for (word, other) in sum.iter_mut().zip(term).rev() {
        let (half, first) = word.overflowing_sub(*other);
        let (whole, second) = half.overflowing_sub(u32::from(borrow));
        (*word, borrow) = (whole, first || second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_pi() {
        // Schneier's first subkeys and the last word of the last box.
        assert_eq!(START.p[..4], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]);
        assert_eq!(START.p[17], 0x8979_fb1b);
        assert_eq!(START.s[0], 0xd131_0ba6);
        assert_eq!(START.s[S_WORDS - 1], 0x3ac3_72e6);
    }

    #[test]
    fn blowfish_encrypts_as_published() {
        // Schneier's test vectors, variable key: key and block of all zeros, key and block of all ones.
        for (byte, expected) in [(0_u8, [0x4ef9_9745, 0x6198_dd78]), (0xff, [0x5186_6fd5, 0xb85e_cb8a])] {
            let mut state = START.clone();
            let word = u32::from_be_bytes([byte; 4]);
            state.expand(&[word; P_WORDS], &[0; 4]);
            assert_eq!(state.encrypt([word, word]), expected);
        }
    }
}
