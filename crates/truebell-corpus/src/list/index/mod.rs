//! The addresses that are looked for, as keyed hashes: 22 bytes an account. Never here: an address, or whose list is read.

mod build;
mod keys;
mod sieve;

pub use build::{Builder, TooMany};
pub use keys::SiteKey;

use super::address::Canonical;
use keys::Keys;
use sieve::Sieve;

/// One account. Halves of 32 bits, so that an entry has 20 bytes and no gap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    person: [u32; 2],
    exact: [u32; 2],
    account: u32,
}

/// The accounts of one site.
pub struct Index {
    keys: Keys,
    sieve: Sieve,
    /// In order.
    entries: Vec<Entry>,
    /// Where the entries of each value of `person`'s top bits begin, and after the last the end.
    starts: Vec<u32>,
    /// How far `person` is shifted to give its top bits.
    shift: u32,
    unusable: u64,
}

/// Accounts that cannot be told apart by their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity {
    /// Their numbers, ascending.
    pub accounts: Vec<u32>,
}

/// What is known of an address.
pub(super) enum Known<'a> {
    /// Entries of one person; those that are the very address say so of `exact`.
    Entries {
        run: &'a [Entry],
        exact: [u32; 2],
    },
    Nobody,
}

impl Entry {
    pub(super) const fn account(&self) -> u32 {
        self.account
    }

    pub(super) fn is_exactly(&self, exact: [u32; 2]) -> bool {
        self.exact == exact
    }
}

const fn halves(number: u64) -> [u32; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are wanted")]
    let halves = [(number >> 32) as u32, number as u32];
    halves
}

const fn whole(halves: [u32; 2]) -> u64 {
    let [high, low] = halves;
    (high as u64) << 32 | low as u64
}

impl Index {
    /// Makes one; an account's number is its place in the iterator.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn build(key: &SiteKey, addresses: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self, TooMany> {
        let addresses = addresses.into_iter();
        let mut builder = Builder::new(key, addresses.size_hint().0);
        for address in addresses {
            builder.push(address.as_ref())?;
        }
        Ok(builder.finish())
    }

    /// Accounts with an address that can be matched.
    pub fn accounts(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Accounts without one: `NULL`, or no address.
    pub const fn unusable(&self) -> u64 {
        self.unusable
    }

    /// Memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.starts.capacity() * size_of::<u32>() + self.sieve.bytes()
    }

    /// Accounts that have one canonical address. Neither is ever hit by it: which of them a list means is not known.
    pub fn ambiguities(&self) -> impl Iterator<Item = Ambiguity> {
        let same = |one: &Entry, other: &Entry| one.person == other.person && one.exact == other.exact;
        let groups = self.entries.chunk_by(same).filter(|group| group.len() > 1);
        groups.map(|group| Ambiguity { accounts: group.iter().map(Entry::account).collect() })
    }

    /// What an address is sieved by.
    pub(super) fn sieve_key(&self, canonical: Canonical<'_>) -> u64 {
        self.keys.sieve(canonical.person)
    }

    /// Whether an address with this key may be known. One in some 200 that is not may be too.
    pub(super) fn may_know(&self, sieve_key: u64) -> bool {
        self.sieve.may_have(sieve_key)
    }

    /// What is known of an address.
    pub(super) fn look_up(&self, canonical: Canonical<'_>) -> Known<'_> {
        let run = self.run(self.keys.person(canonical.person));
        if run.is_empty() { Known::Nobody } else { Known::Entries { run, exact: halves(self.keys.exact(canonical.exact)) } }
    }

    fn run(&self, person: u64) -> &[Entry] {
        let bucket = bucket_of(person, self.shift);
        let place = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        let bucket = self.entries.get(place(bucket)..place(bucket + 1)).unwrap_or_default();
        let wanted = halves(person);
        let from = bucket.iter().take_while(|entry| entry.person < wanted).count();
        let rest = bucket.get(from..).unwrap_or_default();
        let length = rest.iter().take_while(|entry| entry.person == wanted).count();
        rest.get(..length).unwrap_or_default()
    }
}

/// By the top bits.
fn bucket_of(person: u64, shift: u32) -> usize {
    usize::try_from(person.checked_shr(shift).unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
