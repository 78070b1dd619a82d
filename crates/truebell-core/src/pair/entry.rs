//! What an output of the pseudorandom function looks like in a bucket: a locator that only its holder finds, and flags that only its holder reads.

use crate::hash::Hash32;
use crate::pair::FileId;
use subtle::ConstantTimeEq;

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 16;
const LOCATOR_BYTES: usize = ENTRY_BYTES - 1;

/// What somebody knows who evaluated a pair: where its entry is, and how its flags are masked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    locator: [u8; LOCATOR_BYTES],
    mask: u8,
}

impl Told {
    /// From an output, for one file: entries of two files have nothing in common.
    pub(super) fn derive(file: &FileId, output: &[u8; 64]) -> Self {
        let hash = Hash32::derive_labelled("truebell pairs entry v1", &[&file.0, output]);
        let mut told = Self { locator: [0; LOCATOR_BYTES], mask: hash.0[LOCATOR_BYTES] };
        told.locator.iter_mut().zip(hash.0).for_each(|(to, from)| *to = from);
        told
    }

    /// The entry, with the flags of `docs/formats/corpus.md`.
    pub fn entry(&self, flags: u8) -> [u8; ENTRY_BYTES] {
        let mut entry = [self.mask ^ flags; ENTRY_BYTES];
        entry.iter_mut().zip(self.locator).for_each(|(to, from)| *to = from);
        entry
    }

    /// Its flags, if its entry is in this bucket. Looks at all entries, wherever it is.
    pub fn find(&self, bucket: &[[u8; ENTRY_BYTES]]) -> Option<u8> {
        bucket.iter().fold(None, |found, entry| {
            let [locator @ .., masked] = entry;
            if bool::from(locator.ct_eq(&self.locator)) { Some(masked ^ self.mask) } else { found }
        })
    }
}

/// What a bucket ends with: it says that the entries before it are those that the holder of the key put there, each and no other.
pub(super) fn derive_beacon(file: &FileId, output: &[u8; 64], entries: &[u8]) -> [u8; ENTRY_BYTES] {
    let mut beacon = [0; ENTRY_BYTES];
    beacon
        .iter_mut()
        .zip(Hash32::derive_labelled("truebell pairs beacon v1", &[&file.0, output, entries]).0)
        .for_each(|(to, from)| *to = from);
    beacon
}

/// It stands for a pair.
impl std::fmt::Debug for Told {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Told(…)")
    }
}
