//! One pass of a list over an index: which accounts its records are of. Never here: whether a candidate verifies.

use super::address::{Canonical, FORM_BYTES_MAX, Forms};
use super::beside::{Beside, HashForm, Record};
use super::encoding::Encoding;
use super::index::{Index, Known};
use std::ops::Range;
use zeroize::{Zeroize, Zeroizing};

/// How an account's address and that of a record belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// One address: evidence grade E1, once the password verifies.
    Same,
    /// Probably of one person: E2.
    Linked,
}

/// A record is of an account.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The account's number in the index.
    pub account: u32,
    /// How they belong together.
    pub relation: Relation,
    /// The candidate, if there is one. It is there for as long as the call takes.
    pub beside: Beside<'a>,
    /// The record's line.
    pub line: u64,
}

/// What a pass has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records.
    pub records: u64,
    /// Records of which an account has the very address.
    pub same: u64,
    /// Records that only linked accounts were found for.
    pub linked: u64,
    /// Records whose address two accounts have: neither was hit.
    pub ambiguous: u64,
    /// Records of a person with more than 8 accounts: those that are only linked were not hit.
    pub crowded: u64,
    /// Records whose address has no canonical form.
    pub not_addresses: u64,
}

/// Accounts that may be linked to one address; a mailbox with more is one of many people.
const LINKED_MAX: usize = 8;
/// Records that are looked up together, so that their cache misses are waited for together.
const BATCH: usize = 64;

/// Both forms of an address, and a candidate.
const RECORD_BYTES_MAX: usize = 2 * FORM_BYTES_MAX + super::PASSWORD_BYTES_MAX;
/// Room for records of a usual size; where they are longer a batch has fewer of them.
const BATCH_BYTES: usize = BATCH * 96 + RECORD_BYTES_MAX;

/// Looks records up.
pub struct Matcher<'a> {
    index: &'a Index,
    forms: Forms,
    batch: Vec<Waiting>,
    /// Addresses and candidates of the batch; wiped when it is done.
    bytes: Zeroizing<Vec<u8>>,
    seen: Seen,
}

/// A record of the batch: where its parts are.
struct Waiting {
    sieve_key: u64,
    line: u64,
    exact: Range<usize>,
    person: Range<usize>,
    beside: Kept,
}

enum Kept {
    Password(Range<usize>, Encoding),
    Hash(HashForm),
    Nothing,
}

impl<'a> Matcher<'a> {
    /// Over this index.
    pub fn new(index: &'a Index) -> Self {
        let bytes = Zeroizing::new(Vec::with_capacity(BATCH_BYTES));
        Self { index, forms: Forms::default(), batch: Vec::with_capacity(BATCH), bytes, seen: Seen::default() }
    }

    /// What was seen so far, but for the records that still wait.
    pub const fn seen(&self) -> Seen {
        self.seen
    }

    /// The next record. Hits come in the order of the records, some time later.
    pub fn push(&mut self, record: &Record<'_>, each: &mut impl FnMut(&Hit<'_>)) {
        self.seen.records += 1;
        let Ok(canonical) = self.forms.of(record.address) else {
            self.seen.not_addresses += 1;
            return;
        };
        let sieve_key = self.index.sieve_key(canonical);
        let mut keep = |part: &[u8]| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(part);
            start..self.bytes.len()
        };
        let (exact, person) = (keep(canonical.exact), keep(canonical.person));
        let beside = match record.beside {
            Beside::Password { bytes, encoding } => Kept::Password(keep(bytes), encoding),
            Beside::Hash(form) => Kept::Hash(form),
            Beside::Nothing => Kept::Nothing,
        };
        self.batch.push(Waiting { sieve_key, line: record.line, exact, person, beside });
        // Never grown, so that no copy of a candidate is left behind.
        if self.batch.len() >= BATCH || self.bytes.len() + RECORD_BYTES_MAX > BATCH_BYTES {
            self.flush(each);
        }
    }

    /// Looks up what waits. Needed after the last record.
    pub fn flush(&mut self, each: &mut impl FnMut(&Hit<'_>)) {
        let Self { index, batch, bytes, seen, .. } = self;
        let mut may_be = [false; BATCH];
        for (may_be, waiting) in may_be.iter_mut().zip(batch.iter()) {
            *may_be = index.may_know(waiting.sieve_key);
        }
        for (_, waiting) in may_be.iter().zip(batch.iter()).filter(|(may_be, _)| **may_be) {
            look_up(index, waiting, bytes, seen, each);
        }
        batch.clear();
        bytes.as_mut_slice().zeroize();
        bytes.clear();
    }
}

