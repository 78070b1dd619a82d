//! Sealed items, moved, changed, left out: MS-07, MS-08, MS-10, MS-11, MS-16, MS-18, MS-25, MS-26.

use crate::story::{Story, add, login, set, synced, value};
use std::collections::BTreeSet;
use truebell_client::Filter;
use truebell_core::item::Site;

const VAULT: &str = "Your server sent items whose proof does not add up; none of them was taken.";
const CUT: &str = "The answer of your server was cut short; nothing of it was taken.";

#[test]
fn ms_07_ciphertexts_swapped_between_parts_items_and_vaults_are_refused() {
    Story::refuses_all(&["ms-07-swap-parts", "ms-07-swap-items", "ms-07-swap-vaults"], VAULT);
}

#[test]
fn ms_07_ciphertexts_of_another_account_are_refused() {
    let (story, mut laptop, _phone, _) = Story::with_news();
    let mut bob = story.bob();
    for title in ["Bobs mail", "Bobs bank", "Bobs desk"] {
        add(&mut bob, title, "bobs");
    }
    synced(&mut bob);
    story.refuses(&mut laptop, "ms-07-swap-accounts", VAULT);
    synced(&mut laptop);
    assert!(
        laptop
            .list(&Filter::default())
            .iter()
            .all(|listed| value(&laptop, truebell_client::ItemRef { vault: listed.vault, item: listed.id }) != "bobs")
    );
}

#[test]
fn ms_08_nothing_in_an_item_makes_a_request() {
    let (story, mut laptop, mail) = Story::begin();
    let address = format!("{}/icon-of-a-secret", story.server.url());
    let mut item = login("Icon", &address);
    item.overview.sites.push(Site { url: address.clone(), ..Site::default() });
    let vault = laptop.find_vault(None).unwrap();
    let at = laptop.create(vault, item).unwrap();
    set(&mut laptop, mail, &address);
    synced(&mut laptop);
    let mut phone = story.sign_in("phone").unwrap();
    synced(&mut phone);
    for device in [&laptop, &phone] {
        assert_eq!(value(device, at), address);
        assert_eq!(device.search("icon", &Filter::default()).len(), 1);
    }
    let heard = story.server.heard();
    assert!(heard.iter().any(|(_, path, _)| path == "/v1/sync"), "it does hear");
    assert!(heard.iter().all(|(_, path, _)| !path.contains("icon")), "{heard:?}");
}

#[test]
fn ms_10_a_flipped_bit_is_refused() {
    Story::refuses_all(&["ms-10-flip-item"], VAULT);
}

#[test]
fn ms_11_dropped_doubled_reordered_and_deleted_revisions_are_refused() {
    Story::refuses_all(&["ms-11-drop", "ms-11-duplicate", "ms-11-reorder", "ms-11-tombstone", "ms-11-huge-number"], VAULT);
}

#[test]
fn ms_11_a_sequence_that_reads_as_minus_one_deletes_nothing() {
    Story::refuses_all(&["ms-11-negative-sequence"], VAULT);
}

#[test]
fn ms_11_a_stream_without_its_end_is_not_taken() {
    Story::refuses_all(&["ms-11-cut"], CUT);
}

#[test]
fn ms_16_a_lower_suite_is_refused() {
    Story::refuses_all(&["ms-16-lower-suite"], VAULT);
}

#[test]
fn ms_18_an_old_cipher_is_not_read() {
    Story::refuses_all(&["ms-18-legacy-cipher"], VAULT);
}

#[test]
fn ms_25_what_was_sealed_as_one_thing_opens_as_no_other() {
    Story::refuses_all(&["ms-25-exchange-parts"], VAULT);
}

#[test]
fn ms_26_sizes_say_little_and_the_same_file_twice_is_not_seen_to_be_the_same() {
    let (story, mut laptop, mail) = Story::begin();
    let mut sizes = BTreeSet::new();
    for length in (1..=24).step_by(3) {
        add(&mut laptop, "Bank", &"a".repeat(length));
        synced(&mut laptop);
        sizes.extend(story.server.heard().into_iter().rev().find(|(_, path, _)| path.ends_with("/commits")).map(|(_, _, bytes)| bytes));
    }
    assert!(sizes.len() <= 3, "eight lengths of a password are told apart too well: {sizes:?}");
    for file in [&b"one file"[..], b"one file", b"another file, and a longer one"] {
        laptop.attach(mail, "a.txt", &mut &*file).unwrap();
    }
    synced(&mut laptop);
    let parts: Vec<u64> = story.server.heard().into_iter().filter(|(method, ..)| method == "PUT").map(|(_, _, bytes)| bytes).collect();
    assert_eq!((parts.len(), story.server.repeats()), (3, 0));
    assert!(parts.iter().all(|bytes| *bytes == parts[0]), "{parts:?}");
}
