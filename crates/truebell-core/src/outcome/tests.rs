//! The closed set, and that nothing unsigned leaves its first rows.

use super::{Failure, Known, Outcome, Pinned, Reply, classify};
use crate::event::Chain;
use crate::hash::Hash32;
use crate::head::{AccountHead, Head, Reason, Status};
use crate::ids::{AccountId, ServerId};
use crate::sign::SigningKey;
use crate::testing::Seeded;
use crate::time::UnixMillis;
use proptest::prelude::*;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const NONCE: [u8; 16] = [7; 16];

fn key() -> SigningKey {
    SigningKey::make_random(&mut Seeded::new(1))
}

fn pinned() -> Pinned {
    Pinned { server: ServerId([1; 16]), key: key().public(), generation: vec![2; 16].into(), restore_epoch: 3 }
}

fn account(seq: u64) -> AccountHead {
    AccountHead { account: AccountId([4; 16]), chain: Chain { seq, digest: Hash32([5; 32]), epoch: 1 }, vaults: vec![], record: 1 }
}

fn head() -> Head {
    Head {
        server: ServerId([1; 16]),
        generation: [2; 16],
        restore_epoch: 3,
        at: NOW,
        nonce: NONCE,
        status: Status::Ok,
        account: Some(account(9)),
        pace_ms: 0,
        body: Some(Hash32::derive_plain(b"{}")),
    }
}

fn judge(head: &Head, status: u16, body: &[u8]) -> Outcome {
    judge_signed(&head.sign(&key()), status, body)
}

fn judge_signed(value: &str, status: u16, body: &[u8]) -> Outcome {
    let reply =
        Reply::Answer { status, head: Some(value), content_type: Some("application/json"), via: None, ray: None, body, whole: true };
    let known = account(9);
    classify(&reply, &pinned(), &Known { nonce: NONCE, account: Some(&known) }, NOW).outcome
}

fn unsigned(status: u16, content_type: Option<&str>, via: Option<&str>, body: &[u8]) -> Outcome {
    let reply = Reply::Answer { status, head: None, content_type, via, ray: None, body, whole: true };
    classify(&reply, &pinned(), &Known { nonce: NONCE, account: None }, NOW).outcome
}

