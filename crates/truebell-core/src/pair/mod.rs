//! Asking blindly whether an address was seen with a password: who asks shows neither, and learns nothing of other pairs (`docs/formats/pairs.md`).
//!
//! [`Question`] is the side that asks and concludes, [`PairKey`] the side that answers and builds, and [`Told`] what both come to. The bytes of the file with the buckets are
//! `truebell-corpus`'s. Never here: a socket, a file, a clock, or chance of its own.

mod ask;
mod entry;
mod key;
mod line;
mod oprf;
mod texts;
mod wire;

pub use ask::{Doubt, Question, Reply, Verdict, read_about};
pub use entry::{ENTRY_BYTES, Told};
pub use key::{NotAKey, PairKey, PublicKey};
pub use line::{BadLine, parse_line};
pub use oprf::NotAnElement;
pub use texts::{BITS_MAX, Input, Place, Stretcher, derive_stem};
pub use wire::{About, Class, ENTRIES_MAX, NotAQuestion, QUESTION_BYTES, answer_bytes, answer_question};

use crate::chance::{Chance, make_array};
use data_encoding::HEXLOWER;
use std::fmt;

/// Names one file of pairs: random, made with it, and in each of its entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// A new one.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        Self(make_array(chance))
    }

    /// From 32 hex digits in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests;
