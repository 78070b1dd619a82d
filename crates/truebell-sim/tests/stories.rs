//! Short stories that went wrong once: each was found by a seed, shrunk, and must stay right.
#![allow(clippy::expect_used, reason = "a story that cannot be told has failed")]

use truebell_sim::kinds::Tally;
use truebell_sim::run::try_mutation;
use truebell_sim::{Condition, Counts, DbFault, Doing, Fault, Mutation, Story, World, calm, faults, step};

fn counts(story: &Story) -> Counts {
    let mut world = World::new(story.seed);
    world.run(story).expect("the story can be told");
    world.counts()
}

/// A bent keyset was kept, and the true one refused for being another: the device never synced again.
#[test]
fn a_keyset_bent_on_its_way_does_not_keep_the_true_one_out() {
    let steps = vec![
        step(Doing::ChangePassword(1), calm()),
        step(Doing::Sync(0), faults(&[(0, Fault::BodyChanged)])),
        step(Doing::ChangeAddress(1), calm()),
    ];
    assert!(counts(&Story { seed: 27, people: vec![2, 2], steps }).all_zero());
}

/// An act that a server with a strange key took must not end in the true chain, where nobody could verify it.
#[test]
fn what_a_server_with_a_strange_key_took_is_not_in_the_chain() {
    let steps = vec![step(Doing::Server(Condition::OtherKey), calm()), step(Doing::ScheduleDeletion(3), calm())];
    assert!(counts(&Story { seed: 10, people: vec![3, 2], steps }).all_zero());
}

/// A mail was claimed and never left, so it may have been sent for all the server knows, and its correction left. Then a backup took the
/// mail's row away, and the correction looked like one to somebody who had never been told anything.
#[test]
fn a_correction_of_a_mail_whose_fate_nobody_knew_is_no_false_alarm_after_a_restore() {
    let steps = vec![
        step(Doing::BackUp, calm()),
        step(Doing::Work, calm()),
        step(Doing::ChangePassword(0), calm()),
        step(Doing::Work, faults(&[(0, Fault::Database(0, DbFault::Written))])),
        step(Doing::TakeBack(0, 2), calm()),
        step(Doing::Pass(3600), calm()),
        step(Doing::Work, calm()),
        step(Doing::RestoreBackup, calm()),
    ];
    assert!(counts(&Story { seed: 698, people: vec![2], steps }).all_zero());
}

/// Two restores: a revision of the restored server stood under the number of one this device had edited, and was taken for its
/// ancestor. What the other device had written was taken out again.
#[test]
fn a_restored_servers_other_revision_of_the_same_number_is_nobodys_ancestor() {
    let steps = vec![
        step(Doing::BackUp, calm()),
        step(Doing::Set(2, 3, "password"), calm()),
        step(Doing::Sync(2), calm()),
        step(Doing::Set(3, 3, "pin"), calm()),
        step(Doing::RestoreBackup, calm()),
        step(Doing::Set(3, 3, "pin"), calm()),
        step(Doing::Sync(3), calm()),
        step(Doing::Set(2, 3, "password"), calm()),
        step(Doing::Sync(2), calm()),
        step(Doing::Sync(3), calm()),
        step(Doing::RestoreBackup, calm()),
    ];
    assert!(counts(&Story { seed: 58, people: vec![2, 2], steps }).all_zero());
}

/// Nothing of the item was left on the server; what the last revision before the edit said was forgotten with it.
#[test]
fn an_item_a_restored_server_never_heard_of_keeps_what_its_lost_versions_said() {
    let steps = vec![
        step(Doing::BackUp, calm()),
        step(Doing::Add(2), calm()),
        step(Doing::Sync(2), calm()),
        step(Doing::Sync(1), calm()),
        step(Doing::Set(1, 4, "pin"), calm()),
        step(Doing::Sync(1), calm()),
        step(Doing::Set(1, 4, "pin"), calm()),
        step(Doing::RestoreBackup, calm()),
    ];
    assert!(counts(&Story { seed: 22, people: vec![3, 2], steps }).all_zero());
}

/// The answer was cut, and the program started again: the old record was held to be of after the change, and the new one refused.
#[test]
fn an_address_changed_here_is_taken_with_the_next_record_also_after_a_restart() {
    let steps = vec![
        step(Doing::ChangeAddress(3), faults(&[(3, Fault::AnswerCut(499))])),
        step(Doing::Restart(3), calm()),
        step(Doing::ScheduleDeletion(4), calm()),
    ];
    assert!(counts(&Story { seed: 115, people: vec![3, 2], steps }).all_zero());
}

#[test]
fn a_seed_replays_a_run_exactly() {
    let tell = || {
        let mut world = World::new(5);
        world.run(&Story::draw(5, 60)).expect("the story can be told");
        (format!("{:?}", world.counts()), world.digest())
    };
    assert_eq!(tell(), tell());
}

/// Whatever a run counts as tried must happen from the first seeds on, and nothing in them may be found.
#[test]
fn the_first_seeds_meet_every_kind_of_trouble_and_every_page_and_nothing_is_found() {
    let mut tally = Tally::default();
    for seed in 0..8 {
        let mut world = World::new(seed);
        world.run(&Story::draw(seed, 1_500)).expect("the story can be told");
        assert!(world.counts().all_zero(), "seed {seed}: {:#?}", world.findings());
        assert!(world.naive_false_alarms() > 0, "seed {seed} would have fooled nobody");
        tally.take_in(&world.tally());
    }
    assert_eq!(tally.never(), Vec::<&str>::new(), "these never happened");
}

/// A fault is counted where it met something: a body that is not there cannot be cut, and a clean exchange is none.
#[test]
fn what_met_nothing_is_not_counted_as_faulted() {
    let mut world = World::new(3);
    let (_, laptop) = world.sign_up().expect("good weather");
    world.sync(laptop);
    let before = world.exchanges();
    world.sync(laptop);
    assert_eq!(world.exchanges().faulted, before.faulted);
    world.faults(&[(0, Fault::Slow(3)), (1, Fault::Slow(3))]);
    world.sync(laptop);
    assert!(world.exchanges().faulted > before.faulted && world.exchanges().faulted <= world.exchanges().all);
}

/// Two of them stand for all here; `cargo xtask test` tries every one.
#[test]
fn a_client_that_takes_an_old_answer_for_a_new_one_and_a_restore_that_sends_again_are_caught() {
    for mutation in [Mutation::SkipsNonce, Mutation::RestoreReplaysOutbox] {
        let caught = try_mutation(mutation);
        assert!(caught.at.is_some(), "{}: {:?}", mutation.about(), caught.counts);
    }
}
