//! A small vault with one of everything.

use super::*;
use proptest::prelude::*;
use truebell_core::item::{Category, FieldKind, Item, Past, PastWhy, Site, State};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

const DAY: u64 = 24 * 3600 * 1000;
/// 2026-11-23.
const NOW: UnixMillis = UnixMillis(20_780 * DAY);

fn login(title: &str, site: &str, password: &str) -> Item {
    let mut item = Item::default();
    item.overview.title = title.to_owned();
    item.overview.created = UnixMillis(NOW.0 - 30 * DAY);
    item.overview.sites = vec![Site { url: site.to_owned(), ..Site::default() }];
    item.set_field("username", "ada@example.org");
    item.set_field("password", password);
    item
}

fn card(title: &str, expires: &str) -> Item {
    let mut item = Item::default();
    item.overview.category = Category::Card;
    item.overview.title = title.to_owned();
    item.set_field("expires", expires);
    item
}

const STRONG: &str = "7Jd-wQpz!m4ZrT0x";

fn known(password: &str) -> Known {
    match password {
        "password" | "liverpool" => Known::Exposed { count: Some(9) },
        "Manchester1984" => Known::Exposed { count: None },
        "unreachable" => Known::Unknown,
        _ => Known::Clean,
    }
}

fn look(items: &[(u32, Item)]) -> Vec<Finding<u32>> {
    let second_factors = SecondFactors::bundled();
    let inputs = Inputs {
        now: NOW,
        old_after_days: 1095,
        known: &known,
        known_from: "corpus a.tbc",
        with_variants: true,
        second_factors: &second_factors,
        pairs: None,
    };
    examine(items, &inputs)
}

#[test]
fn a_user_name_seen_with_its_password_is_exposed_and_nobody_else_with_it() {
    let second_factors = SecondFactors::bundled();
    let pair = |who: &str, password: &str| match (who, password) {
        ("ada@example.org", "7Jd-wQpz!m4ZrT0x") => PairKnown::Exposed,
        ("ada@example.org", "Orchestra-1892-zqx") => PairKnown::Similar,
        ("ada@example.org", _) => PairKnown::Clean,
        _ => PairKnown::Unknown,
    };
    let items: Vec<(u32, Item)> = [
        (1, "ada@example.org", "7Jd-wQpz!m4ZrT0x"),
        (2, "bob@example.org", "7Jd-wQpz!m4ZrT0x"),
        (3, "ada@example.org", "Orchestra-1892-zqx"),
        (4, "ada@example.org", "9Kd-wQpz!m4ZrT0x"),
        (5, "ada", "8Kd-wQpz!m4ZrT0y"),
    ]
    .map(|(id, who, password)| {
        let mut item = login("A login", "https://one.example", password);
        item.set_field("username", who);
        (id, item)
    })
    .into();
    let asked: Vec<(String, String)> = pair_questions(items.iter().map(|(_, item)| item))
        .iter()
        .map(|(who, password)| (who.key(), password.expose().to_owned()))
        .collect();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(asked.iter().all(|(who, _)| who != "ada"));
    let inputs = Inputs {
        now: NOW,
        old_after_days: u64::MAX,
        known: &|_| Known::Clean,
        known_from: "nobody",
        with_variants: false,
        second_factors: &second_factors,
        pairs: Some(Pairs { known: &pair, from: "a pair service" }),
    };
    let found: Vec<String> = examine(&items, &inputs)
        .iter()
        .filter(|finding| matches!(finding.kind, Kind::Exposed | Kind::SimilarToExposed))
        .map(|finding| format!("{} {}: {}", finding.kind, finding.item, finding.evidence))
        .collect();
    assert_eq!(
        found,
        [
            "exposed 1: Seen with this user name in lists (a pair service).",
            "similar-to-exposed 3: This user name was seen with a password that is nearly this one (a pair service).",
        ]
    );
}

