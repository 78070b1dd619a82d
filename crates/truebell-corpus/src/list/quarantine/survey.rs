//! What is counted while a list is read. Memory does not follow the list, and no password stays: of each record only the one before it and 64 bits of its password are kept.

use super::text::{holds_name_of, is_made_by_a_person, is_mojibake, names_of};
use super::verdict::{Test, Verdict};
use crate::list::PASSWORD_BYTES_MAX;
use crate::list::beside::{Beside, Record};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use zeroize::{Zeroize, Zeroizing};

/// Passwords of which the most frequent one is looked for.
const SAMPLE: usize = 1 << 16;

/// Counts for the tests that need a list and nothing else.
pub struct Survey {
    /// Whoever does not know the key cannot make a list whose sample looks otherwise than the list.
    hasher: SipHasher13,
    /// A sample of all passwords, as 64 bits each.
    sample: Vec<u64>,
    passwords: u64,
    by_people: u64,
    beyond_ascii: u64,
    mojibake: u64,
    asked: u64,
    known: u64,
    named: u64,
    own: u64,
    before: u64,
    behind: u64,
    addresses: u64,
    ascending: u64,
    last: One,
    /// Room for the next one.
    next: One,
}

/// A record in lower case, for as long as its neighbours may ask.
#[derive(Default)]
struct One {
    address: Vec<u8>,
    /// Empty where there is none.
    password: Zeroizing<Vec<u8>>,
    holds_own: bool,
}

impl One {
    fn set(&mut self, address: &[u8], password: &[u8]) {
        self.address.clear();
        self.address.extend_from_slice(address);
        self.address.make_ascii_lowercase();
        self.password.as_mut_slice().zeroize();
        self.password.clear();
        // Its whole size from the start, so that no copy is left behind when it grows.
        if self.password.capacity() < PASSWORD_BYTES_MAX {
            self.password.reserve_exact(PASSWORD_BYTES_MAX);
        }
        self.password.extend_from_slice(password);
        self.password.make_ascii_lowercase();
        self.holds_own = holds_name_of(&self.password, &self.address);
    }

    /// Whether its password is of the other's address, and not of its own.
    fn holds_name_of(&self, other: &Self) -> bool {
        !self.holds_own && !self.password.is_empty() && self.address != other.address && holds_name_of(&self.password, &other.address)
    }
}

impl Survey {
    /// With a key that nobody knows.
    pub fn new(key: &[u8; 16]) -> Self {
        Self {
            hasher: SipHasher13::new_with_key(key),
            sample: Vec::new(),
            passwords: 0,
            by_people: 0,
            beyond_ascii: 0,
            mojibake: 0,
            asked: 0,
            known: 0,
            named: 0,
            own: 0,
            before: 0,
            behind: 0,
            addresses: 0,
            ascending: 0,
            last: One::default(),
            next: One::default(),
        }
    }

    /// The next record.
    pub fn push(&mut self, record: &Record<'_>) {
        let password = match record.beside {
            Beside::Password { bytes, .. } => bytes,
            _ => &[],
        };
        self.next.set(record.address, password);
        self.addresses += 1;
        self.ascending += u64::from(self.last.address <= self.next.address);
        if !password.is_empty() {
            self.look_at(password);
            self.named += u64::from(names_of(&self.next.address).next().is_some());
            self.own += u64::from(self.next.holds_own);
        }
        self.before += u64::from(self.next.holds_name_of(&self.last));
        self.behind += u64::from(self.last.holds_name_of(&self.next));
        std::mem::swap(&mut self.last, &mut self.next);
    }

    /// Whether a password of the list is in a corpus of those known from elsewhere. Need not be asked of all.
    pub const fn note_known(&mut self, known: bool) {
        self.asked += 1;
        self.known += known as u64;
    }

    /// Whether the addresses are sorted.
    pub fn is_sorted(&self) -> bool {
        self.addresses > 1 && self.ascending * 10 >= self.addresses * 9
    }

    /// What can be said of the list.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let most = self.most_frequent();
        let sampled = self.sample.len() as u64;
        let neighbour = self.before.max(self.behind);
        let mut verdicts = vec![
            Test::OnePassword.judge(most, sampled),
            Test::NoFavourite.judge(most, sampled),
            Test::Random.judge(self.by_people, self.passwords),
            Test::Unrelated.judge(self.own, self.named),
            Test::Shifted.judge(neighbour, neighbour + self.own),
            Test::Mojibake.judge(self.mojibake, self.beyond_ascii),
        ];
        if self.asked > 0 {
            verdicts.push(Test::NotKnown.judge(self.known, self.asked));
        }
        verdicts
    }

    fn look_at(&mut self, password: &[u8]) {
        self.passwords += 1;
        let mut hasher = self.hasher;
        hasher.write(password);
        self.keep(hasher.finish());
        let Ok(text) = str::from_utf8(password) else { return };
        self.by_people += u64::from(is_made_by_a_person(text));
        if !text.is_ascii() {
            self.beyond_ascii += 1;
            self.mojibake += u64::from(is_mojibake(text));
        }
    }

    /// Reservoir sampling (Vitter's algorithm R); the place comes from a hash of the record's number, so that a survey can be repeated.
    fn keep(&mut self, fingerprint: u64) {
        if self.sample.len() < SAMPLE {
            return self.sample.push(fingerprint);
        }
        let mut hasher = self.hasher;
        hasher.write_u64(self.passwords);
        let place = (u128::from(hasher.finish()) * u128::from(self.passwords)) >> 64;
        if let Some(place) = usize::try_from(place).ok().and_then(|place| self.sample.get_mut(place)) {
            *place = fingerprint;
        }
    }

    fn most_frequent(&self) -> u64 {
        let mut sample = self.sample.clone();
        sample.sort_unstable();
        sample.chunk_by(PartialEq::eq).map(|same| same.len() as u64).max().unwrap_or(0)
    }
}

impl Drop for Survey {
    fn drop(&mut self) {
        self.sample.zeroize();
    }
}
