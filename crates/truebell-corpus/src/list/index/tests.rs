//! What an index knows, and how much room it takes.

use super::super::address::Forms;
use super::*;

fn key(byte: u8) -> SiteKey {
    SiteKey::new(&[byte; 32])
}

/// Accounts of the same person, and whether they have the very address.
fn known(index: &Index, address: &str) -> Vec<(u32, bool)> {
    let mut forms = Forms::default();
    let canonical = forms.of(address.as_bytes()).unwrap();
    let may = index.may_know(index.sieve_key(canonical));
    let mut known = match index.look_up(canonical) {
        Known::Nobody => Vec::new(),
        Known::Entries { run, exact } => run.iter().map(|entry| (entry.account(), entry.is_exactly(exact))).collect(),
    };
    assert!(may || known.is_empty(), "{address} was sieved out");
    known.sort_unstable();
    known
}

#[test]
fn an_account_is_known_by_any_spelling_and_linked_by_its_tags() {
    let index = Index::build(&key(1), ["ada@example.org", "", "Bob@Example.org", "ada+shop@example.org", "no address"]).unwrap();
    assert_eq!((index.accounts(), index.unusable()), (3, 2));
    assert_eq!(known(&index, "ADA@example.org."), [(0, true), (3, false)]);
    assert_eq!(known(&index, "bob@example.org"), [(2, true)]);
    assert_eq!(known(&index, "bob+x@example.org"), [(2, false)]);
    assert_eq!(known(&index, "eve@example.org"), []);
}

#[test]
fn two_accounts_with_one_address_are_told() {
    let index = Index::build(&key(1), ["ada@example.org", "bob@example.org", "Ada@example.org", "\"ada\"@EXAMPLE.org"]).unwrap();
    let ambiguities: Vec<_> = index.ambiguities().collect();
    assert_eq!(ambiguities, [Ambiguity { accounts: vec![0, 2, 3] }]);
}

#[test]
fn every_account_of_many_is_found_under_its_own_key_and_none_under_another() {
    let addresses: Vec<String> = (0..20_000).map(|number| format!("user{number}@example{}.org", number % 7)).collect();
    let index = Index::build(&key(1), &addresses).unwrap();
    for (number, address) in addresses.iter().enumerate() {
        assert_eq!(known(&index, address), [(u32::try_from(number).unwrap(), true)], "{address}");
    }
    let other = Index::build(&key(2), &addresses).unwrap();
    let persons: std::collections::BTreeSet<_> = index.entries.iter().map(|entry| entry.person).collect();
    assert_eq!(other.entries.iter().filter(|entry| persons.contains(&entry.person)).count(), 0);
}

#[test]
fn an_account_takes_less_than_thirty_bytes() {
    let addresses = (0..100_000).map(|number| format!("user{number}@example.org"));
    let index = Index::build(&key(1), addresses).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = index.bytes() as f64 / index.accounts() as f64;
    assert!(each < 23.0, "{each} bytes an account");
}

#[test]
fn an_empty_index_knows_nobody() {
    let index = Index::build(&key(1), [""; 0]).unwrap();
    assert_eq!(known(&index, "ada@example.org"), []);
    assert_eq!(index.ambiguities().count(), 0);
}