fn say(items: &[(u32, Item)]) -> String {
    let of = |finding: Finding<u32>| {
        format!("{} {} {}: {} {:?}", finding.kind, finding.item, finding.field, finding.evidence, finding.shared_with)
    };
    look(items).into_iter().map(of).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_kind_is_found_with_its_evidence() {
    let mut old = login("Old", "https://old.example", &format!("{STRONG}1"));
    old.overview.created = UnixMillis(NOW.0 - 5 * 366 * DAY);
    let mut changed = old.clone();
    let past = Past { field: "/password".into(), value: Secret::new("before"), until: UnixMillis(NOW.0 - DAY), why: PastWhy::Edited };
    changed.detail.past.push(past);
    changed.set_field("password", format!("{STRONG}2"));
    let mut guarded = login("Guarded", "https://github.com/login", &format!("{STRONG}3"));
    guarded.set_field("totp", "otpauth://totp/x?secret=AAAA");
    assert_eq!(guarded.field("totp").unwrap().kind, FieldKind::Totp);
    let items = [
        (1, login("Exposed", "https://one.example", "password")),
        (2, login("Exposed without a count", "https://two.example", "Manchester1984")),
        (3, login("Like another's", "https://three.example", "M4nchester!!")),
        (4, login("Like one in the lists", "https://four.example", "Liverpool7")),
        (5, login("Shared", "https://five.example", STRONG)),
        (6, login("Shared too", "https://six.example", STRONG)),
        (7, login("Weak", "https://seven.example", "qwertz99")),
        (8, login("Plain", "http://eight.example/login", &format!("{STRONG}4"))),
        (9, login("Unguarded", "https://gist.github.com", &format!("{STRONG}5"))),
        (10, guarded),
        (11, old),
        (12, changed),
        (13, card("Gone", "2026-10")),
        (14, card("Going", "12/26")),
        (15, card("Good", "2031-01")),
    ];
    insta::assert_snapshot!(say(&items), @r"
    exposed 1 password: Seen 9 times in lists of exposed passwords (corpus a.tbc). []
    exposed 2 password: Seen in lists of exposed passwords (corpus a.tbc). []
    similar-to-exposed 3 password: It differs from the exposed password of “Exposed without a count” only in case, look-alike letters or what is at its end. []
    similar-to-exposed 4 password: It is an exposed password with capital letters and something added at the end (corpus a.tbc). []
    reused 5 password: The same password is in “Shared too”. [6]
    reused 6 password: The same password is in “Shared”. [5]
    weak 3 password: This is close to a password that many people use. []
    weak 4 password: This is close to a password that many people use. []
    weak 7 password: This is close to a password that many people use. []
    expired 13 expires: It expired 22 days ago. []
    expiring 14 expires: It expires in 39 days. []
    insecure-site 8 site: eight.example is reached without encryption. []
    no-second-factor 9 totp: github.com offers a second factor, and this item has neither a one-time password nor a passkey. []
    old 11 password: Not changed for 5 years. []
    ");
}

/// What is set aside by kind is what was found.
#[test]
fn the_mark_of_each_finding_is_among_those_of_its_item() {
    let items = [
        (1, login("Exposed", "http://github.com", "password")),
        (2, login("Exposed too", "https://two.example", "password")),
        (3, login("Alike", "https://three.example", "Liverpool7")),
        (4, card("Gone", "2020-01")),
    ];
    let findings = look(&items);
    assert_eq!(findings.len(), 9, "{findings:?}");
    for finding in findings {
        let item = items.iter().find(|(id, _)| *id == finding.item).unwrap();
        assert!(marks_of(&item.1, finding.kind).contains(&finding.mark), "{finding:?}");
    }
}

#[test]
fn what_is_not_known_is_neither_exposed_nor_new() {
    assert_eq!(
        look(&[(1, login("One", "https://one.example", "unreachable"))]).iter().filter(|finding| finding.kind == Kind::Exposed).count(),
        0
    );
}

/// FA-53: a risk flag marked brand-new unique passwords, then all of them.
#[test]
fn new_unique_generated_passwords_have_no_findings() {
    let mut chance = truebell_core::testing::Seeded::new(53);
    let items: Vec<(u32, Item)> = (0..200)
        .map(|number| {
            let password = truebell_core::generate::make_password(&Default::default(), &mut chance).unwrap().text;
            (number, login(&format!("Site {number}"), &format!("https://site-{number}.example"), password.expose()))
        })
        .collect();
    assert_eq!(say(&items), "");
}

#[test]
fn archived_and_trashed_items_are_left_alone() {
    for state in [State::Archived, State::Trashed { since: NOW }] {
        let mut item = login("One", "http://one.example", "password");
        item.overview.state = state;
        assert_eq!(say(&[(1, item.clone())]), "");
        assert!(questions([&item], true).is_empty());
    }
}

#[test]
fn a_finding_set_aside_comes_back_with_another_password() {
    let mut item = login("One", "https://one.example", "password");
    let finding = look(&[(1, item.clone())]).remove(0);
    assert!(finding.is_new);
    let mut record = Record::of(&item).unwrap();
    record.set_aside(Aside { kind: finding.kind, mark: finding.mark.clone(), reason: "a test account".into(), at: NOW });
    record.put(&mut item);
    let finding = look(&[(1, item.clone())]).remove(0);
    assert_eq!((finding.aside.map(|aside| aside.reason), finding.is_new), (Some("a test account".to_owned()), false));
    item.set_field("password", "liverpool");
    let finding = look(&[(1, item.clone())]).remove(0);
    assert!(finding.aside.is_none() && finding.is_new);
    let mut record = Record::of(&item).unwrap();
    assert!(record.bring_back(Kind::Exposed) && !record.bring_back(Kind::Exposed));
    record.put(&mut item);
    assert!(item.detail.extra.is_empty());
}

#[test]
fn an_exposure_is_new_once_for_each_password() {
    let mut item = login("One", "https://one.example", "password");
    let is_new = |item: &Item| look(&[(1, item.clone())]).iter().find(|finding| finding.kind == Kind::Exposed).unwrap().is_new;
    assert!(is_new(&item));
    let mut record = Record::of(&item).unwrap();
    record.tell(&mark_of(Kind::Exposed, "password"));
    record.put(&mut item);
    assert!(!is_new(&item));
    item.set_field("password", "liverpool");
    assert!(is_new(&item));
}

#[test]
fn what_a_newer_version_remembers_hides_no_finding_and_is_not_taken_for_nothing() {
    for newer in
        [serde_json::json!({ "later": 1 }), serde_json::json!({ "aside": [{ "kind": "risky", "mark": "", "reason": "", "at": 1 }] })]
    {
        let mut item = login("One", "https://one.example", "password");
        item.detail.extra.insert("health".to_owned(), newer);
        assert_eq!(Record::of(&item), Err(Unreadable));
        assert!(look(&[(1, item)]).iter().any(|finding| finding.kind == Kind::Exposed && finding.is_new));
    }
}

#[test]
fn kinds_are_read_back_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
    assert!("risky".parse::<Kind>().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever the items are: everything that is looked up was a question before, and no finding shows a password.
    #[test]
    fn nothing_is_looked_up_that_was_not_asked_and_no_password_is_shown(passwords in proptest::collection::vec("[a-zA-Z0-9!ü ]{0,16}", 1..6), variants: bool) {
        let items: Vec<(usize, Item)> = passwords.iter().enumerate().map(|(at, password)| (at, login("T", "http://x.example", password))).collect();
        let asked = questions(items.iter().map(|(_, item)| item), variants);
        let known = |password: &str| {
            assert!(asked.iter().any(|asked| asked.expose() == password), "{password:?} was not asked");
            if password.len().is_multiple_of(2) { Known::Exposed { count: None } } else { Known::Unknown }
        };
        let second_factors = SecondFactors::bundled();
        let inputs = Inputs { now: NOW, old_after_days: 1, known: &known, known_from: "a corpus", with_variants: variants, second_factors: &second_factors, pairs: None };
        for finding in examine(&items, &inputs) {
            let password = &passwords[finding.item];
            prop_assert!(password.len() < 6 || !finding.evidence.contains(password.as_str()));
        }
    }
}
