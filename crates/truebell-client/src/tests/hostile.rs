//! The hostile-server table, seen from a whole client: it fails closed, keeps its data, and says the right thing.

use super::super::testing::{Fault, forged_event};
use super::*;
use truebell_core::time::UnixMillis;
use truebell_core::vault::Kind;
use truebell_core::wire::sync::Frame;
use truebell_engine::sync::{Unproven, View, Why};

/// A laptop with one item, and news for it that it has not heard.
fn news() -> (Story, Client, ItemRef) {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    let mut phone = story.second_device();
    synced(&mut laptop);
    let seqs: Vec<u64> = laptop.unseen().unwrap().iter().map(|entry| entry.notice.seq).collect();
    laptop.mark_seen(&seqs).unwrap();
    set(&mut phone, at, "password", "two");
    add(&mut phone, "Bank", "three");
    synced(&mut phone);
    (story, laptop, at)
}

/// Nothing of a lie is kept, nothing is shown as an alarm, and the next honest answer is taken.
fn refuses(tamper: fn(&mut Vec<Frame>), expected: Unproven) {
    let (story, mut laptop, at) = news();
    story.server.tamper(Some(tamper));
    let said = laptop.sync().unwrap();
    assert!(matches!(&said.view, View::Stale { since: Some(_), why: Why::Unproven { what } } if *what == expected), "{said:?}");
    assert!(said.sentence.ends_with("Nothing about your account changed."), "{}", said.sentence);
    assert_eq!((value(&laptop, at, "password").as_str(), laptop.list(&Filter::default()).len()), ("one", 1));
    assert_eq!(laptop.unseen().unwrap(), []);
    story.server.tamper(None);
    story.server.pass(3600);
    synced(&mut laptop);
    assert_eq!((value(&laptop, at, "password").as_str(), laptop.list(&Filter::default()).len()), ("two", 2));
}

#[test]
fn ms_07_swapped_ciphertexts_are_refused() {
    refuses(
        |frames| {
            for frame in frames {
                if let Frame::Revisions(_, revisions) = frame {
                    revisions.iter_mut().for_each(|revision| std::mem::swap(&mut revision.overview, &mut revision.detail));
                }
            }
        },
        Unproven::Vault,
    );
}

#[test]
fn ms_11_a_withheld_revision_is_missed() {
    refuses(
        |frames| {
            for frame in frames {
                if let Frame::Revisions(_, revisions) = frame {
                    revisions.pop();
                }
            }
        },
        Unproven::Vault,
    );
}

#[test]
fn ms_11_an_invented_tombstone_deletes_nothing() {
    refuses(
        |frames| {
            for frame in frames {
                if let Frame::Revisions(_, revisions) = frame {
                    for revision in revisions {
                        (revision.kind, revision.overview, revision.detail) = (Kind::Tombstone, vec![], vec![]);
                    }
                }
            }
        },
        Unproven::Vault,
    );
}

#[test]
fn ms_11_a_stream_without_its_end_is_not_taken() {
    refuses(|frames| drop(frames.pop()), Unproven::Incomplete);
}

#[test]
fn ms_15_a_swapped_vault_key_is_refused() {
    let (story, mut laptop, _) = news();
    laptop.create_vault("Work").unwrap();
    synced(&mut laptop);
    story.server.tamper(Some(|frames| {
        for frame in frames {
            if let Frame::Vault(info) = frame {
                info.key[60] ^= 1;
            }
        }
    }));
    let tablet = story.sign_in("tablet", &password()).unwrap();
    assert!(matches!(&tablet.status().unwrap().sync, View::Stale { why: Why::Unproven { what: Unproven::Keys }, .. }));
    assert_eq!(tablet.list(&Filter::default()).len(), 0);
}

#[test]
fn ms_19_a_rolled_back_server_is_not_followed() {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    story.server.back_up();
    set(&mut laptop, at, "password", "two");
    synced(&mut laptop);
    story.server.roll_back();
    let said = laptop.sync().unwrap();
    assert!(
        said.sentence.starts_with("Your server offers an older state than this device has seen; it was not taken."),
        "{}",
        said.sentence
    );
    assert_eq!(value(&laptop, at, "password"), "two");
    drop(laptop);
    let mut laptop = story.unlock("laptop").unwrap();
    assert!(laptop.sync().unwrap().sentence.contains("older state"), "remembered across a restart");
}

#[test]
fn ms_20_a_forked_vault_is_seen() {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    let mut phone = story.second_device();
    synced(&mut laptop);
    story.server.back_up();
    set(&mut laptop, at, "password", "seen by the laptop");
    synced(&mut laptop);
    story.server.roll_back();
    set(&mut phone, at, "password", "seen by the phone");
    synced(&mut phone);
    let said = laptop.sync().unwrap();
    assert!(said.sentence.starts_with("Your server shows this device another history than before"), "{}", said.sentence);
    assert_eq!(value(&laptop, at, "password"), "seen by the laptop");
}

#[test]
fn ms_22_a_forged_event_raises_no_alarm() {
    refuses(|frames| frames.insert(0, Frame::Event(forged_event())), Unproven::Event);
}

#[test]
fn ms_23_a_withheld_event_is_missed() {
    let (story, mut laptop) = Story::begin();
    let mut phone = story.second_device();
    laptop.change_password(&password(), &Secret::new("a new one")).err();
    story.server.tamper(Some(|frames| frames.retain(|frame| !matches!(frame, Frame::Event(_) | Frame::Record(_)))));
    let said = phone.sync().unwrap();
    assert!(matches!(&said.view, View::Stale { why: Why::Unproven { what: Unproven::Withheld }, .. }), "{said:?}");
    assert!(said.sentence.contains("names something that happened to this account which it does not show"), "{}", said.sentence);
    assert!(said.notices == 0 && phone.unseen().unwrap().is_empty(), "told of as withheld, and not as an alarm");
}

