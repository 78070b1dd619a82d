//! Without the server, and with answers that are lost: no edit is.

use super::super::testing::Fault;
use super::*;
use truebell_core::item::{PastWhy, State};
use truebell_engine::sync::View;

#[test]
fn two_devices_that_edit_one_item_offline_keep_both_edits() {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "first");
    synced(&mut laptop);
    let mut phone = story.second_device();
    story.server.offline(true);
    set(&mut laptop, at, "password", "from the laptop");
    story.server.pass(60);
    set(&mut phone, at, "password", "from the phone");
    set(&mut phone, at, "username", "ada@example.org");
    assert!(matches!(phone.sync().unwrap().view, View::Stale { .. }));
    story.server.offline(false);
    story.server.pass(60);
    synced(&mut laptop);
    assert_eq!(synced(&mut phone).merged, 1);
    synced(&mut laptop);
    for device in [&laptop, &phone] {
        let item = device.item(at).unwrap();
        assert_eq!(value(device, at, "password"), "from the phone");
        assert_eq!(value(device, at, "username"), "ada@example.org");
        let past: Vec<_> = item.detail.past.iter().map(|past| (past.value.expose(), past.why)).collect();
        assert_eq!(past, [("from the laptop", PastWhy::Merged)]);
        assert_eq!(device.history(at).unwrap().iter().map(|version| version.number).collect::<Vec<_>>(), [3, 2, 1]);
    }
    assert_eq!(laptop.status().unwrap().pending + phone.status().unwrap().pending, 0);
}

#[test]
fn everything_but_sign_in_works_with_the_server_gone_and_after_a_restart() {
    let (story, mut laptop) = Story::begin();
    let kept = add(&mut laptop, "Bank", "one");
    synced(&mut laptop);
    story.server.offline(true);
    let new = add(&mut laptop, "Shop", "two");
    set(&mut laptop, kept, "password", "three");
    laptop.trash(new).unwrap();
    drop(laptop);
    let mut laptop = story.unlock("laptop").unwrap();
    assert_eq!(value(&laptop, kept, "password"), "three");
    assert!(matches!(laptop.overview(new).unwrap().overview.state, State::Trashed { .. }));
    assert_eq!(laptop.status().unwrap().pending, 2);
    story.server.offline(false);
    assert_eq!(synced(&mut laptop).pushed, 2);
    assert_eq!(synced(&mut story.second_device()).pulled, 0, "the sign-in brought everything");
}

#[test]
fn a_commit_whose_answer_is_lost_is_stored_once() {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "one");
    story.server.fail_next("/v1/vaults/", Fault::AnswerLost);
    assert!(matches!(laptop.sync().unwrap().view, View::Stale { .. }));
    set(&mut laptop, at, "password", "two");
    drop(laptop);
    let mut laptop = story.unlock("laptop").unwrap();
    assert_eq!(value(&laptop, at, "password"), "two");
    synced(&mut laptop);
    assert_eq!(story.server.revisions(), 2, "one revision for each edit");
    let phone = story.second_device();
    assert_eq!(value(&phone, at, "password"), "two");
    assert_eq!(value(&phone, at, "username"), "ada");
}

#[test]
fn a_commit_that_never_arrived_is_sent_again_word_for_word() {
    let (story, mut laptop) = Story::begin();
    add(&mut laptop, "Mail", "one");
    story.server.fail_next("/v1/vaults/", Fault::Lost);
    assert!(matches!(laptop.sync().unwrap().view, View::Stale { .. }));
    assert_eq!(story.server.revisions(), 0);
    synced(&mut laptop);
    assert_eq!((story.server.revisions(), laptop.status().unwrap().pending), (1, 0));
}

#[test]
fn an_unanswered_commit_overtaken_by_another_device_is_rebased_with_the_edit_on_top() {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    let mut phone = story.second_device();
    set(&mut laptop, at, "password", "sent and lost");
    story.server.fail_next("/v1/vaults/", Fault::Lost);
    laptop.sync().unwrap();
    story.server.pass(60);
    set(&mut laptop, at, "username", "on top");
    set(&mut phone, at, "note-to-self", "from the phone");
    synced(&mut phone);
    story.server.pass(60);
    synced(&mut laptop);
    synced(&mut phone);
    for device in [&laptop, &phone] {
        assert_eq!(value(device, at, "username"), "on top");
        assert_eq!(value(device, at, "password"), "sent and lost");
        assert_eq!(value(device, at, "note-to-self"), "from the phone");
    }
}

