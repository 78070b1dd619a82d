//! Argon2 (RFC 9106) of many candidates, one after the other in one memory, each block with wide instructions.
//!
//! What costs beside the mixing itself is memory: fresh pages for each candidate, and waiting for blocks at places only known late. Here the
//! pages are asked for once, and the next block is called for as soon as its place can be known, which is before the block before it is whole.
//! Where the processor has no AVX2, the crate `argon2` computes. Never here: PHC strings.

mod fill;
mod hash;
mod plan;
#[cfg(target_arch = "x86_64")]
mod wide;

use zeroize::Zeroizing;

use crate::Try;
use hash::Start;

/// The most memory, in KiB: one GiB.
pub const MEMORY_KIB_MAX: u32 = 1 << 20;

/// The most work: KiB of memory times passes, a minute or two for each candidate.
pub const WORK_MAX: u64 = 1 << 28;

/// Why nothing was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// RFC 9106 section 3.1 does not allow them.
    #[error("these parameters of Argon2 do not exist: the verifier is damaged")]
    Parameters,
    /// More than [`MEMORY_KIB_MAX`] or [`WORK_MAX`].
    #[error("Argon2 with so much memory or so many passes would take minutes for each password: leave these accounts out")]
    Cost,
    /// The machine has not the memory.
    #[error("this machine has not the memory that these accounts' Argon2 asks for: use a larger one")]
    Memory,
}

/// The variant (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Places depend on the password.
    D,
    /// Places do not.
    I,
    /// Not in the first half of the first pass, then they do.
    Id,
}

/// The version, as verifiers name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `v=16`: later passes overwrite.
    V16,
    /// `v=19`: later passes add to what was there.
    V19,
}

/// What a verifier asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// The variant.
    pub kind: Kind,
    /// The version.
    pub version: Version,
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes. They are computed one after the other.
    pub lanes: u32,
    /// Bytes of digest, at least 4.
    pub length: usize,
}

/// A digest, of the length asked for.
pub type Digest = Zeroizing<Vec<u8>>;

/// The digests of all candidates, in their order, without secret and associated data. Each salt has at least 8 bytes.
pub fn hash_many(parameters: &Parameters, tries: &[Try<'_>]) -> Result<Vec<Digest>, Refused> {
    hash_by(Path::of_this_machine(), parameters, tries)
}

/// How blocks are mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Crate,
}

impl Path {
    fn all_of_this_machine() -> Vec<Self> {
        let mut paths = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                paths.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                paths.push(Self::Avx2);
            }
        }
        paths.push(Self::Crate);
        paths
    }

    fn of_this_machine() -> Self {
        Self::all_of_this_machine().first().copied().unwrap_or(Self::Crate)
    }
}

fn hash_by(path: Path, parameters: &Parameters, tries: &[Try<'_>]) -> Result<Vec<Digest>, Refused> {
    let plan = plan::Plan::of(parameters)?;
    let starts = tries.iter().map(|one| Start::of(parameters, one)).collect::<Result<Vec<_>, _>>()?;
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => {
            // SAFETY: `all_of_this_machine` alone makes this path, after it found both features in the processor and the system.
            #[expect(unsafe_code, reason = "a function of the processor's wide instructions; the path is the proof that it has them")]
            unsafe {
                wide::avx512::hash(&plan, &starts)
            }
        }
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => {
            // SAFETY: as above, for AVX2.
            #[expect(unsafe_code, reason = "a function of the processor's wide instructions; the path is the proof that it has them")]
            unsafe {
                wide::avx2::hash(&plan, &starts)
            }
        }
        Path::Crate => by_the_crate(parameters, tries),
    }
}

