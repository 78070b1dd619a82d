//! The functions behind all formats, with the parameters of one verifier: what both implementations must be able to compute.

use super::cost::{self, Cost};
use super::verifier::Limit;

/// A digest function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Bytes of its digest.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// The variant of Argon2 (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argon2Kind {
    D,
    I,
    Id,
}

/// What bcrypt reads of a password, its end mark included.
pub(super) const BCRYPT_BYTES_MAX: usize = 72;

/// A function from a password to bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kdf {
    /// 24 bytes, of which verifiers keep 23.
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
    },
    Argon2 {
        kind: Argon2Kind,
        version: u32,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        salt: Vec<u8>,
        length: usize,
    },
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
        salt: Vec<u8>,
        length: usize,
    },
    /// Never with MD5.
    Pbkdf2 {
        hash: Hash,
        rounds: u32,
        salt: Vec<u8>,
        length: usize,
    },
    /// With the mark that goes into the digest: `$1$` or `$apr1$`.
    Md5Crypt {
        mark: &'static str,
        salt: Vec<u8>,
    },
    /// SHA-256 or SHA-512.
    ShaCrypt {
        hash: Hash,
        rounds: u32,
        salt: Vec<u8>,
    },
    /// MD5 or SHA-512.
    Phpass {
        hash: Hash,
        log2_rounds: u32,
        salt: Vec<u8>,
    },
    /// The digest of the password with the salt behind it, as LDAP has it.
    Salted {
        hash: Hash,
        salt: Vec<u8>,
    },
    /// Nothing more: the steps before it made what the column holds.
    Plain,
}

impl Kdf {
    pub(super) fn cost(&self) -> Cost {
        let rounds = |log2: u32| 1_u64.checked_shl(log2).unwrap_or(u64::MAX);
        let work = |unit: u64, factors: &[u64]| factors.iter().fold(unit, |product, factor| product.saturating_mul(*factor));
        match self {
            Self::Bcrypt { cost, .. } => Cost::of_work(work(cost::BCRYPT_ROUND_NS, &[rounds(*cost)])),
            Self::Argon2 { memory_kib, passes, .. } => Cost {
                work_ns: work(cost::ARGON2_KIB_NS, &[u64::from(*memory_kib), u64::from(*passes)]),
                memory_bytes: u64::from(*memory_kib) * 1024,
            },
            Self::Scrypt { log_n, r, p, .. } => {
                let (n, r, p) = (rounds(u32::from(*log_n)), u64::from(*r), u64::from(*p));
                let memory_bytes = work(128, &[n, r]).saturating_add(work(128, &[r, p]));
                Cost { work_ns: work(cost::SCRYPT_BLOCK_NS, &[n, r, p]), memory_bytes }
            }
            Self::Pbkdf2 { hash, rounds, length, .. } => {
                let blocks = length.div_ceil(hash.length()) as u64;
                Cost::of_work(work(cost::PBKDF2_ROUND_NS, &[u64::from(*rounds), blocks]))
            }
            Self::Md5Crypt { .. } => Cost::of_work(work(cost::MD5_ROUND_NS, &[1000])),
            Self::ShaCrypt { rounds, .. } => Cost::of_work(work(cost::SHA_CRYPT_ROUND_NS, &[u64::from(*rounds)])),
            Self::Phpass { log2_rounds, .. } => Cost::of_work(work(cost::MD5_ROUND_NS, &[rounds(*log2_rounds)])),
            Self::Salted { .. } | Self::Plain => Cost::of_work(cost::TEMPLATE_NS),
        }
    }

    /// Whether a match on these bytes would prove less than it seems to.
    pub(super) fn limit(&self, entering: &[u8]) -> Option<Limit> {
        let has_nul = entering.contains(&0);
        match self {
            Self::Bcrypt { .. } if has_nul => Some(Limit::NulByte),
            Self::Bcrypt { .. } if entering.len() >= BCRYPT_BYTES_MAX => Some(Limit::CutOff),
            Self::Md5Crypt { .. } | Self::ShaCrypt { .. } if has_nul => Some(Limit::NulByte),
            Self::Pbkdf2 { .. } | Self::Scrypt { .. } if entering.last() == Some(&0) => Some(Limit::NulAtEnd),
            _ => None,
        }
    }
}
