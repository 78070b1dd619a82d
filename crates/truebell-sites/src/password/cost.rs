//! What trying one password costs, for budgets; and the most that a row may ask for.

/// The most memory one check may take.
pub(super) const MEMORY_BYTES_MAX: u64 = 1 << 30;

/// The most work one check may take, on the core the constants below were measured on.
pub(super) const WORK_NS_MAX: u64 = 30_000_000_000;

/// What one check costs. The work is an estimate for one core of 2026, good to a factor of two or three: budgets are planned with it and
/// corrected by what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Time of one core, in nanoseconds.
    pub work_ns: u64,
    /// Memory held while it runs.
    pub memory_bytes: u64,
}

impl Cost {
    pub(super) fn of_work(work_ns: u64) -> Self {
        Self { work_ns, memory_bytes: 0 }
    }

    /// Whether a hostile row asks for more than any site would.
    pub(super) fn is_absurd(self) -> bool {
        self.work_ns > WORK_NS_MAX || self.memory_bytes > MEMORY_BYTES_MAX
    }
}

/// One of bcrypt's 2^cost rounds.
pub(super) const BCRYPT_ROUND_NS: u64 = 57_000;
/// One KiB in one pass of Argon2.
pub(super) const ARGON2_KIB_NS: u64 = 420;
/// One block of 128·r bytes of scrypt, per r, filled and read once.
pub(super) const SCRYPT_BLOCK_NS: u64 = 400;
/// One round of PBKDF2 for each block of output.
pub(super) const PBKDF2_ROUND_NS: u64 = 350;
/// One round of sha-crypt.
pub(super) const SHA_CRYPT_ROUND_NS: u64 = 900;
/// One round of md5-crypt or phpass.
pub(super) const MD5_ROUND_NS: u64 = 300;
/// A template, whatever is in it.
pub(super) const TEMPLATE_NS: u64 = 3_000;
