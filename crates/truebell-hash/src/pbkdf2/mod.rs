//! PBKDF2 with HMAC (RFC 8018 section 5.2, RFC 2104) of many candidates: one in each lane of wide registers, or two through the processor's
//! own SHA-256 instructions.
//!
//! A job is one block of one candidate's output: its key, and the first of its rounds, which is made by the crates. Where there are too few
//! jobs to fill a register, or no such registers, the crates compute. Never here: who keeps verifiers, and in which letters.

#[cfg(target_arch = "x86_64")]
mod chain;
#[cfg(target_arch = "x86_64")]
mod constants;
mod job;
#[cfg(target_arch = "x86_64")]
mod sha_ni;
#[cfg(target_arch = "x86_64")]
mod wide;

use zeroize::Zeroizing;

use crate::Try;
use job::Lanes;

/// The most work for each candidate: rounds times blocks of output, a minute or two.
pub const WORK_MAX: u64 = 1 << 28;

/// Why nothing was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No rounds, or no output.
    #[error("PBKDF2 without rounds or output does not exist: the verifier is damaged")]
    Parameters,
    /// More than [`WORK_MAX`].
    #[error("PBKDF2 with so many rounds would take minutes for each password: leave these accounts out")]
    Cost,
}

/// The digest function under HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Bytes of its digest.
    fn digest(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// A digest, of the length asked for.
pub type Digest = Zeroizing<Vec<u8>>;

/// The digests of all candidates, in their order.
pub fn hash_many(hash: Hash, rounds: u32, length: usize, tries: &[Try<'_>]) -> Result<Vec<Digest>, Refused> {
    hash_by(Path::of_this_machine(hash), hash, rounds, length, tries)
}

/// How rounds are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    ShaNi,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Crate,
}

impl Path {
    /// The fastest first.
    fn all_of_this_machine(hash: Hash) -> Vec<Self> {
        let mut paths = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                paths.push(Self::Avx512);
            }
            let has_sha = is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3");
            if hash == Hash::Sha256 && has_sha {
                paths.push(Self::ShaNi);
            }
            if is_x86_feature_detected!("avx2") {
                paths.push(Self::Avx2);
            }
        }
        let _ = hash;
        paths.push(Self::Crate);
        paths
    }

    fn of_this_machine(hash: Hash) -> Self {
        Self::all_of_this_machine(hash).first().copied().unwrap_or(Self::Crate)
    }
}

fn hash_by(path: Path, hash: Hash, rounds: u32, length: usize, tries: &[Try<'_>]) -> Result<Vec<Digest>, Refused> {
    if rounds == 0 || length == 0 {
        return Err(Refused::Parameters);
    }
    let blocks = u64::try_from(length.div_ceil(hash.digest())).map_err(|_| Refused::Cost)?;
    if u64::from(rounds).saturating_mul(blocks) > WORK_MAX {
        return Err(Refused::Cost);
    }
    Ok(match hash {
        Hash::Sha1 => job::outputs::<u32, 5, sha1::Sha1>(sha1_lanes(path), rounds, length, tries),
        Hash::Sha256 => job::outputs::<u32, 8, sha2::Sha256>(sha256_lanes(path), rounds, length, tries),
        Hash::Sha512 => job::outputs::<u64, 8, sha2::Sha512>(sha512_lanes(path), rounds, length, tries),
    })
}

/// A safe function around one of the processor's, for the arms below.
#[cfg(target_arch = "x86_64")]
macro_rules! found {
    ($lanes:expr, $compute:path) => {
        Some(Lanes {
            count: $lanes,
            compute: |rounds, jobs| {
                // SAFETY: stands behind a path, and `all_of_this_machine` alone makes one, after it found the features in processor and system.
                #[expect(unsafe_code, reason = "a function of the processor's wide instructions; the path is the proof that it has them")]
                unsafe {
                    $compute(rounds, jobs);
                }
            },
        })
    };
}

fn sha1_lanes(path: Path) -> Option<Lanes<u32, 5>> {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => found!(16, wide::avx512_words::sha1),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => found!(8, wide::avx2_words::sha1),
        _ => None,
    }
}

fn sha256_lanes(path: Path) -> Option<Lanes<u32, 8>> {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => found!(16, wide::avx512_words::sha256),
        #[cfg(target_arch = "x86_64")]
        Path::ShaNi => found!(2, sha_ni::sha256),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => found!(8, wide::avx2_words::sha256),
        Path::Crate => None,
    }
}

fn sha512_lanes(path: Path) -> Option<Lanes<u64, 8>> {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => found!(8, wide::avx512_longs::sha512),
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => found!(4, wide::avx2_longs::sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASHES: [Hash; 3] = [Hash::Sha1, Hash::Sha256, Hash::Sha512];

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn published_vectors_come_out_by_every_path_in_every_lane() {
        // RFC 6070 (SHA-1), RFC 7914 section 11 (SHA-256).
        let rows = [
            (Hash::Sha1, "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
            (
                Hash::Sha1,
                "passwordPASSWORDpassword",
                "saltSALTsaltSALTsaltSALTsaltSALTsalt",
                4096,
                "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
            ),
            (Hash::Sha1, "pass\0word", "sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"),
            (Hash::Sha256, "passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
            (
                Hash::Sha256,
                "Password",
                "NaCl",
                80000,
                "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
            ),
        ];
        for (hash, password, salt, rounds, expected) in rows {
            for path in Path::all_of_this_machine(hash) {
                let tries = [Try { salt: salt.as_bytes(), password: password.as_bytes() }; 17];
                for digest in hash_by(path, hash, rounds, expected.len() / 2, &tries).expect("they exist") {
                    assert_eq!(hex(&digest), expected, "{hash:?} {path:?}");
                }
            }
        }
    }

    #[test]
    fn what_does_not_exist_or_costs_too_much_is_refused() {
        let one = Try { salt: b"salt".as_slice(), password: b"x".as_slice() };
        for hash in HASHES {
            for path in Path::all_of_this_machine(hash) {
                assert_eq!(hash_by(path, hash, 0, 32, &[one]).err(), Some(Refused::Parameters));
                assert_eq!(hash_by(path, hash, 1, 0, &[one]).err(), Some(Refused::Parameters));
                assert_eq!(hash_by(path, hash, u32::MAX, 32, &[one]).err(), Some(Refused::Cost));
                assert_eq!(hash_by(path, hash, 1, usize::MAX, &[one]).err(), Some(Refused::Cost));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_path_gives_what_the_crate_gives_in_the_order_asked(
            hash in prop::sample::select(HASHES.to_vec()),
            (rounds, length) in (1..12_u32, 1..150_usize),
            tries in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 0..150)), 0..40),
        ) {
            let given: Vec<_> = tries.iter().map(|(salt, password)| Try { salt: salt.as_slice(), password: password.as_slice() }).collect();
            let by_the_crate = |one: &Try<'_>| {
                let mut out = Zeroizing::new(vec![0; length]);
                match hash {
                    Hash::Sha1 => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(one.password, one.salt, rounds, &mut out),
                    Hash::Sha256 => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(one.password, one.salt, rounds, &mut out),
                    Hash::Sha512 => pbkdf2::pbkdf2_hmac::<sha2::Sha512>(one.password, one.salt, rounds, &mut out),
                }
                out
            };
            let expected: Vec<_> = given.iter().map(by_the_crate).collect();
            for path in Path::all_of_this_machine(hash) {
                prop_assert_eq!(&hash_by(path, hash, rounds, length, &given).expect("they exist"), &expected, "{:?}", path);
            }
        }
    }
}