#[test]
fn an_item_deleted_for_good_on_one_device_and_edited_on_the_other_comes_back() {
    let (story, mut laptop) = Story::begin();
    let (edited, plain) = (add(&mut laptop, "Mail", "one"), add(&mut laptop, "Old", "x"));
    synced(&mut laptop);
    let mut phone = story.second_device();
    laptop.purge(edited).unwrap();
    laptop.purge(plain).unwrap();
    set(&mut phone, edited, "password", "two");
    synced(&mut laptop);
    synced(&mut phone);
    synced(&mut laptop);
    for device in [&laptop, &phone] {
        assert_eq!(value(device, edited, "password"), "two");
        assert!(matches!(device.item(plain), Err(Error::NotFound { .. })));
    }
}

#[test]
fn a_restored_server_gets_back_what_it_lost_and_says_so() {
    let (story, mut laptop) = Story::begin();
    let old = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    story.server.back_up();
    set(&mut laptop, old, "password", "two");
    let new = add(&mut laptop, "Bank", "three");
    let vault = laptop.create_vault("Work").unwrap();
    let work = laptop.create(vault, login("Desk", "four")).unwrap();
    synced(&mut laptop);
    story.server.restore();
    let restored = synced(&mut laptop).restored.unwrap();
    assert_eq!(restored, "Your server came back from a backup. 3 items it had lost were sent again from this device.");
    assert_eq!(synced(&mut laptop).restored, None, "said once");
    let phone = story.second_device();
    for (at, expected) in [(old, "two"), (new, "three"), (work, "four")] {
        assert_eq!(value(&phone, at, "password"), expected);
        assert_eq!(value(&laptop, at, "password"), expected);
    }
    assert_eq!(phone.vaults().unwrap().len(), 2);
    drop(laptop);
    assert_eq!(value(&story.unlock("laptop").unwrap(), new, "password"), "three");
}

#[test]
fn vaults_are_made_and_named_offline() {
    let (story, mut laptop) = Story::begin();
    story.server.offline(true);
    let vault = laptop.create_vault("Wrok").unwrap();
    laptop.rename_vault(vault, "Work").unwrap();
    let at = laptop.create(vault, login("Desk", "four")).unwrap();
    story.server.offline(false);
    synced(&mut laptop);
    let phone = story.second_device();
    assert_eq!(
        phone.vaults().unwrap().into_iter().map(|vault| (vault.name, vault.items)).collect::<Vec<_>>(),
        [("Personal".into(), 0), ("Work".into(), 1)]
    );
    assert_eq!(phone.find_vault(Some("work")).unwrap(), at.vault);
}

#[test]
fn an_import_of_thousands_is_one_transaction_and_several_commits() {
    let (story, mut laptop) = Story::begin();
    let vault = laptop.find_vault(None).unwrap();
    let items = (0..2_300).map(|number| login(&format!("Site {number:04}"), "secret")).collect();
    assert_eq!(laptop.import(vault, items).unwrap().len(), 2_300);
    story.server.requests();
    assert_eq!(synced(&mut laptop).pushed, 2_300);
    let commits = story.server.requests().iter().filter(|path| path.ends_with("/commits")).count();
    assert_eq!(commits, 3);
    assert_eq!(laptop.search("site 0042", &Filter::default()).len(), 1);
    assert_eq!(story.second_device().list(&Filter::default()).len(), 2_300);
}

#[test]
fn attachments_come_out_as_they_went_in_on_another_device() {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Papers", "x");
    let file: Vec<u8> = (0..(5_usize << 19)).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let attached = laptop.attach(at, "/home/ada/passport.pdf", &mut file.as_slice()).unwrap();
    let empty = laptop.attach(at, "empty", &mut [].as_slice()).unwrap();
    assert_eq!((attached.name.as_str(), attached.size_bytes), ("passport.pdf", file.len() as u64));
    story.server.fail_next("/v1/vaults/", Fault::AnswerLost);
    laptop.sync().unwrap();
    synced(&mut laptop);
    let mut phone = story.second_device();
    for _ in 0..2 {
        let mut out = Vec::new();
        phone.read_attachment(at, attached.id, &mut out).unwrap();
        assert!(out == file);
        story.server.offline(true);
    }
    story.server.offline(false);
    let mut out = Vec::new();
    phone.read_attachment(at, empty.id, &mut out).unwrap();
    assert!(out.is_empty());
    phone.purge(at).unwrap();
    synced(&mut phone);
    assert_eq!(story.server.chunks(), 0, "deleted with its item");
}

#[test]
fn old_versions_are_read_and_restored() {
    let (_story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    set(&mut laptop, at, "password", "two");
    synced(&mut laptop);
    set(&mut laptop, at, "password", "three");
    assert_eq!(
        laptop.history(at).unwrap().iter().map(|version| (version.number, version.pending)).collect::<Vec<_>>(),
        [(3, true), (2, false), (1, false)]
    );
    laptop.restore_version(at, 1).unwrap();
    assert_eq!(value(&laptop, at, "password"), "one");
    let item = laptop.item(at).unwrap();
    assert_eq!(item.detail.past[0].value.expose(), "three", "an edit no server has seen is remembered");
}
