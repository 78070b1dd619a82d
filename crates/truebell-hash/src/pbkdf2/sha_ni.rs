//! SHA-256 of two jobs at once by the processor's own instructions: each waits four cycles for the one before, and the other job's go between.
#![expect(clippy::indexing_slicing, reason = "there are two lanes")]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set1_epi32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32,
    _mm_sha256rnds2_epu32, _mm_shuffle_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi64, _mm_xor_si128,
};

use zeroize::Zeroize;

use super::constants::{K256, START256};
use super::job::Job;

/// Jobs at once.
const LANES: usize = 2;

/// The same register of both jobs.
type Pair = [__m128i; LANES];

/// Eight words in the order in which the instructions want them.
#[derive(Clone, Copy)]
struct State {
    abef: Pair,
    cdgh: Pair,
}

/// All rounds but the first of at most two jobs.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
pub(super) fn sha256(rounds: u32, jobs: &mut [Job<u32, 8>]) {
    let mut keys = [[0; 16]; LANES];
    let mut sums = [[0; 8]; LANES];
    for ((key, sum), job) in keys.iter_mut().zip(&mut sums).zip(jobs.iter()) {
        (*key, *sum) = (job.key, job.sum);
    }
    let start = state_of(load([START256; LANES]));
    let key = load(keys);
    let inner = compress(start, add_to_all(key, 0x3636_3636));
    let outer = compress(start, add_to_all(key, 0x5c5c_5c5c));
    let mut last: [Pair; 2] = load(sums);
    let mut sum = last;
    keys.zeroize();
    sums.zeroize();
    // What stands behind a digest in the last block of a message that has one block before it: a bit, and the length in bits.
    let bit = [_mm_set_epi32(0, 0, 0, i32::MIN); LANES];
    let length = [_mm_set_epi32(768, 0, 0, 0); LANES];
    for _ in 1..rounds {
        let [low, high] = last;
        let [low, high] = words_of(compress(inner, [low, high, bit, length]));
        last = words_of(compress(outer, [low, high, bit, length]));
        for (sum, last) in sum.as_flattened_mut().iter_mut().zip(last.as_flattened()) {
            *sum = _mm_xor_si128(*sum, *last);
        }
    }
    let mut done = [[0; 8]; LANES];
    for (at, done) in done.iter_mut().enumerate() {
        let words = sum.iter().flat_map(|pair| pair.get(at)).flat_map(|four| words_in(*four));
        done.iter_mut().zip(words).for_each(|(place, word)| *place = word);
    }
    for (job, done) in jobs.iter_mut().zip(&done) {
        job.sum = *done;
    }
    done.zeroize();
}

/// Words of both jobs, four in a register; `REGISTERS` is a quarter of `WORDS`.
#[target_feature(enable = "sse2")]
fn load<const WORDS: usize, const REGISTERS: usize>(jobs: [[u32; WORDS]; LANES]) -> [Pair; REGISTERS] {
    let mut registers = [[_mm_set1_epi32(0); LANES]; REGISTERS];
    for (at, pair) in registers.iter_mut().enumerate() {
        for (register, job) in pair.iter_mut().zip(&jobs) {
            let [a, b, c, d] = job.as_chunks::<4>().0.get(at).copied().unwrap_or_default().map(u32::cast_signed);
            *register = _mm_set_epi32(d, c, b, a);
        }
    }
    registers
}

#[target_feature(enable = "sse2,sse4.1")]
fn words_in(four: __m128i) -> [u32; 4] {
    let words = [_mm_extract_epi32::<0>(four), _mm_extract_epi32::<1>(four), _mm_extract_epi32::<2>(four), _mm_extract_epi32::<3>(four)];
    words.map(i32::cast_unsigned)
}

#[target_feature(enable = "sse2")]
fn add_to_all(mut key: [Pair; 4], pad: i32) -> [Pair; 4] {
    for register in key.as_flattened_mut() {
        *register = _mm_xor_si128(*register, _mm_set1_epi32(pad));
    }
    key
}

#[target_feature(enable = "sse2")]
#[inline]
fn state_of([low, high]: [Pair; 2]) -> State {
    let mut state = State { abef: low, cdgh: high };
    for lane in 0..LANES {
        state.abef[lane] = _mm_shuffle_epi32::<0x1b>(_mm_unpacklo_epi64(low[lane], high[lane]));
        state.cdgh[lane] = _mm_shuffle_epi32::<0x1b>(_mm_unpackhi_epi64(low[lane], high[lane]));
    }
    state
}

#[target_feature(enable = "sse2")]
#[inline]
fn words_of(state: State) -> [Pair; 2] {
    let (mut low, mut high) = (state.abef, state.cdgh);
    for lane in 0..LANES {
        let first = _mm_shuffle_epi32::<0x1b>(state.abef[lane]);
        let second = _mm_shuffle_epi32::<0x1b>(state.cdgh[lane]);
        low[lane] = _mm_unpacklo_epi64(first, second);
        high[lane] = _mm_unpackhi_epi64(first, second);
    }
    [low, high]
}

/// One block of both jobs.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
#[inline]
fn compress(start: State, [mut m0, mut m1, mut m2, mut m3]: [Pair; 4]) -> State {
    let State { mut abef, mut cdgh } = start;
    macro_rules! four {
        ($message:ident, $constants:expr) => {
            let [k0, k1, k2, k3] = $constants.map(u32::cast_signed);
            let constants = _mm_set_epi32(k3, k2, k1, k0);
            let sums = [_mm_add_epi32($message[0], constants), _mm_add_epi32($message[1], constants)];
            for lane in 0..LANES {
                cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], sums[lane]);
            }
            for lane in 0..LANES {
                abef[lane] = _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], _mm_shuffle_epi32::<0x0e>(sums[lane]));
            }
        };
    }
    // The oldest four words become the next four.
    macro_rules! schedule {
        ($m0:ident, $m1:ident, $m2:ident, $m3:ident) => {
            for lane in 0..LANES {
                let sum = _mm_add_epi32(_mm_sha256msg1_epu32($m0[lane], $m1[lane]), _mm_alignr_epi8::<4>($m3[lane], $m2[lane]));
                $m0[lane] = _mm_sha256msg2_epu32(sum, $m3[lane]);
            }
        };
    }
    let [first, others @ ..] = &K256;
    let [k0, k1, k2, k3] = quarters(first);
    four!(m0, k0);
    four!(m1, k1);
    four!(m2, k2);
    four!(m3, k3);
    for turn in others {
        let [k0, k1, k2, k3] = quarters(turn);
        schedule!(m0, m1, m2, m3);
        four!(m0, k0);
        schedule!(m1, m2, m3, m0);
        four!(m1, k1);
        schedule!(m2, m3, m0, m1);
        four!(m2, k2);
        schedule!(m3, m0, m1, m2);
        four!(m3, k3);
    }
    for lane in 0..LANES {
        abef[lane] = _mm_add_epi32(abef[lane], start.abef[lane]);
        cdgh[lane] = _mm_add_epi32(cdgh[lane], start.cdgh[lane]);
    }
    State { abef, cdgh }
}

#[inline(always)]
fn quarters(row: &[u32; 16]) -> [[u32; 4]; 4] {
    let [k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13, k14, k15] = *row;
    [[k0, k1, k2, k3], [k4, k5, k6, k7], [k8, k9, k10, k11], [k12, k13, k14, k15]]
}
