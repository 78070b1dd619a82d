//! Registers of 512 and of 256 bits as lanes of words, for the functions of `chain`.

/// Sixteen lanes of 32 bits: rotations and functions of three words are one step each.
pub(super) mod avx512_words {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi32, _mm512_mask_reduce_or_epi32, _mm512_ror_epi32, _mm512_set_epi32, _mm512_set1_epi32, _mm512_srli_epi32,
        _mm512_ternarylogic_epi32, _mm512_xor_si512,
    };

    use zeroize::Zeroize;

    use super::super::chain::{rounds, sha1, sha2, sha256};
    use super::super::constants::{K256, START1, START256};
    use super::super::job::Job;

    type Vector = __m512i;

    const LANES: usize = 16;

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn splat(word: u32) -> Vector {
        _mm512_set1_epi32(word.cast_signed())
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn load(lanes: &[u32; LANES]) -> Vector {
        let [l0, l1, l2, l3, l4, l5, l6, l7, l8, l9, l10, l11, l12, l13, l14, l15] = lanes.map(u32::cast_signed);
        _mm512_set_epi32(l15, l14, l13, l12, l11, l10, l9, l8, l7, l6, l5, l4, l3, l2, l1, l0)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn store(lanes: Vector) -> [u32; LANES] {
        std::array::from_fn(|lane| _mm512_mask_reduce_or_epi32(1 << lane, lanes).cast_unsigned())
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn add(a: Vector, b: Vector) -> Vector {
        _mm512_add_epi32(a, b)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn xor(a: Vector, b: Vector) -> Vector {
        _mm512_xor_si512(a, b)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi32::<0x96>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn choose(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi32::<0xca>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi32::<0xe8>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn rotate<const RIGHT: i32, const LEFT: i32>(word: Vector) -> Vector {
        _mm512_ror_epi32::<RIGHT>(word)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn shift<const RIGHT: u32>(word: Vector) -> Vector {
        _mm512_srli_epi32::<RIGHT>(word)
    }

    sha1!("avx512f");
    sha256!("avx512f");
}

/// Eight lanes of 64 bits.
pub(super) mod avx512_longs {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_mask_reduce_or_epi64, _mm512_ror_epi64, _mm512_set_epi64, _mm512_set1_epi64, _mm512_srli_epi64,
        _mm512_ternarylogic_epi64, _mm512_xor_si512,
    };

    use zeroize::Zeroize;

    use super::super::chain::{rounds, sha2, sha512};
    use super::super::constants::{K512, START512};
    use super::super::job::Job;

    type Vector = __m512i;

    const LANES: usize = 8;

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn splat(word: u64) -> Vector {
        _mm512_set1_epi64(word.cast_signed())
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn load(lanes: &[u64; LANES]) -> Vector {
        let [l0, l1, l2, l3, l4, l5, l6, l7] = lanes.map(u64::cast_signed);
        _mm512_set_epi64(l7, l6, l5, l4, l3, l2, l1, l0)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn store(lanes: Vector) -> [u64; LANES] {
        std::array::from_fn(|lane| _mm512_mask_reduce_or_epi64(1 << lane, lanes).cast_unsigned())
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn add(a: Vector, b: Vector) -> Vector {
        _mm512_add_epi64(a, b)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn xor(a: Vector, b: Vector) -> Vector {
        _mm512_xor_si512(a, b)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi64::<0x96>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn choose(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi64::<0xca>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        _mm512_ternarylogic_epi64::<0xe8>(a, b, c)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn rotate<const RIGHT: i32, const LEFT: i32>(word: Vector) -> Vector {
        _mm512_ror_epi64::<RIGHT>(word)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn shift<const RIGHT: u32>(word: Vector) -> Vector {
        _mm512_srli_epi64::<RIGHT>(word)
    }

    sha512!("avx512f");
}

/// Eight lanes of 32 bits: a rotation is three steps.
pub(super) mod avx2_words {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_extract_epi32, _mm256_or_si256, _mm256_set_epi32, _mm256_set1_epi32,
        _mm256_slli_epi32, _mm256_srli_epi32, _mm256_xor_si256,
    };

    use zeroize::Zeroize;

    use super::super::chain::{rounds, sha1, sha2, sha256};
    use super::super::constants::{K256, START1, START256};
    use super::super::job::Job;

    type Vector = __m256i;

    const LANES: usize = 8;

    #[target_feature(enable = "avx2")]
    #[inline]
    fn splat(word: u32) -> Vector {
        _mm256_set1_epi32(word.cast_signed())
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(lanes: &[u32; LANES]) -> Vector {
        let [l0, l1, l2, l3, l4, l5, l6, l7] = lanes.map(u32::cast_signed);
        _mm256_set_epi32(l7, l6, l5, l4, l3, l2, l1, l0)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn store(lanes: Vector) -> [u32; LANES] {
        [
            _mm256_extract_epi32::<0>(lanes),
            _mm256_extract_epi32::<1>(lanes),
            _mm256_extract_epi32::<2>(lanes),
            _mm256_extract_epi32::<3>(lanes),
            _mm256_extract_epi32::<4>(lanes),
            _mm256_extract_epi32::<5>(lanes),
            _mm256_extract_epi32::<6>(lanes),
            _mm256_extract_epi32::<7>(lanes),
        ]
        .map(i32::cast_unsigned)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn add(a: Vector, b: Vector) -> Vector {
        _mm256_add_epi32(a, b)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn xor(a: Vector, b: Vector) -> Vector {
        _mm256_xor_si256(a, b)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        xor(xor(a, b), c)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn choose(a: Vector, b: Vector, c: Vector) -> Vector {
        xor(c, _mm256_and_si256(a, xor(b, c)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        xor(b, _mm256_and_si256(xor(a, b), xor(b, c)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn rotate<const RIGHT: i32, const LEFT: i32>(word: Vector) -> Vector {
        _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(word), _mm256_slli_epi32::<LEFT>(word))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn shift<const RIGHT: i32>(word: Vector) -> Vector {
        _mm256_srli_epi32::<RIGHT>(word)
    }

    sha1!("avx2");
    sha256!("avx2");
}

/// Four lanes of 64 bits.
pub(super) mod avx2_longs {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_extract_epi64, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi64x,
        _mm256_slli_epi64, _mm256_srli_epi64, _mm256_xor_si256,
    };

    use zeroize::Zeroize;

    use super::super::chain::{rounds, sha2, sha512};
    use super::super::constants::{K512, START512};
    use super::super::job::Job;

    type Vector = __m256i;

    const LANES: usize = 4;

    #[target_feature(enable = "avx2")]
    #[inline]
    fn splat(word: u64) -> Vector {
        _mm256_set1_epi64x(word.cast_signed())
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(lanes: &[u64; LANES]) -> Vector {
        let [l0, l1, l2, l3] = lanes.map(u64::cast_signed);
        _mm256_set_epi64x(l3, l2, l1, l0)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn store(lanes: Vector) -> [u64; LANES] {
        [
            _mm256_extract_epi64::<0>(lanes),
            _mm256_extract_epi64::<1>(lanes),
            _mm256_extract_epi64::<2>(lanes),
            _mm256_extract_epi64::<3>(lanes),
        ]
        .map(i64::cast_unsigned)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn add(a: Vector, b: Vector) -> Vector {
        _mm256_add_epi64(a, b)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn xor(a: Vector, b: Vector) -> Vector {
        _mm256_xor_si256(a, b)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        xor(xor(a, b), c)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn choose(a: Vector, b: Vector, c: Vector) -> Vector {
        xor(c, _mm256_and_si256(a, xor(b, c)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        xor(b, _mm256_and_si256(xor(a, b), xor(b, c)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn rotate<const RIGHT: i32, const LEFT: i32>(word: Vector) -> Vector {
        _mm256_or_si256(_mm256_srli_epi64::<RIGHT>(word), _mm256_slli_epi64::<LEFT>(word))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn shift<const RIGHT: i32>(word: Vector) -> Vector {
        _mm256_srli_epi64::<RIGHT>(word)
    }

    sha512!("avx2");
}
