//! Lists from seeds: genuine ones pass every test, and each kind of bad one is stopped by the test made for it.

use super::super::made_up::{Fault, address, clean_list, noisy_list, password};
use super::super::{Index, Matcher, Reader, Relation, SiteKey};
use super::*;

fn surveyed(list: &[u8]) -> Survey {
    let (mut survey, mut reader) = (Survey::new(&[5; 16]), Reader::new("colon".parse().unwrap()));
    reader.feed(list, &mut |record| survey.push(record));
    reader.finish(&mut |record| survey.push(record));
    survey
}

/// The tests that stop it.
fn stopped_by(verdicts: &[Verdict]) -> Vec<&'static str> {
    verdicts.iter().filter(|verdict| verdict.standing == Standing::Stopped).map(|verdict| verdict.test.name()).collect()
}

#[test]
fn genuine_lists_pass_every_test_however_noisy() {
    for seed in 0..8 {
        let survey = surveyed(&noisy_list(seed, 30_000, Fault::None));
        let verdicts = survey.verdicts();
        assert!(verdicts.iter().all(|verdict| verdict.standing == Standing::Passed), "seed {seed}: {verdicts:#?}");
        assert!(!survey.is_sorted());
    }
}

#[test]
fn each_bad_list_is_stopped_by_the_test_made_for_it() {
    for (fault, tests) in [
        (Fault::RandomPasswords, &["no-favourite", "random", "unrelated"][..]),
        (Fault::OnePassword, &["one-password", "unrelated"]),
        (Fault::Shifted, &["shifted"]),
        (Fault::Mojibake, &["mojibake"]),
    ] {
        for seed in 0..4 {
            let verdicts = surveyed(&noisy_list(seed, 30_000, fault)).verdicts();
            let stopped = stopped_by(&verdicts);
            assert!(tests.iter().all(|test| stopped.contains(test)), "{fault:?}, seed {seed}: {verdicts:#?}");
        }
    }
}

#[test]
fn passwords_dealt_out_to_other_people_have_nothing_to_do_with_their_addresses() {
    // The names of made-up people are few, so that other people's passwords hold them by chance more often than in life.
    let list: String = (0..30_000).map(|person| format!("zq{person:x}wxyz@example.org:{}\n", password(1, person))).collect();
    assert_eq!(stopped_by(&surveyed(list.as_bytes()).verdicts()), ["unrelated"]);
}

#[test]
fn a_short_list_is_neither_passed_nor_stopped() {
    let verdicts = surveyed(clean_list(1, 15, Fault::None).as_bytes()).verdicts();
    assert!(verdicts.iter().all(|verdict| verdict.standing == Standing::NotKnown), "{verdicts:#?}");
    assert_eq!(stopped_by(&surveyed(clean_list(1, 200, Fault::RandomPasswords).as_bytes()).verdicts()), ["random"]);
    assert_eq!(stopped_by(&surveyed(clean_list(1, 200, Fault::OnePassword).as_bytes()).verdicts()), ["one-password"]);
}

#[test]
fn a_corpus_that_knows_none_of_the_passwords_stops_a_list() {
    let verdict = |known: u64, of: u64| {
        let mut survey = Survey::new(&[5; 16]);
        (0..of).for_each(|asked| survey.note_known(asked < known));
        survey.verdicts().into_iter().find(|verdict| verdict.test == Test::NotKnown).map(|verdict| verdict.standing)
    };
    assert_eq!(verdict(0, 0), None);
    assert_eq!(verdict(0, 100), Some(Standing::NotKnown));
    assert_eq!(verdict(0, 300), Some(Standing::Stopped));
    assert_eq!(verdict(60, 300), Some(Standing::Passed));
}

/// What a pass over the index of a site says.
fn overlap(site: &[String], list: &str) -> Vec<&'static str> {
    let index = Index::build(&SiteKey::new(&[1; 32]), site).unwrap();
    let (mut matcher, mut overlap) = (Matcher::new(&index), Overlap::default());
    let mut reader = Reader::new("colon".parse().unwrap());
    let mut each = |hit: &super::super::Hit<'_>| {
        if hit.relation == Relation::Same {
            overlap.hit(hit.account);
        }
    };
    let mut survey = Survey::new(&[5; 16]);
    let mut records = |record: &super::super::Record<'_>| {
        survey.push(record);
        matcher.push(record, &mut each);
    };
    reader.feed(list.as_bytes(), &mut records);
    reader.finish(&mut records);
    matcher.flush(&mut each);
    overlap.records(matcher.seen().records);
    stopped_by(&overlap.verdicts(survey.is_sorted()))
}

#[test]
fn a_list_made_from_the_sites_own_users_is_stopped_and_one_that_shares_some_is_not() {
    let site: Vec<String> = (0..4_000).map(|person| address(1, person)).collect();
    assert_eq!(overlap(&site, &clean_list(1, 4_000, Fault::OnePassword)), ["own-users", "own-order"]);
    // A tenth of a foreign list are users here, in no order.
    let shared: String = (0..9_000)
        .map(|line| {
            let (seed, person) = if line % 10 == 0 { (1, line * 7919 % 4_000) } else { (2, line) };
            format!("{}:{}\n", address(seed, person), password(seed, person))
        })
        .collect();
    assert_eq!(overlap(&site, &shared), [""; 0]);
    // Few, but in the order of the site.
    let hidden: String = (0..9_000)
        .map(|line| {
            let (seed, person) = if line % 10 == 0 { (1, line / 10) } else { (2, line) };
            format!("{}:{}\n", address(seed, person), password(seed, person))
        })
        .collect();
    assert_eq!(overlap(&site, &hidden), ["own-order"]);
}

#[test]
fn the_order_of_a_sorted_list_says_nothing() {
    let mut site: Vec<String> = (0..3_000).map(|person| address(1, person)).collect();
    site.sort();
    let mut lines: Vec<String> = (0..3_000).map(|person| format!("{}:x", address(2, person))).collect();
    lines.extend(site.iter().step_by(6).map(|address| format!("{address}:y")));
    lines.sort();
    assert_eq!(overlap(&site, &lines.join("\n")), [""; 0]);
}

#[test]
fn what_a_verdict_says_is_one_sentence_with_its_numbers() {
    assert_eq!(
        Test::Random.judge(10, 1_000).sentence,
        "1.00 % of the passwords are made as people make them; in real lists at least 25 % are: a program made the passwords."
    );
    assert_eq!(
        Test::Random.judge(900, 1_000).sentence,
        "90 % of the passwords are made as people make them; in real lists at least 25 % are."
    );
    assert_eq!(Test::Random.judge(3, 10).sentence, "Whether people made the passwords: too few records to say (10).");
    assert_eq!(
        Test::Shifted.judge(90, 100).sentence,
        "Of 100 passwords that hold a part of an address, 90 hold one of the line before or behind and not of their own: a column is shifted, and each address has another one's password; find the original.",
    );
}