fn word(outcome: &Outcome) -> String {
    let text = format!("{outcome:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_owned()
}

#[test]
fn each_signed_reply_has_its_outcome() {
    let busy = Status::Busy { until: UnixMillis(5) };
    let maintenance = Status::Maintenance { until: UnixMillis(5), note: "new disks".into() };
    let refused = Status::Refused { reason: Reason::NoSession, retry_at: UnixMillis(0) };
    let skewed = Status::Refused { reason: Reason::ClockSkew, retry_at: UnixMillis(0) };
    let cases: Vec<(&str, Head, u16, &str)> = vec![
        ("nothing new", head(), 200, "Unchanged"),
        ("something new", Head { account: Some(account(10)), ..head() }, 200, "Fresh"),
        ("before sign-in", Head { account: None, ..head() }, 200, "Fresh"),
        ("busy", Head { status: busy, ..head() }, 503, "Busy"),
        ("maintenance", Head { status: maintenance, ..head() }, 503, "Maintenance"),
        ("a 401 of our own ends nothing", Head { status: refused, ..head() }, 401, "Refused"),
        ("clock", Head { status: skewed, at: UnixMillis(NOW.0 + 86_400_000), ..head() }, 403, "ClockSkew"),
        ("too old", Head { status: Status::Outdated { needs: "0.9".into() }, ..head() }, 426, "Outdated"),
        ("restored from backup", Head { restore_epoch: 4, ..head() }, 200, "Restored"),
        ("restored into another database", Head { restore_epoch: 4, generation: [9; 16], ..head() }, 200, "Restored"),
        ("an older copy of our server", Head { restore_epoch: 2, ..head() }, 200, "WrongServer"),
        ("an empty database under our key (FA-34)", Head { generation: [9; 16], ..head() }, 200, "WrongServer"),
        ("another server under our key", Head { server: ServerId([9; 16]), ..head() }, 200, "WrongServer"),
        ("a reply to another request", Head { nonce: [8; 16], ..head() }, 200, "Intercepted"),
        ("a changed body", Head { body: Some(Hash32([0; 32])), ..head() }, 200, "Intercepted"),
        ("a changed status", head(), 401, "Intercepted"),
    ];
    for (name, head, status, expected) in cases {
        assert_eq!(word(&judge(&head, status, b"{}")), expected, "{name}");
    }
}

#[test]
fn a_head_in_words_of_a_newer_version_says_update_and_blames_nobody() {
    let bytes = [0x99, 0x01];
    let signature = key().sign(crate::sign::Purpose::ReplyHead, &bytes);
    let encode = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
    let value = format!("{}.{}", encode(&bytes), encode(&signature.0));
    assert_eq!(word(&judge_signed(&value, 200, b"{}")), "Outdated");
}

#[test]
fn strangers_are_named_as_far_as_they_name_themselves() {
    let page = b"<!doctype html><TITLE>\n Blocked by\tAcme \xe2\x80\xaeFilter</TITLE>";
    let cases: [(Outcome, &str); 5] = [
        (unsigned(401, Some("text/html"), None, page), "a page titled \u{201c}Blocked by Acme Filter\u{201d}"),
        (
            unsigned(407, Some("text/html"), Some("1.1 proxy.corp"), page),
            "a page titled \u{201c}Blocked by Acme Filter\u{201d} from \u{201c}1.1 proxy.corp\u{201d}",
        ),
        (unsigned(502, Some("text/plain"), Some("nginx/1.25"), b"bad gateway"), "\u{201c}nginx/1.25\u{201d} with status 502"),
        (unsigned(200, None, None, b""), "something with status 200"),
        (unsigned(403, None, Some("\u{7}"), b"<title></title>"), "something with status 403"),
    ];
    for (outcome, expected) in cases {
        let Outcome::Intercepted { by } = outcome else { panic!("{outcome:?}") };
        assert_eq!(by, expected);
    }
}

#[test]
fn nobody_answering_is_unreachable() {
    for failure in Failure::ALL {
        let outcome = classify(&Reply::Failed(failure), &pinned(), &Known { nonce: NONCE, account: None }, NOW).outcome;
        assert_eq!(word(&outcome), "Unreachable");
    }
}

proptest! {
    #[test]
    fn law_2_nothing_unsigned_is_more_than_intercepted(
        status in 100_u16..600,
        head in proptest::option::of("[A-Za-z0-9_.-]{0,120}"),
        content_type in proptest::option::of(".{0,30}"),
        via in proptest::option::of(".{0,30}"),
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let reply = Reply::Answer { status, head: head.as_deref(), content_type: content_type.as_deref(), via: via.as_deref(), ray: None, body: &body, whole: true };
        let judgement = classify(&reply, &pinned(), &Known { nonce: NONCE, account: None }, NOW);
        prop_assert_eq!(word(&judgement.outcome), "Intercepted");
        prop_assert!(judgement.head.is_none());
    }

    #[test]
    fn a_signed_head_with_any_letter_changed_is_not_believed(place in any::<proptest::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
        let mut letters: Vec<char> = head().sign(&key()).chars().collect();
        let place = place.index(letters.len());
        prop_assume!(letters[place] != letter.chars().next().unwrap());
        letters[place] = letter.chars().next().unwrap();
        let outcome = judge_signed(&letters.into_iter().collect::<String>(), 200, b"{}");
        prop_assert_eq!(word(&outcome), "Intercepted");
    }
}

#[test]
fn ms_22_an_operators_words_stay_one_harmless_line_and_a_version_is_a_version() {
    let note = "back soon\n\u{1b}[31mYour password was changed\u{202e}";
    let said = judge(&Head { status: Status::Maintenance { until: NOW, note: note.into() }, ..head() }, 503, b"{}");
    assert!(matches!(&said, Outcome::Maintenance { note, .. } if note == "back soon [31mYour password was changed"), "{said:?}");
    for (needs, expected) in [
        ("0.2.0", "0.2.0"),
        ("1.0.0-rc.1", "1.0.0-rc.1"),
        ("9. Your password was changed", "a newer version"),
        ("", "a newer version"),
        ("9999999999999999999999999", "a newer version"),
    ] {
        let said = judge(&Head { status: Status::Outdated { needs: needs.into() }, ..head() }, 403, b"{}");
        assert!(matches!(&said, Outcome::Outdated { needs } if needs == expected), "{said:?}");
    }
}