fn look_up(index: &Index, waiting: &Waiting, bytes: &[u8], seen: &mut Seen, each: &mut impl FnMut(&Hit<'_>)) {
    let part = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
    let canonical = Canonical { exact: part(&waiting.exact), person: part(&waiting.person) };
    let Known::Entries { run, exact } = index.look_up(canonical) else { return };
    let beside = match &waiting.beside {
        Kept::Password(range, encoding) => Beside::Password { bytes: part(range), encoding: *encoding },
        Kept::Hash(form) => Beside::Hash(*form),
        Kept::Nothing => Beside::Nothing,
    };
    let same = run.iter().filter(|entry| entry.is_exactly(exact)).count();
    let linked = run.len() - same;
    match same {
        0 if linked <= LINKED_MAX => seen.linked += 1,
        0 => {}
        1 => seen.same += 1,
        _ => seen.ambiguous += 1,
    }
    seen.crowded += u64::from(linked > LINKED_MAX);
    for entry in run {
        let relation = if entry.is_exactly(exact) { Relation::Same } else { Relation::Linked };
        let is_meant = match relation {
            Relation::Same => same == 1,
            Relation::Linked => linked <= LINKED_MAX,
        };
        if is_meant {
            each(&Hit { account: entry.account(), relation, beside, line: waiting.line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, Reader, SiteKey};
    use super::*;

    fn index(addresses: &[&str]) -> Index {
        Index::build(&SiteKey::new(&[7; 32]), addresses).unwrap()
    }

    fn hits(index: &Index, list: &str) -> (Vec<(u64, u32, Relation, String)>, Seen) {
        let (mut matcher, mut hits) = (Matcher::new(index), Vec::new());
        let mut each = |hit: &Hit<'_>| {
            let beside = match hit.beside {
                Beside::Password { bytes, .. } => String::from_utf8(bytes.to_vec()).unwrap(),
                other => format!("{other:?}"),
            };
            hits.push((hit.line, hit.account, hit.relation, beside));
        };
        let mut reader = Reader::new("colon".parse::<Dialect>().unwrap());
        let mut records = |record: &Record<'_>| matcher.push(record, &mut each);
        reader.feed(list.as_bytes(), &mut records);
        reader.finish(&mut records);
        matcher.flush(&mut each);
        (hits, matcher.seen())
    }

    #[test]
    fn a_record_hits_its_own_account_and_those_linked_to_it() {
        let index = index(&["ada@example.org", "bob@example.org", "ada+shop@example.org"]);
        let (hits, seen) = hits(&index, "eve@example.org:x\nAda@Example.org:pa:ss\nbob+1@example.org:y\nbob@example.org:\nnobody\n");
        let of = |line, account, relation, beside: &str| (line, account, relation, beside.to_owned());
        assert_eq!(
            hits,
            [
                of(2, 0, Relation::Same, "pa:ss"),
                of(2, 2, Relation::Linked, "pa:ss"),
                of(3, 1, Relation::Linked, "y"),
                of(4, 1, Relation::Same, "Nothing")
            ]
        );
        assert_eq!(seen, Seen { records: 4, same: 2, linked: 1, ..Seen::default() });
    }

    #[test]
    fn one_address_of_two_accounts_hits_neither() {
        let index = index(&["ada@example.org", "ADA@example.org", "ada+x@example.org"]);
        let (hits, seen) = hits(&index, "ada@example.org:x\nada+x@example.org:y\n");
        let mut relations: Vec<_> =
            hits.into_iter().map(|(line, account, relation, _)| (line, account, relation == Relation::Same)).collect();
        relations.sort_unstable();
        assert_eq!(relations, [(1, 2, false), (2, 0, false), (2, 1, false), (2, 2, true)]);
        assert_eq!((seen.ambiguous, seen.same), (1, 1));
    }

    #[test]
    fn a_mailbox_with_many_accounts_links_none_of_them() {
        let addresses: Vec<String> = (0..10).map(|number| format!("all+{number}@example.org")).collect();
        let index = index(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
        let (hits, seen) = hits(&index, "all@example.org:x\nall+3@example.org:y\n");
        assert_eq!(hits, [(2, 3, Relation::Same, "y".to_owned())]);
        assert_eq!((seen.crowded, seen.same, seen.linked), (2, 1, 0));
    }

    #[test]
    fn more_records_than_a_batch_and_longer_ones_than_its_room_all_arrive() {
        let addresses: Vec<String> = (0..300).map(|number| format!("user{number}@example.org")).collect();
        let index = index(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
        let password = "p".repeat(super::super::PASSWORD_BYTES_MAX);
        let list: String = addresses.iter().map(|address| format!("{address}:{password}\n")).collect();
        let (hits, seen) = hits(&index, &list);
        let expect: Vec<_> = (0..300).map(|number| (u64::from(number) + 1, number, Relation::Same, password.clone())).collect();
        assert_eq!((hits == expect, seen.same), (true, 300));
    }
}
