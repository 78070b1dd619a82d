//! SHA-1, SHA-256 and SHA-512 (FIPS 180-4 section 6) of one block in each lane, and PBKDF2's rounds on them: written once, made once for each
//! kind of register.
//!
//! In scope of a use there must be `Vector`, `LANES`, `splat`, `load`, `store`, `add`, `xor`, `xor3`, `choose`, `majority`, `rotate` and `shift`,
//! all behind the named features.

/// What all three have in common. In scope there must be a `compress`.
macro_rules! rounds {
    ($name:ident, $feature:literal, $word:ty, $words:literal, $compress:ident, $start:expr, $length:literal) => {
        /// All rounds but the first of at most `LANES` jobs.
        #[target_feature(enable = $feature)]
        pub(in crate::pbkdf2) fn $name(rounds: u32, jobs: &mut [Job<$word, $words>]) {
            let mut lanes = [0; LANES];
            let mut row = |word: &dyn Fn(&Job<$word, $words>) -> $word| {
                lanes.iter_mut().zip(jobs.iter()).for_each(|(lane, job)| *lane = word(job));
                load(&lanes)
            };
            let mut key = [splat(0); 16];
            for (at, place) in key.iter_mut().enumerate() {
                *place = row(&|job| job.key.get(at).copied().unwrap_or_default());
            }
            let mut sum = [splat(0); $words];
            for (at, place) in sum.iter_mut().enumerate() {
                *place = row(&|job| job.sum.get(at).copied().unwrap_or_default());
            }
            lanes.zeroize();
            let start = $start.map(|word| splat(word));
            let inner = $compress(start, key.map(|word| xor(word, splat(<$word>::MAX / 255 * 0x36))));
            let outer = $compress(start, key.map(|word| xor(word, splat(<$word>::MAX / 255 * 0x5c))));
            let mut last = sum;
            for _ in 1..rounds {
                last = $compress(outer, padded($compress(inner, padded(last))));
                for (sum, last) in sum.iter_mut().zip(last) {
                    *sum = xor(*sum, last);
                }
            }
            for (at, words) in sum.into_iter().enumerate() {
                let mut lanes = store(words);
                for (job, lane) in jobs.iter_mut().zip(lanes) {
                    job.sum.iter_mut().skip(at).take(1).for_each(|word| *word = lane);
                }
                lanes.zeroize();
            }

            /// A digest as the last block of a message that has one block before it.
            #[target_feature(enable = $feature)]
            #[inline]
            fn padded(digest: [Vector; $words]) -> [Vector; 16] {
                let mut block = [splat(0); 16];
                block.iter_mut().zip(digest).for_each(|(place, word)| *place = word);
                let [.., end] = &mut block;
                *end = splat($length);
                block.iter_mut().skip($words).take(1).for_each(|place| *place = splat(1 << (<$word>::BITS - 1)));
                block
            }
        }
    };
}

/// SHA-256 and SHA-512, which differ in words, constants and rotations. A rotation is given to the right, then to the left.
macro_rules! sha2 {
    (
        $name:ident, $feature:literal, $word:ty, $turns:literal, $constants:expr,
        [$a0:literal $a1:literal, $a2:literal $a3:literal, $a4:literal $a5:literal],
        [$e0:literal $e1:literal, $e2:literal $e3:literal, $e4:literal $e5:literal],
        [$s0:literal $s1:literal, $s2:literal $s3:literal, $s4:literal],
        [$t0:literal $t1:literal, $t2:literal $t3:literal, $t4:literal]
    ) => {
        #[target_feature(enable = $feature)]
        #[inline]
        fn $name(start: [Vector; 8], mut w: [Vector; 16]) -> [Vector; 8] {
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = start;
            macro_rules! step {
                ($a:ident, $b:ident, $c:ident, $d:ident, $e:ident, $f:ident, $g:ident, $h:ident, $message:expr, $constant:expr) => {
                    let before = add(add($h, splat($constant)), $message);
                    let turned = xor3(rotate::<$e0, $e1>($e), rotate::<$e2, $e3>($e), rotate::<$e4, $e5>($e));
                    let first = add(add(before, turned), choose($e, $f, $g));
                    let turned = xor3(rotate::<$a0, $a1>($a), rotate::<$a2, $a3>($a), rotate::<$a4, $a5>($a));
                    $d = add($d, first);
                    $h = add(add(first, turned), majority($a, $b, $c));
                };
            }
            macro_rules! sixteen {
                ($k:ident, $source:ident) => {
                    step!(a, b, c, d, e, f, g, h, $source!(0), $k[0]);
                    step!(h, a, b, c, d, e, f, g, $source!(1), $k[1]);
                    step!(g, h, a, b, c, d, e, f, $source!(2), $k[2]);
                    step!(f, g, h, a, b, c, d, e, $source!(3), $k[3]);
                    step!(e, f, g, h, a, b, c, d, $source!(4), $k[4]);
                    step!(d, e, f, g, h, a, b, c, $source!(5), $k[5]);
                    step!(c, d, e, f, g, h, a, b, $source!(6), $k[6]);
                    step!(b, c, d, e, f, g, h, a, $source!(7), $k[7]);
                    step!(a, b, c, d, e, f, g, h, $source!(8), $k[8]);
                    step!(h, a, b, c, d, e, f, g, $source!(9), $k[9]);
                    step!(g, h, a, b, c, d, e, f, $source!(10), $k[10]);
                    step!(f, g, h, a, b, c, d, e, $source!(11), $k[11]);
                    step!(e, f, g, h, a, b, c, d, $source!(12), $k[12]);
                    step!(d, e, f, g, h, a, b, c, $source!(13), $k[13]);
                    step!(c, d, e, f, g, h, a, b, $source!(14), $k[14]);
                    step!(b, c, d, e, f, g, h, a, $source!(15), $k[15]);
                };
            }
            // The first sixteen words are the message; each later one takes the place of the one sixteen before it.
            macro_rules! given {
                ($at:literal) => {
                    w[$at]
                };
            }
            macro_rules! scheduled {
                ($at:literal) => {{
                    let (low, high) = (w[($at + 1) % 16], w[($at + 14) % 16]);
                    let low = xor3(rotate::<$s0, $s1>(low), rotate::<$s2, $s3>(low), shift::<$s4>(low));
                    let high = xor3(rotate::<$t0, $t1>(high), rotate::<$t2, $t3>(high), shift::<$t4>(high));
                    w[$at] = add(add(w[$at], low), add(w[($at + 9) % 16], high));
                    w[$at]
                }};
            }
            let constants: &[[$word; 16]; $turns] = $constants;
            let [first, others @ ..] = constants;
            sixteen!(first, given);
            for turn in others {
                sixteen!(turn, scheduled);
            }
            let [a0, b0, c0, d0, e0, f0, g0, h0] = start;
            [add(a, a0), add(b, b0), add(c, c0), add(d, d0), add(e, e0), add(f, f0), add(g, g0), add(h, h0)]
        }
    };
}