fn by_the_crate(parameters: &Parameters, tries: &[Try<'_>]) -> Result<Vec<Digest>, Refused> {
    let known = argon2::Params::new(parameters.memory_kib, parameters.passes, parameters.lanes, Some(parameters.length));
    let known = known.map_err(|_| Refused::Parameters)?;
    let count = known.block_count();
    let kind = match parameters.kind {
        Kind::D => argon2::Algorithm::Argon2d,
        Kind::I => argon2::Algorithm::Argon2i,
        Kind::Id => argon2::Algorithm::Argon2id,
    };
    let version = match parameters.version {
        Version::V16 => argon2::Version::V0x10,
        Version::V19 => argon2::Version::V0x13,
    };
    let function = argon2::Argon2::new(kind, version, known);
    let mut memory = Zeroizing::new(Vec::new());
    memory.try_reserve_exact(count).map_err(|_| Refused::Memory)?;
    memory.resize(count, argon2::Block::new());
    let one = |one: &Try<'_>| {
        let mut out = Zeroizing::new(vec![0; parameters.length]);
        let done = function.hash_password_into_with_memory(one.password, one.salt, &mut out, memory.as_mut_slice());
        done.map_err(|_| Refused::Parameters)?;
        Ok(out)
    };
    tries.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOW: Parameters = Parameters { kind: Kind::Id, version: Version::V19, memory_kib: 32, passes: 3, lanes: 4, length: 32 };

    #[test]
    fn vectors_of_phc_winner_argon2_come_out_by_every_path() {
        // Its test.c, version 19: 256 KiB, 2 passes, "password" and "somesalt"; once more with two lanes, and as Argon2i.
        let rows = [
            (Kind::Id, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
            (Kind::Id, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
            (Kind::I, 1, "89e9029f4637b295beb027056a7336c414fadd43f6b208645281cb214a56452f"),
            (Kind::I, 2, "4ff5ce2769a1d7f4c8a491df09d41a9fbe90e5eb02155a13e4c01e20cd4eab61"),
        ];
        for (kind, lanes, expected) in rows {
            for path in Path::all_of_this_machine() {
                let parameters = Parameters { kind, memory_kib: 256, passes: 2, lanes, ..LOW };
                let digests = hash_by(path, &parameters, &[Try { salt: b"somesalt", password: b"password" }]).expect("they exist");
                let hex: String = digests[0].iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(hex, expected, "{kind:?} {lanes} {path:?}");
            }
        }
    }

    #[test]
    fn what_does_not_exist_or_costs_too_much_is_refused() {
        let salt = b"somesalt".as_slice();
        let cases = [
            ("no lanes", Parameters { lanes: 0, ..LOW }, salt, Refused::Parameters),
            ("too many lanes", Parameters { lanes: u32::MAX, ..LOW }, salt, Refused::Parameters),
            ("no passes", Parameters { passes: 0, ..LOW }, salt, Refused::Parameters),
            ("too little memory", Parameters { memory_kib: 31, ..LOW }, salt, Refused::Parameters),
            ("a short digest", Parameters { length: 3, ..LOW }, salt, Refused::Parameters),
            ("an endless digest", Parameters { length: usize::MAX, ..LOW }, salt, Refused::Parameters),
            ("a short salt", LOW, &salt[..7], Refused::Parameters),
            ("much memory", Parameters { memory_kib: MEMORY_KIB_MAX + 1, ..LOW }, salt, Refused::Cost),
            ("many passes", Parameters { passes: u32::MAX, ..LOW }, salt, Refused::Cost),
        ];
        for (name, parameters, salt, expected) in cases {
            for path in Path::all_of_this_machine() {
                assert_eq!(hash_by(path, &parameters, &[Try { salt, password: b"x" }]).err(), Some(expected), "{name} {path:?}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_path_gives_what_the_crate_gives_in_a_memory_that_was_used_before(
            kind in prop::sample::select(vec![Kind::D, Kind::I, Kind::Id]),
            version in prop::sample::select(vec![Version::V16, Version::V19]),
            (lanes, more) in (1..5_u32, 0..700_u32),
            (passes, length) in (1..4_u32, 4..150_usize),
            tries in prop::collection::vec((prop::collection::vec(any::<u8>(), 8..40), prop::collection::vec(any::<u8>(), 0..100)), 0..4),
        ) {
            let parameters = Parameters { kind, version, memory_kib: 8 * lanes + more, passes, lanes, length };
            let given: Vec<_> = tries.iter().map(|(salt, password)| Try { salt: salt.as_slice(), password: password.as_slice() }).collect();
            let expected = by_the_crate(&parameters, &given).expect("they exist");
            for path in Path::all_of_this_machine() {
                prop_assert_eq!(&hash_by(path, &parameters, &given).expect("they exist"), &expected, "{:?}", path);
            }
        }
    }
}
