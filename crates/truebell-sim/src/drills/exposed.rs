//! FA-53 and FA-54: what a person is told about passwords that are, or are not, in lists of exposed ones.

use super::{Drill, Play, Scene};
use crate::bank::PAGES;
use crate::dice::Dice;
use crate::report::Report;
use std::collections::BTreeMap;
use truebell_core::generate::make_password;
use truebell_core::item::Item;
use truebell_core::time::UnixMillis;
use truebell_corpus::inquiry::{Inquiry, Reply, Verdict};
use truebell_corpus::{Digest, Kind};
use truebell_engine::health::{self, Inputs, Known, SecondFactors, examine};

pub(super) const FA_53: Drill = Drill {
    id: "FA-53",
    title: "New passwords, each its own",
    incident: "A risk flag was wrong: brand-new unique passwords were marked “at risk”, then all of them.",
    proves: "Of two hundred generated passwords none has a finding, whether a service is asked, nobody is, or nobody answers; one that is exposed has.",
    run: unique,
};

pub(super) const FA_54: Drill = Drill {
    id: "FA-54",
    title: "The breach service has moved",
    incident: "A breach service moved and answered 200 to everything; all passwords were marked as breached.",
    proves: "Whoever else answers, with whatever status and page, makes no password exposed and none clean: it is not known. The service itself, back again, is believed.",
    run: moved,
};

const EXPOSED: &str = "liverpool-fc-1892";
/// Generated passwords that are looked at.
const GENERATED: usize = 200;
/// So many answers of 200 with text that looks like a range to a careless reader.
const LOOK_ALIKES: [&str; 5] =
    ["", "OK", "{\"breached\":true}", "003D68EB55068C33ACE09247EE4C639306B:3", "003D68EB55068C33ACE09247EE4C639306B:3\r\n<html>"];

fn digest_of(password: &str) -> Option<Digest> {
    Kind::Sha1.digest(password.as_bytes())
}

/// Asks somebody about passwords.
fn ask(passwords: &[String], chance: &mut Dice, mut somebody: impl FnMut(&str) -> Option<(u16, Vec<u8>)>) -> BTreeMap<Digest, Verdict> {
    let canaries = [truebell_core::chance::make_array(chance), truebell_core::chance::make_array(chance)];
    let mut inquiry = Inquiry::new(Kind::Sha1, passwords.iter().filter_map(|password| digest_of(password)), canaries);
    while let Some(path) = inquiry.next_path() {
        match somebody(&path) {
            Some((status, body)) => inquiry.answer(Reply::Answer { status, body: &body }),
            None => inquiry.answer(Reply::Nobody),
        }
    }
    inquiry.finish()
}

/// The service itself: it has one password, and pads.
fn honest(path: &str) -> Option<(u16, Vec<u8>)> {
    let prefix = path.strip_prefix("/range/")?;
    let hash = digest_of(EXPOSED)?.hex(Kind::Sha1);
    let known = hash.strip_prefix(prefix).map(|suffix| format!("{suffix}:5\r\n")).unwrap_or_default();
    Some((200, format!("{known}{prefix}{}:0", "0".repeat(30)).into_bytes()))
}

/// What a person is told about each password: the kinds of findings.
fn told(passwords: &[String], said: &BTreeMap<Digest, Verdict>) -> Vec<(usize, health::Kind)> {
    let items: Vec<(usize, Item)> = passwords
        .iter()
        .enumerate()
        .map(|(number, password)| {
            let mut item = Item::default();
            item.overview.title = format!("Site {number}");
            item.set_field("password", password.as_str());
            (number, item)
        })
        .collect();
    let known = |password: &str| match digest_of(password).and_then(|digest| said.get(&digest).copied()) {
        Some(Verdict::Exposed { count }) => Known::Exposed { count: Some(count) },
        Some(Verdict::Clean) => Known::Clean,
        Some(Verdict::Unknown(_)) | None => Known::Unknown,
    };
    let second_factors = SecondFactors::bundled();
    let inputs = Inputs {
        now: UnixMillis(1_795_415_000_000),
        old_after_days: 1095,
        known: &known,
        known_from: "the service",
        with_variants: false,
        second_factors: &second_factors,
        pairs: None,
    };
    examine(&items, &inputs).into_iter().map(|finding| (finding.item, finding.kind)).collect()
}

fn unique(play: Play) -> Report {
    let mut scene = Scene::begin("FA-53", play);
    let mut chance = Dice::new(play.seed);
    let generated = (0..GENERATED).filter_map(|_| make_password(&Default::default(), &mut chance).ok());
    let mut passwords: Vec<String> = generated.map(|made| made.text.expose().to_owned()).collect();
    scene.expect(passwords.len() == GENERATED, "passwords can be generated");
    let said = ask(&passwords, &mut chance, honest);
    scene.expect(said.values().all(|verdict| *verdict == Verdict::Clean), "the service says that none is exposed");
    let silent = ask(&passwords, &mut chance, |_| None);
    for (how, said) in [("asked", &said), ("not asked", &BTreeMap::new()), ("not answered", &silent)] {
        let found = told(&passwords, said);
        scene.expect(found.is_empty(), &format!("{how}, new unique passwords have no findings: {found:?}"));
    }
    passwords.push(EXPOSED.to_owned());
    let said = ask(&passwords, &mut chance, honest);
    let found = told(&passwords, &said);
    scene.expect(found == [(GENERATED, health::Kind::Exposed)], &format!("one that is exposed is told, alone: {found:?}"));
    scene.expect_told_once();
    scene.end()
}

fn moved(play: Play) -> Report {
    let mut scene = Scene::begin("FA-54", play);
    let mut chance = Dice::new(play.seed);
    let passwords = vec![EXPOSED.to_owned(), "7Jd-wQpz!m4ZrT0x".to_owned()];
    let pages = PAGES.iter().map(|page| (page.who, page.status, page.body));
    let alike = LOOK_ALIKES.iter().map(|body| ("somebody who answers everything alike", 200, *body));
    // What most break: a service that moved answers what it is asked with 200, whatever the page.
    let always_200 = PAGES.iter().map(|page| (page.who, 200, page.body));
    for (who, status, body) in pages.chain(alike).chain(always_200) {
        let said = ask(&passwords, &mut chance, |_| Some((status, body.as_bytes().to_vec())));
        let is_unknown = said.len() == passwords.len() && said.values().all(|verdict| matches!(verdict, Verdict::Unknown(_)));
        scene.expect(is_unknown, &format!("{who} ({status}) says nothing about a password: {said:?}"));
        let found = told(&passwords, &said);
        scene.expect(found.is_empty(), &format!("{who} ({status}) makes nobody change a password: {found:?}"));
    }
    // Somebody steps in between in the middle, and at the end.
    for honest_answers in [1, 2, 3] {
        let mut left = honest_answers;
        let said = ask(&passwords, &mut chance, |path| {
            left -= 1;
            if left >= 0 { honest(path) } else { Some((200, b"<html>Sign in to the network</html>".to_vec())) }
        });
        scene.expect(told(&passwords, &said).is_empty(), "a service that is cut off in the middle is not believed");
    }
    let said = ask(&passwords, &mut chance, honest);
    let found = told(&passwords, &said);
    scene.expect(found == [(0, health::Kind::Exposed)], &format!("the service itself is believed: {found:?}"));
    scene.expect_told_once();
    scene.end()
}
