//! Making an index from a stream of addresses. While it is made it takes less than 30 bytes an account, if their number was known.

use super::keys::{Keys, SiteKey};
use super::sieve::Sieve;
use super::{Entry, Index, bucket_of, halves, whole};
use crate::list::address::Forms;

/// Entries a value of the directory, at the least.
const ENTRIES_A_BUCKET: u64 = 8;

/// More accounts than numbers for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an index holds at most 4,294,967,295 accounts")]
pub struct TooMany;

/// Takes addresses, one account after the other.
pub struct Builder {
    keys: Keys,
    forms: Forms,
    entries: Vec<Entry>,
    /// For the sieve, which can be made only when it is known for how many.
    sieve_keys: Vec<u64>,
    next: u32,
    unusable: u64,
}

impl Builder {
    /// For about so many accounts.
    pub fn new(key: &SiteKey, expected: usize) -> Self {
        let (mut entries, mut sieve_keys) = (Vec::new(), Vec::new());
        entries.reserve_exact(expected);
        sieve_keys.reserve_exact(expected);
        Self { keys: Keys::of(key), forms: Forms::default(), entries, sieve_keys, next: 0, unusable: 0 }
    }

    /// The next account's address, empty if it has none. Gives its number.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn push(&mut self, address: &[u8]) -> Result<u32, TooMany> {
        let account = self.next;
        self.next = account.checked_add(1).ok_or(TooMany)?;
        let Ok(canonical) = self.forms.of(address) else {
            self.unusable += 1;
            return Ok(account);
        };
        let person = halves(self.keys.person(canonical.person));
        let entry = Entry { person, exact: halves(self.keys.exact(canonical.exact)), account };
        push_tightly(&mut self.entries, entry);
        push_tightly(&mut self.sieve_keys, self.keys.sieve(canonical.person));
        Ok(account)
    }

    /// The index.
    pub fn finish(self) -> Index {
        let Self { keys, mut entries, sieve_keys, unusable, .. } = self;
        let sieve = Sieve::of(&sieve_keys);
        drop(sieve_keys);
        entries.sort_unstable();
        entries.shrink_to_fit();
        let bits = (entries.len() as u64 / ENTRIES_A_BUCKET).checked_ilog2().unwrap_or(0);
        let shift = 64 - bits;
        let starts = starts(&entries, bits, shift);
        Index { keys, sieve, entries, starts, shift, unusable }
    }
}

/// Grows by an eighth and not to the double.
fn push_tightly<T>(list: &mut Vec<T>, value: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 8).max(64));
    }
    list.push(value);
}

fn starts(entries: &[Entry], bits: u32, shift: u32) -> Vec<u32> {
    let mut starts = vec![0_u32; (1 << bits) + 1];
    for entry in entries {
        if let Some(next) = starts.get_mut(bucket_of(whole(entry.person), shift) + 1) {
            *next += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}