#[test]
fn ms_30_swapped_and_cut_attachments_are_refused() {
    for harm in [Fake::swap_chunks, Fake::cut_chunks] {
        let (story, mut laptop) = Story::begin();
        let at = add(&mut laptop, "Papers", "x");
        let file = vec![9; (1 << 20) + 100];
        let attached = laptop.attach(at, "a.bin", &mut file.as_slice()).unwrap();
        synced(&mut laptop);
        harm(&story.server);
        let mut phone = story.second_device();
        let error = phone.read_attachment(at, attached.id, &mut Vec::new()).err().unwrap();
        assert!(matches!(error, Error::Attachment { .. } | Error::Server(Why::Refused { .. })), "{error}");
        laptop.read_attachment(at, attached.id, &mut Vec::new()).unwrap();
    }
}

#[test]
fn a_stranger_in_between_is_named_and_changes_nothing() {
    let (story, mut laptop, at) = news();
    for page in ["<html><title>Blocked by Example</title>Your password was changed!</html>", "{\"error\":\"password changed\"}", ""] {
        story.server.fail_next("/v1/sync", Fault::Stranger(page));
        let said = laptop.sync().unwrap();
        assert!(said.sentence.starts_with("Someone between this device and your server answered:"), "{}", said.sentence);
        assert!(said.sentence.ends_with("Nothing about your account changed."), "{}", said.sentence);
        assert_eq!((value(&laptop, at, "password").as_str(), laptop.unseen().unwrap().len()), ("one", 0));
    }
    assert_eq!(laptop.trace().unwrap()[0].because, "it carried no head signed by your server, so it was not your server");
    synced(&mut laptop);
}

#[test]
fn another_server_at_the_same_address_is_not_believed() {
    let (story, mut laptop, at) = news();
    story.server.replace();
    assert!(matches!(laptop.sync().unwrap().view, View::Stale { why: Why::Intercepted { .. }, .. }));
    assert_eq!(value(&laptop, at, "password"), "one");
}

#[test]
fn a_busy_server_is_left_alone_and_edits_wait() {
    let (story, mut laptop, _) = news();
    let until = UnixMillis(Clock::now(&story.server).0 + 20_000);
    add(&mut laptop, "Shop", "four");
    story.server.fail_next("/v1/sync", Fault::Busy(until));
    assert!(laptop.sync().unwrap().sentence.starts_with("Your server is busy"));
    story.server.requests();
    laptop.sync().unwrap();
    assert_eq!((story.server.requests().len(), laptop.status().unwrap().pending), (0, 1));
    story.server.pass(30);
    assert_eq!(synced(&mut laptop).pushed, 1);
}

#[test]
fn a_body_cut_on_its_way_is_not_believed() {
    let (story, mut laptop, at) = news();
    for len in [0, 3, 100] {
        story.server.fail_next("/v1/sync", Fault::Cut(len));
        laptop.sync().unwrap();
        assert_eq!(value(&laptop, at, "password"), "one");
    }
    synced(&mut laptop);
    assert_eq!(value(&laptop, at, "password"), "two");
}

#[test]
fn hints_cause_syncs_at_this_devices_own_pace_and_nothing_else() {
    let (story, mut laptop) = Story::begin();
    synced(&mut laptop);
    let flood = b"event: new\ndata: {}\n\n".repeat(10_000);
    let your_account = b"event: password-changed\ndata: {\"your account\": \"was hacked\"}\n\n".repeat(100);
    for (name, stream, syncs) in [
        ("a flood of hints", &flood[..], 8..=11),
        ("one hint each time", b":\n\nevent: new\ndata: {}\n\n", 8..=11),
        ("other events", &your_account, 0..=1),
        ("garbage", &[0xff; 1 << 16], 0..=1),
        ("a page", b"<html>event: new</html>", 0..=1),
        ("nothing", b"", 0..=1),
    ] {
        story.server.pass(120);
        synced(&mut laptop);
        story.server.hints(stream);
        story.server.requests();
        for _ in 0..20 {
            assert_eq!(laptop.online().listen(|| ()).unwrap(), None, "{name}");
            laptop.sync_if_due().unwrap();
            story.server.pass(1);
        }
        let asked = story.server.requests().iter().filter(|path| *path == "/v1/sync").count();
        assert!(syncs.contains(&asked), "{name}: {asked} syncs in 20 seconds");
    }
    assert!(laptop.unseen().unwrap().is_empty());

    // Somebody else at the address, a busy server, a session that is over: nothing is heard, and nothing else happens.
    story.server.fail_next("/v1/hints", Fault::Stranger("<html><title>Log in</title>event: new\n</html>"));
    assert!(matches!(laptop.online().listen(|| panic!("heard a stranger")).unwrap(), Some(Why::Intercepted { .. })));
    story.server.fail_next("/v1/hints", Fault::Busy(UnixMillis(u64::MAX)));
    assert!(matches!(laptop.online().listen(|| panic!("heard nobody")).unwrap(), Some(Why::Busy { .. })));
    story.server.end_sessions();
    assert!(matches!(laptop.online().listen(|| panic!("heard nobody")).unwrap(), Some(Why::Refused { .. })));
    story.server.hints(&flood);
    let mut heard = 0;
    assert_eq!(laptop.online().listen(|| heard += 1).unwrap(), None);
    assert!(heard > 0);
    synced(&mut laptop);
}
