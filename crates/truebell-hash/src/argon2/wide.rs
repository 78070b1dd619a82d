//! Argon2's blocks in registers of 256 bits, four words each: with AVX2, and with the rotations that AVX-512 has for the same registers.
//!
//! Blocks stay in the registers' own type while they are in memory, so nothing is read through a pointer.

use super::fill::fill;

/// What both have in common: a block, and RFC 9106's compression function (sections 3.5 and 3.6) on it.
macro_rules! blocks {
    ($feature:literal) => {
        use std::arch::x86_64::{
            __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi64, _mm256_alignr_epi8, _mm256_extract_epi64, _mm256_mul_epu32,
            _mm256_permute4x64_epi64, _mm256_set_epi64x, _mm256_setzero_si256, _mm256_xor_si256,
        };

        use zeroize::{Zeroize, Zeroizing};

        use super::super::hash::{BLOCK, Start, long};
        use super::super::plan::{Plan, Segment};
        use super::super::{Digest, Kind, Refused};

        /// Eight rows of sixteen words.
        #[derive(Clone, Copy)]
        #[repr(align(64))]
        struct Block([[__m256i; 4]; 8]);

        impl Zeroize for Block {
            fn zeroize(&mut self) {
                self.0.zeroize();
            }
        }

        impl Block {
            #[target_feature(enable = $feature)]
            #[inline]
            fn zero() -> Self {
                Self([[_mm256_setzero_si256(); 4]; 8])
            }

            #[target_feature(enable = $feature)]
            fn of_bytes(bytes: &[u8; BLOCK]) -> Self {
                let mut block = Self::zero();
                let words = bytes.as_chunks::<8>().0.as_chunks::<4>().0;
                for (place, words) in block.0.as_flattened_mut().iter_mut().zip(words) {
                    let [a, b, c, d] = words.map(i64::from_le_bytes);
                    *place = _mm256_set_epi64x(d, c, b, a);
                }
                block
            }

            /// Eight words, and zeros behind them.
            #[target_feature(enable = $feature)]
            fn of_words(words: [u64; 8]) -> Self {
                let mut bytes = [0; BLOCK];
                bytes.as_chunks_mut::<8>().0.iter_mut().zip(words).for_each(|(place, word)| *place = word.to_le_bytes());
                Self::of_bytes(&bytes)
            }

            #[target_feature(enable = $feature)]
            fn to_bytes(self) -> Zeroizing<[u8; BLOCK]> {
                let mut bytes = Zeroizing::new([0; BLOCK]);
                for (places, four) in bytes.as_chunks_mut::<8>().0.as_chunks_mut::<4>().0.iter_mut().zip(self.0.as_flattened()) {
                    let words = [
                        _mm256_extract_epi64::<0>(*four),
                        _mm256_extract_epi64::<1>(*four),
                        _mm256_extract_epi64::<2>(*four),
                        _mm256_extract_epi64::<3>(*four),
                    ];
                    *places = words.map(i64::to_le_bytes);
                }
                bytes
            }

            #[target_feature(enable = $feature)]
            fn add(&mut self, other: &Self) {
                for (here, there) in self.0.as_flattened_mut().iter_mut().zip(other.0.as_flattened()) {
                    *here = _mm256_xor_si256(*here, *there);
                }
            }

            #[target_feature(enable = $feature)]
            #[inline]
            fn first_word(&self) -> u64 {
                _mm256_extract_epi64::<0>(self.0[0][0]).cast_unsigned()
            }
        }

        /// Asks the caches for a block that will be read soon.
        #[target_feature(enable = $feature)]
        #[inline]
        fn call_for(block: &Block) {
            for row in &block.0 {
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(&row[0]).cast());
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(&row[2]).cast());
            }
        }

        /// Four words of each part of the state, in two sets that do not depend on each other.
        type Part = [__m256i; 2];

        /// `x + y + 2·low(x)·low(y)`.
        #[target_feature(enable = $feature)]
        #[inline]
        fn multiply_add(x: Part, y: Part) -> Part {
            let one = |x, y| {
                let product = _mm256_mul_epu32(x, y);
                _mm256_add_epi64(_mm256_add_epi64(x, y), _mm256_add_epi64(product, product))
            };
            [one(x[0], y[0]), one(x[1], y[1])]
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn xor(x: Part, y: Part) -> Part {
            [_mm256_xor_si256(x[0], y[0]), _mm256_xor_si256(x[1], y[1])]
        }

        /// GB of section 3.6, of eight columns.
        #[target_feature(enable = $feature)]
        #[inline]
        fn quarter([mut a, mut b, mut c, mut d]: [Part; 4]) -> [Part; 4] {
            a = multiply_add(a, b);
            d = rotate_32(xor(d, a));
            c = multiply_add(c, d);
            b = rotate_24(xor(b, c));
            a = multiply_add(a, b);
            d = rotate_16(xor(d, a));
            c = multiply_add(c, d);
            b = rotate_63(xor(b, c));
            [a, b, c, d]
        }

        /// P of two rows: each register is a quarter of a row.
        #[target_feature(enable = $feature)]
        #[inline]
        fn permute_rows(parts: [Part; 4]) -> [Part; 4] {
            let [a, b, c, d] = quarter(parts);
            let b = [_mm256_permute4x64_epi64::<0x39>(b[0]), _mm256_permute4x64_epi64::<0x39>(b[1])];
            let c = [_mm256_permute4x64_epi64::<0x4e>(c[0]), _mm256_permute4x64_epi64::<0x4e>(c[1])];
            let d = [_mm256_permute4x64_epi64::<0x93>(d[0]), _mm256_permute4x64_epi64::<0x93>(d[1])];
            let [a, b, c, d] = quarter([a, b, c, d]);
            let b = [_mm256_permute4x64_epi64::<0x93>(b[0]), _mm256_permute4x64_epi64::<0x93>(b[1])];
            let c = [_mm256_permute4x64_epi64::<0x4e>(c[0]), _mm256_permute4x64_epi64::<0x4e>(c[1])];
            let d = [_mm256_permute4x64_epi64::<0x39>(d[0]), _mm256_permute4x64_epi64::<0x39>(d[1])];
            [a, b, c, d]
        }

        /// P of two columns: each register has two words of one column and two of the other.
        #[target_feature(enable = $feature)]
        #[inline]
        fn permute_columns(parts: [Part; 4]) -> [Part; 4] {
            let [a, [b0, b1], [c0, c1], [d0, d1]] = quarter(parts);
            let b = [_mm256_alignr_epi8::<8>(b1, b0), _mm256_alignr_epi8::<8>(b0, b1)];
            let d = [_mm256_alignr_epi8::<8>(d0, d1), _mm256_alignr_epi8::<8>(d1, d0)];
            let [a, [b0, b1], [c0, c1], [d0, d1]] = quarter([a, b, [c1, c0], d]);
            let b = [_mm256_alignr_epi8::<8>(b0, b1), _mm256_alignr_epi8::<8>(b1, b0)];
            let d = [_mm256_alignr_epi8::<8>(d1, d0), _mm256_alignr_epi8::<8>(d0, d1)];
            [a, b, [c1, c0], d]
        }

        /// The first half of G (section 3.5): the sum goes where the result will be, added to what stands there if that is asked for; what
        /// comes back are its rows, permuted. Everything is written out, because a loop over blocks becomes calls that copy them.
        #[target_feature(enable = $feature)]
        #[inline]
        fn permuted_rows(before: &Block, other: &Block, into: &mut Block, adds: bool) -> Block {
            macro_rules! row {
                ($at:literal) => {{
                    let (a, b) = (&before.0[$at], &other.0[$at]);
                    let sum = [
                        _mm256_xor_si256(a[0], b[0]),
                        _mm256_xor_si256(a[1], b[1]),
                        _mm256_xor_si256(a[2], b[2]),
                        _mm256_xor_si256(a[3], b[3]),
                    ];
                    let old = &into.0[$at];
                    into.0[$at] = if adds {
                        [
                            _mm256_xor_si256(sum[0], old[0]),
                            _mm256_xor_si256(sum[1], old[1]),
                            _mm256_xor_si256(sum[2], old[2]),
                            _mm256_xor_si256(sum[3], old[3]),
                        ]
                    } else {
                        sum
                    };
                    sum
                }};
            }
            macro_rules! rows {
                ($one:literal, $two:literal) => {{
                    let (one, two) = (row!($one), row!($two));
                    let [a, b, c, d] = permute_rows([[one[0], two[0]], [one[1], two[1]], [one[2], two[2]], [one[3], two[3]]]);
                    ([a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]])
                }};
            }
            let ((r0, r1), (r2, r3)) = (rows!(0, 1), rows!(2, 3));
            let ((r4, r5), (r6, r7)) = (rows!(4, 5), rows!(6, 7));
            Block([r0, r1, r2, r3, r4, r5, r6, r7])
        }

        /// The second half, for a quarter of the columns: permuted, and added to the sum.
        macro_rules! columns {
            ($rows:expr, $into:expr, $at:literal) => {{
                let (r, into): (&[[__m256i; 4]; 8], &mut [[__m256i; 4]; 8]) = (&$rows.0, &mut $into.0);
                let parts =
                    permute_columns([[r[0][$at], r[1][$at]], [r[2][$at], r[3][$at]], [r[4][$at], r[5][$at]], [r[6][$at], r[7][$at]]]);
                into[0][$at] = _mm256_xor_si256(into[0][$at], parts[0][0]);
                into[1][$at] = _mm256_xor_si256(into[1][$at], parts[0][1]);
                into[2][$at] = _mm256_xor_si256(into[2][$at], parts[1][0]);
                into[3][$at] = _mm256_xor_si256(into[3][$at], parts[1][1]);
                into[4][$at] = _mm256_xor_si256(into[4][$at], parts[2][0]);
                into[5][$at] = _mm256_xor_si256(into[5][$at], parts[2][1]);
                into[6][$at] = _mm256_xor_si256(into[6][$at], parts[3][0]);
                into[7][$at] = _mm256_xor_si256(into[7][$at], parts[3][1]);
            }};
        }

        /// A quarter of the columns, the first, in which the word is by which the next block is drawn.
        #[target_feature(enable = $feature)]
        #[inline]
        fn first_columns(rows: &Block, into: &mut Block) -> u64 {
            columns!(rows, into, 0);
            into.first_word()
        }

        /// The others.
        #[target_feature(enable = $feature)]
        #[inline]
        fn other_columns(rows: &Block, into: &mut Block) {
            columns!(rows, into, 1);
            columns!(rows, into, 2);
            columns!(rows, into, 3);
        }

        fill!($feature);
    };
}