/// Rotations, constants and starting values of SHA-256 (FIPS 180-4 sections 4.1.2, 4.2.2, 5.3.3).
macro_rules! sha256 {
    ($feature:literal) => {
        sha2!(sha256_of, $feature, u32, 4, &K256, [2 30, 13 19, 22 10], [6 26, 11 21, 25 7], [7 25, 18 14, 3], [17 15, 19 13, 10]);
        rounds!(sha256, $feature, u32, 8, sha256_of, START256, 768);
    };
}

/// The same of SHA-512 (sections 4.1.3, 4.2.3, 5.3.5).
macro_rules! sha512 {
    ($feature:literal) => {
        sha2!(sha512_of, $feature, u64, 5, &K512, [28 36, 34 30, 39 25], [14 50, 18 46, 41 23], [1 63, 8 56, 7], [19 45, 61 3, 6]);
        rounds!(sha512, $feature, u64, 8, sha512_of, START512, 1536);
    };
}

/// SHA-1 (sections 4.1.1, 4.2.1, 5.3.1, 6.1.2).
macro_rules! sha1 {
    ($feature:literal) => {
        #[target_feature(enable = $feature)]
        #[inline]
        #[expect(clippy::indexing_slicing, reason = "places are taken modulo sixteen")]
        fn sha1_of(start: [Vector; 5], mut w: [Vector; 16]) -> [Vector; 5] {
            let [mut a, mut b, mut c, mut d, mut e] = start;
            macro_rules! step {
                ($a:ident, $b:ident, $c:ident, $d:ident, $e:ident, $mix:ident, $constant:expr, $at:expr) => {
                    let at: usize = $at;
                    if at >= 16 {
                        let sum = xor(xor3(w[(at + 13) % 16], w[(at + 8) % 16], w[(at + 2) % 16]), w[at % 16]);
                        w[at % 16] = rotate::<31, 1>(sum);
                    }
                    $e = add(add(add($e, splat($constant)), w[at % 16]), add(rotate::<27, 5>($a), $mix($b, $c, $d)));
                    $b = rotate::<2, 30>($b);
                };
            }
            macro_rules! twenty {
                ($from:literal, $mix:ident, $constant:literal) => {
                    for five in 0..4 {
                        let from = $from + 5 * five;
                        step!(a, b, c, d, e, $mix, $constant, from);
                        step!(e, a, b, c, d, $mix, $constant, from + 1);
                        step!(d, e, a, b, c, $mix, $constant, from + 2);
                        step!(c, d, e, a, b, $mix, $constant, from + 3);
                        step!(b, c, d, e, a, $mix, $constant, from + 4);
                    }
                };
            }
            twenty!(0, choose, 0x5a82_7999);
            twenty!(20, xor3, 0x6ed9_eba1);
            twenty!(40, majority, 0x8f1b_bcdc);
            twenty!(60, xor3, 0xca62_c1d6);
            let [a0, b0, c0, d0, e0] = start;
            [add(a, a0), add(b, b0), add(c, c0), add(d, d0), add(e, e0)]
        }
        rounds!(sha1, $feature, u32, 5, sha1_of, START1, 672);
    };
}

pub(super) use {rounds, sha1, sha2, sha256, sha512};
