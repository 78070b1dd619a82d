//! The public log, followed by a whole client: proofs come beside the events and never in their way.

use super::super::testing::{Fault, LogMood};
use super::*;
use truebell_core::log::{Compared, Contradiction, LogStanding, NotACheckpoint, Policy, Standing, Witness, describe_log};
use truebell_core::sign::SigningKey;
use truebell_engine::sync::View;

const ASKED: &str = "/v1/log/proofs";

/// Syncs, some time later; whether the log was asked.
fn asks(story: &Story, client: &mut Client, seconds: u64) -> bool {
    story.server.pass(seconds);
    story.server.requests();
    synced(client);
    story.server.requests().iter().any(|path| path == ASKED)
}

fn standings(client: &Client) -> Vec<Standing> {
    client.inbox().unwrap().iter().rev().map(|entry| client.standing_in_log(entry.notice.seq).unwrap()).collect()
}

fn consistent(client: &Client) -> (u64, usize) {
    match client.log_standing().unwrap() {
        LogStanding::Consistent { size, waiting, .. } => (size, waiting),
        other => panic!("{other:?}"),
    }
}

/// An account with its first event proven.
fn proven() -> (Story, Client) {
    let (story, mut laptop) = Story::begin();
    synced(&mut laptop);
    assert!(asks(&story, &mut laptop, 60));
    assert_eq!(consistent(&laptop), (1, 0));
    (story, laptop)
}

/// Something happens to the account, told by its own device.
fn something_happens(story: &Story, laptop: &mut Client) {
    let mut phone = story.second_device();
    synced(&mut phone);
    synced(laptop);
}

#[test]
fn an_event_is_proven_to_be_in_the_log_and_then_nothing_more_is_asked() {
    let (story, mut laptop) = Story::begin();
    synced(&mut laptop);
    assert_eq!(laptop.log_standing().unwrap(), LogStanding::NotSeen);
    assert_eq!(standings(&laptop), [Standing::NotChecked]);
    assert!(!asks(&story, &mut laptop, 5), "the server has a moment to take it in");
    assert!(asks(&story, &mut laptop, 6));
    assert_eq!(standings(&laptop), [Standing::Included { index: 0, size: 1, witnesses: vec![] }]);
    for _ in 0..5 {
        assert!(!asks(&story, &mut laptop, 86_400), "nothing is owed");
    }
    for _ in 0..3 {
        story.server.log_another();
    }
    something_happens(&story, &mut laptop);
    assert!(asks(&story, &mut laptop, 60));
    assert_eq!(consistent(&laptop), (5, 0));
    assert_eq!(standings(&laptop)[1], Standing::Included { index: 4, size: 5, witnesses: vec![] });
    drop(laptop);
    let again = story.unlock("laptop").unwrap();
    assert_eq!(consistent(&again), (5, 0), "it is remembered");
    assert_eq!(standings(&again)[0], Standing::Included { index: 0, size: 1, witnesses: vec![] });
}

#[test]
fn whatever_the_log_does_the_notice_comes_and_nothing_is_alarmed() {
    for mood in [LogMood::Silent, LogMood::Slow, LogMood::Unproven, LogMood::Forked, LogMood::Behind] {
        let (story, mut laptop) = proven();
        story.server.log_another();
        something_happens(&story, &mut laptop);
        assert!(asks(&story, &mut laptop, 60));
        let (before, unseen) = (laptop.log_checkpoint().unwrap().to_owned(), laptop.unseen().unwrap().len());
        assert_eq!(unseen, 1);
        story.server.log(mood);
        laptop.change_address("ada.l@example.org").unwrap();
        story.server.pass(60);
        let synced = laptop.sync().unwrap();
        assert!(matches!(synced.view, View::UpToDate { .. }), "{mood:?}: {}", synced.sentence);
        let inbox = laptop.inbox().unwrap();
        assert_eq!(inbox[0].notice.seq, 3, "{mood:?}");
        assert_eq!(laptop.unseen().unwrap().len(), unseen, "{mood:?}");
        assert_ne!(standings(&laptop)[2], Standing::NotChecked, "{mood:?}");
        if mood != LogMood::Slow {
            assert_eq!(laptop.log_checkpoint(), Some(before.as_str()), "{mood:?}: only what continues is remembered");
        }
    }
}

#[test]
fn a_fork_of_one_size_is_kept_as_evidence_and_shown() {
    let (story, mut laptop) = proven();
    something_happens(&story, &mut laptop);
    story.server.log(LogMood::Forked);
    // The other history has two leaves, and the remembered one has one: no proof of consistency can be given.
    assert!(asks(&story, &mut laptop, 60));
    let shown = LogStanding::Contradicted { how: Contradiction::NotContinued, remembered: 1, shown: 2 };
    assert_eq!(laptop.log_standing().unwrap(), shown);
    let (_, before, other) = laptop.log_evidence().unwrap();
    assert!(before.contains("\n1\n") && other.contains("\n2\n"));
    // A device that was shown the honest history compares what it remembers with what this one was shown.
    let other = other.to_owned();
    story.server.log(LogMood::Slow);
    let mut phone = story.sign_in("tablet", &password()).unwrap();
    story.server.pass(60);
    synced(&mut phone);
    assert!(phone.log_checkpoint().unwrap().contains("\n2\n"));
    assert_eq!(phone.compare_log(&other).unwrap(), Ok(Compared::Forked));
    let standing = phone.log_standing().unwrap();
    assert_eq!(standing, LogStanding::Contradicted { how: Contradiction::Forked, remembered: 2, shown: 2 });
    assert!(describe_log(&standing).starts_with("The server's public log contradicts itself"));
    // What is proven stays, whatever the server shows later, and after a rebuild too.
    story.server.log(LogMood::Honest);
    asks(&story, &mut phone, 86_400);
    assert_eq!(phone.log_standing().unwrap(), standing);
    drop(phone);
    let (rebuilt, _) = rebuild(&story.profile("tablet"), &password(), story.server.world(9)).unwrap();
    assert_eq!(rebuilt.log_standing().unwrap(), standing);
    assert_eq!(rebuilt.log_evidence().unwrap().2, other);
}