/// AVX2: rotations by whole bytes are shuffles, the one by 63 is a doubling.
pub(super) mod avx2 {
    use std::arch::x86_64::{_mm256_setr_epi8, _mm256_shuffle_epi8, _mm256_shuffle_epi32, _mm256_srli_epi64};

    use super::fill;

    blocks!("avx2");

    #[target_feature(enable = "avx2")]
    #[inline]
    fn rotate_32(part: Part) -> Part {
        [_mm256_shuffle_epi32::<0xb1>(part[0]), _mm256_shuffle_epi32::<0xb1>(part[1])]
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn rotate_24(part: Part) -> Part {
        let order =
            _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
        [_mm256_shuffle_epi8(part[0], order), _mm256_shuffle_epi8(part[1], order)]
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn rotate_16(part: Part) -> Part {
        let order =
            _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
        [_mm256_shuffle_epi8(part[0], order), _mm256_shuffle_epi8(part[1], order)]
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn rotate_63(part: Part) -> Part {
        let one = |part| _mm256_xor_si256(_mm256_srli_epi64::<63>(part), _mm256_add_epi64(part, part));
        [one(part[0]), one(part[1])]
    }
}

/// AVX-512 with registers of 256 bits: twice as many of them, and rotations in one step.
pub(super) mod avx512 {
    use std::arch::x86_64::_mm256_ror_epi64;

    use super::fill;

    blocks!("avx2,avx512f,avx512vl");

    #[target_feature(enable = "avx2,avx512f,avx512vl")]
    #[inline]
    fn rotate_32(part: Part) -> Part {
        [_mm256_ror_epi64::<32>(part[0]), _mm256_ror_epi64::<32>(part[1])]
    }

    #[target_feature(enable = "avx2,avx512f,avx512vl")]
    #[inline]
    fn rotate_24(part: Part) -> Part {
        [_mm256_ror_epi64::<24>(part[0]), _mm256_ror_epi64::<24>(part[1])]
    }

    #[target_feature(enable = "avx2,avx512f,avx512vl")]
    #[inline]
    fn rotate_16(part: Part) -> Part {
        [_mm256_ror_epi64::<16>(part[0]), _mm256_ror_epi64::<16>(part[1])]
    }

    #[target_feature(enable = "avx2,avx512f,avx512vl")]
    #[inline]
    fn rotate_63(part: Part) -> Part {
        [_mm256_ror_epi64::<63>(part[0]), _mm256_ror_epi64::<63>(part[1])]
    }
}