#[test]
fn a_proof_that_comes_later_clears_what_was_only_not_shown() {
    let (story, mut laptop) = proven();
    something_happens(&story, &mut laptop);
    story.server.log(LogMood::Unproven);
    assert!(asks(&story, &mut laptop, 60));
    assert!(matches!(laptop.log_standing().unwrap(), LogStanding::Contradicted { how: Contradiction::NotContinued, .. }));
    story.server.log(LogMood::Honest);
    assert!(asks(&story, &mut laptop, 3600));
    assert_eq!(consistent(&laptop), (2, 0));
    assert!(laptop.log_evidence().is_some(), "what was shown is kept");
}

#[test]
fn a_log_that_is_behind_is_asked_again_later_and_less_and_less_often() {
    let (story, mut laptop) = proven();
    story.server.log_another();
    something_happens(&story, &mut laptop);
    assert!(asks(&story, &mut laptop, 60));
    story.server.log(LogMood::Behind);
    laptop.change_address("ada.l@example.org").unwrap();
    assert!(asks(&story, &mut laptop, 60));
    assert_eq!(laptop.log_standing().unwrap(), LogStanding::Behind { had: 3, shown: 1 });
    let asked = (0..240_u32).filter(|_| asks(&story, &mut laptop, 60)).count();
    assert!((6..=12).contains(&asked), "{asked} questions in four hours");
    story.server.log(LogMood::Honest);
    asks(&story, &mut laptop, 3600);
    assert_eq!(consistent(&laptop), (4, 0));
}

#[test]
fn a_server_that_does_not_answer_about_its_log_fails_no_sync() {
    let (story, mut laptop) = Story::begin();
    synced(&mut laptop);
    for fault in [Fault::Lost, Fault::AnswerLost, Fault::Stranger("<title>Blocked</title>"), Fault::Cut(9)] {
        story.server.fail_next(ASKED, fault);
        assert!(asks(&story, &mut laptop, 3600));
        assert_eq!(laptop.log_standing().unwrap(), LogStanding::NotSeen);
    }
    assert!(asks(&story, &mut laptop, 3600));
    assert_eq!(consistent(&laptop), (1, 0));
}

#[test]
fn a_restored_server_has_another_log_and_old_proofs_stay() {
    let (story, mut laptop) = proven();
    story.server.back_up();
    something_happens(&story, &mut laptop);
    assert!(asks(&story, &mut laptop, 60));
    assert_eq!(consistent(&laptop), (2, 0));
    story.server.restore();
    story.server.log(LogMood::Silent);
    synced(&mut laptop);
    assert!(laptop.log_checkpoint().unwrap().contains("/0\n"), "the new log has no checkpoint yet");
    drop(laptop);
    let mut laptop = story.unlock("laptop").unwrap();
    story.server.log(LogMood::Honest);
    assert!(asks(&story, &mut laptop, 3600));
    let LogStanding::Consistent { origin, size, waiting, .. } = laptop.log_standing().unwrap() else { panic!("not a contradiction") };
    assert!(origin.ends_with("/1"), "{origin}");
    assert_eq!((size, waiting), (1, 0));
    assert!(laptop.log_evidence().is_none());
    let own: Vec<_> = standings(&laptop);
    assert!(own.iter().all(|standing| matches!(standing, Standing::Included { .. })), "{own:?}");
}

#[test]
fn another_servers_checkpoint_is_not_compared() {
    let (_story, mut laptop) = proven();
    let (_other_story, other) = proven();
    let note = other.log_checkpoint().unwrap().replace("srv_", "srv_0");
    assert_eq!(laptop.compare_log(&note).unwrap(), Err(NotACheckpoint::Malformed));
    let own = laptop.log_checkpoint().unwrap().to_owned();
    assert_eq!(laptop.compare_log(&own).unwrap(), Ok(Compared::Same));
    assert_eq!(laptop.compare_log(&own.replace("\n1\n", "\n2\n")).unwrap(), Err(NotACheckpoint::Signature));
}

#[test]
fn witnesses_are_counted_by_the_keys_this_device_was_given() {
    let (_story, mut laptop) = proven();
    let witness = |seed: u8| Witness::new("w.example", SigningKey::from_seed(&[seed; 32]).public()).unwrap();
    let counted = |client: &Client| match client.log_standing().unwrap() {
        LogStanding::Consistent { witnesses, .. } => (witnesses.by, witnesses.enough),
        other => panic!("{other:?}"),
    };
    assert_eq!(counted(&laptop), (vec![], true), "nobody is asked for");
    laptop.set_log_policy(&Policy::new(vec![witness(8)], 1)).unwrap();
    assert_eq!(counted(&laptop), (vec!["w.example".to_owned()], true));
    assert_eq!(standings(&laptop), [Standing::Included { index: 0, size: 1, witnesses: vec!["w.example".into()] }]);
    laptop.set_log_policy(&Policy::new(vec![witness(8), witness(9)], 2)).unwrap();
    assert_eq!(counted(&laptop), (vec!["w.example".to_owned()], false), "another key under the same name did not sign");
}
