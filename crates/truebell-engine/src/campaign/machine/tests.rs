//! The campaign from beginning to end, and what ends it.

use super::super::testing::{Fixture, finding, operator, recipient};
use super::super::*;
use super::world::{HOUR, SECOND, Story, WORKER};
use super::*;

fn begun(count: u64) -> Story {
    let mut story = Story::new(Fixture::of(count), Guards::all());
    story.begin();
    story
}

#[test]
fn a_sound_campaign_goes_through_its_stages_and_reaches_everybody_once() {
    let mut story = Story::new(Fixture::of(60), Guards::all());
    let mut told = vec![story.phase().word()];
    story.order(Order::Submit);
    told.push(story.phase().word());
    story.approve();
    told.push(story.phase().word());
    story.wait(HOUR);
    told.push(story.phase().word());
    story.look(2_000, 20);
    story.wait(HOUR);
    story.tell(Input::Load { permille: 300 }).unwrap();
    for _ in 0..3 {
        told.push(story.phase().word());
        story.pass_stage();
    }
    told.push(story.phase().word());
    assert_eq!(told, ["draft", "in-review", "held", "soaking", "running", "running", "running", "done"]);
    let everybody: BTreeSet<_> = (0..60).map(recipient).collect();
    assert_eq!((story.acted.len(), story.mailed.len()), (60, 60));
    assert_eq!(
        (story.acted.iter().copied().collect::<BTreeSet<_>>(), story.mailed.iter().copied().collect()),
        (everybody.clone(), everybody)
    );
    assert!(story.machine.ledger().all(|(_, entry)| entry.standing == Standing::Told));
    assert_eq!(story.machine.due(), None);
}

#[test]
fn in_shadow_nobody_is_reached_and_nothing_passes_without_having_been_measured() {
    let mut story = Story::new(Fixture::of(60), Guards::all());
    story.order(Order::Submit);
    story.approve();
    story.wait(HOUR);
    assert!(matches!(story.send(0), Err(WhyNot::NotRunning { phase: "soaking" })));
    story.wait(HOUR);
    assert_eq!(story.phase(), Phase::Paused { why: Unclear::NoLooks { measure: Measure::Stratum { number: 0 } } });
    story.order(Order::Resume);
    story.look(999, 10);
    story.wait(HOUR);
    assert!(matches!(story.phase(), Phase::Paused { .. }), "one less than enough");
    story.order(Order::Resume);
    story.look(1, 0);
    story.wait(HOUR);
    assert_eq!(story.phase(), Phase::Running);
}

#[test]
fn without_an_answer_from_the_tracers_nothing_is_sent_and_no_stage_passes() {
    let mut story = begun(60);
    story.tracers = None;
    story.send_stage();
    story.hear(0);
    story.wait(HOUR);
    story.tell(Input::Load { permille: 300 }).unwrap();
    assert_eq!((story.phase(), story.machine.state().stage), (Phase::Running, 2));
    let next = story.in_turn()[0];
    assert_eq!(story.send(next), Err(WhyNot::TracersUnknown));
    story.tell(Input::Tracers(TracerReport { must_not_looked: 200, ..world::SOUND })).unwrap();
    assert_eq!(story.send(next), Err(WhyNot::TracersUnknown), "some of them are not all of them");
    story.tell(Input::Tracers(world::SOUND)).unwrap();
    assert_eq!(story.send(next), Ok(()));
}

#[test]
fn one_person_stops_it_at_once_and_leases_end_within_seconds_everywhere() {
    let mut story = begun(60);
    let turns = story.in_turn();
    story.send(turns[0]).unwrap();
    let brought = story.bring(turns[1]);
    let permit = story.ask(&brought).unwrap();
    let stopped_at = story.now;
    story.order(Order::Stop);
    assert_eq!(story.phase(), Phase::Stopped { why: Stop::Operator { operator: operator(3) } });
    assert!(story.send(turns[2]).is_err() && story.lease(3, WORKER).is_err());
    assert!(permit.until() <= UnixMillis(stopped_at.0 + 5 * SECOND), "what another machine already holds");
    assert!(permit.use_up(UnixMillis(stopped_at.0 + 5 * SECOND)).is_err());
    story.order(Order::Stop);
    assert_eq!(story.stops.len(), 1, "stopped twice is stopped");
}

#[test]
fn what_was_stopped_goes_on_after_two_people_approved_it_anew_and_a_new_hold() {
    let mut story = begun(60);
    let before = story.in_turn();
    story.send(before[0]).unwrap();
    story.order(Order::Stop);
    assert_eq!(story.tell(Input::Order { by: operator(3), order: Order::Resume }), Err(Refused::NotNow { phase: "stopped" }));
    story.wait(10 * HOUR);
    for round in [0, 2] {
        for signed in story.fixture.approvals(round, story.now) {
            assert_eq!(story.tell(Input::Said(signed)), Err(Refused::OtherRound));
        }
    }
    assert!(matches!(story.phase(), Phase::Stopped { .. }), "the round that was stopped is over");
    let first = story.fixture.says(1, Says::Approve, 1, story.now);
    story.tell(Input::Said(first)).unwrap();
    assert!(matches!(story.phase(), Phase::Stopped { .. }), "one is not two");
    story.approve();
    assert!(matches!(story.phase(), Phase::Held { .. }));
    story.wait(HOUR);
    assert_eq!((story.phase(), story.machine.state().stage), (Phase::Running, 1));
    story.tell(Input::Load { permille: 300 }).unwrap();
    assert_eq!(story.send(before[0]), Err(WhyNot::HadItsTurn { standing: "told" }));
    for number in &before[1..] {
        story.send(*number).unwrap();
    }
    assert_eq!(story.acted.len(), 10);
}

#[test]
fn what_is_approved_in_advance_does_not_go_on_after_a_stop() {
    let mut story = begun(60);
    for signed in story.fixture.approvals(1, story.now) {
        assert_eq!(story.tell(Input::Said(signed)), Err(Refused::OtherRound));
    }
    story.order(Order::Stop);
    story.wait(HOUR);
    assert!(matches!(story.phase(), Phase::Stopped { .. }));
    assert!(story.machine.approvers(story.now).is_empty());
}

#[test]
fn a_rate_that_stopped_it_is_counted_anew_after_it_was_approved_anew() {
    let mut story = Story::new(Fixture::of(60), Guards::all());
    story.order(Order::Submit);
    story.approve();
    story.wait(HOUR);
    story.look(100, 100);
    assert!(matches!(story.phase(), Phase::Stopped { why: Stop::TooMany { .. } }));
    story.approve();
    story.wait(HOUR);
    story.look(2_000, 20);
    story.wait(HOUR);
    assert_eq!(story.phase(), Phase::Running);
    assert_eq!(story.machine.tally(Measure::Stratum { number: 0 }), Tally { looked: 2_000, matched: 20 });
}

#[test]
fn only_operators_order_and_only_the_author_and_they_submit() {
    let mut story = Story::new(Fixture::of(60), Guards::all());
    let stranger = operator(9);
    for order in [Order::Submit, Order::Pause, Order::Resume, Order::Stop, Order::Retract] {
        assert_eq!(story.tell(Input::Order { by: stranger, order }), Err(Refused::NotAnOperator));
    }
    story.tell(Input::Order { by: operator(0), order: Order::Submit }).unwrap();
    assert_eq!(story.phase(), Phase::InReview);
    assert_eq!(story.tell(Input::Order { by: operator(1), order: Order::Submit }), Err(Refused::NotNow { phase: "in-review" }));
    let forged = SignedStatement {
        signature: story.fixture.says(2, Says::Approve, 0, story.now).signature,
        ..story.fixture.says(1, Says::Approve, 0, story.now)
    };
    assert_eq!(story.tell(Input::Said(forged)), Err(Refused::NotSigned));
    let other = Fixture::of(61);
    assert_eq!(story.tell(Input::Said(other.says(1, Says::Approve, 0, story.now))), Err(Refused::OtherPlan));
}

#[test]
fn an_approval_withdrawn_in_the_hold_ends_the_hold() {
    let mut story = Story::new(Fixture::of(60), Guards::all());
    story.order(Order::Submit);
    story.approve();
    story.wait(HOUR / 2);
    let withdrawn = story.fixture.says(2, Says::Withdraw, 0, story.now);
    story.tell(Input::Said(withdrawn)).unwrap();
    assert_eq!(story.phase(), Phase::InReview);
    story.wait(HOUR);
    let again = story.fixture.says(2, Says::Approve, 0, story.now);
    story.tell(Input::Said(again)).unwrap();
    assert_eq!(story.phase(), Phase::Held { until: UnixMillis(story.now.0 + HOUR) }, "and begins anew");
}

#[test]
fn a_pause_is_one_persons_and_so_is_its_end() {
    let mut story = begun(60);
    story.send(story.in_turn()[0]).unwrap();
    story.order(Order::Pause);
    assert_eq!(story.phase(), Phase::Paused { why: Unclear::Asked { operator: operator(3) } });
    let next = story.in_turn()[1];
    assert!(story.send(next).is_err());
    story.order(Order::Resume);
    assert_eq!(story.send(next), Ok(()));
}

#[test]
fn a_stage_in_which_everybody_is_passed_over_waits_for_a_person_who_looked() {
    let mut story = begun(60);
    for number in story.in_turn() {
        story.tell(Input::Fact { recipient: recipient(number), fact: Fact::Skipped(Skip::Deleted) }).unwrap();
    }
    story.wait(HOUR);
    assert_eq!(story.phase(), Phase::Paused { why: Unclear::NobodyReached });
    story.order(Order::Resume);
    assert_eq!((story.phase(), story.machine.state().stage), (Phase::Running, 2));
}

#[test]
fn a_claim_that_nothing_came_of_is_free_again_and_its_permit_is_not() {
    let mut story = begun(60);
    let number = story.in_turn()[0];
    let brought = story.bring(number);
    let lost = story.ask(&brought).unwrap();
    story.wait(64 * SECOND);
    story.tell(Input::Load { permille: 300 }).unwrap();
    assert_eq!(story.send(number), Err(WhyNot::HadItsTurn { standing: "claimed" }));
    story.wait(2 * SECOND);
    assert_eq!(story.send(number), Ok(()));
    assert!(lost.use_up(story.now).is_err());
    // And its transaction, had it been late, would have found another claim.
    story.tell(Input::Fact { recipient: recipient(number), fact: Fact::Acted { claim: 1 } }).unwrap();
    assert_eq!(story.phase(), Phase::Stopped { why: Stop::Fault { fault: Fault::Unannounced } });
    assert_eq!(story.acted.len(), 1);
}

#[test]
fn a_clock_set_back_moves_nothing_back() {
    let mut story = begun(60);
    let number = story.in_turn()[0];
    story.send(number).unwrap();
    let (due, state) = (story.machine.due(), story.machine.state());
    story.now = UnixMillis(story.now.0 - 30 * 86_400_000);
    story.tell(Input::Timer).unwrap();
    assert_eq!((story.machine.due(), story.machine.state()), (due, state));
    let lease = story.lease(share_of(recipient(number)), WORKER).unwrap();
    assert!(lease.until > UnixMillis(story.now.0 + 86_400_000), "leases count from the latest moment known");
}

#[test]
fn enforcement_asks_at_sign_in_and_mails_nobody() {
    let mut fixture = Fixture::of(12);
    let findings = (0..12).map(|number| Finding { grade: if number < 6 { Grade::E1 } else { Grade::E3 }, ..finding(number) }).collect();
    fixture.manifest = Manifest::new(findings).unwrap();
    fixture.plan.manifest = fixture.manifest.frozen();
    fixture.plan.policy = [Action::Reset, Action::Leave, Action::Enforce, Action::Leave];
    let mut story = Story::new(fixture, Guards::all());
    story.begin();
    story.pass_stage();
    story.pass_stage();
    assert_eq!((story.phase(), story.acted.len()), (Phase::Done, 12));
    assert_eq!(story.mailed.iter().copied().collect::<BTreeSet<_>>(), (0..6).map(recipient).collect());
    story.order(Order::Retract);
    let corrected = story.undo.iter().filter(|(_, tell)| *tell).count();
    assert_eq!((story.undo.len(), corrected), (12, 6), "who was told nothing is corrected in nothing");
}

#[test]
fn a_retraction_is_possible_after_the_plans_end_and_undone_is_for_good() {
    let mut story = begun(60);
    story.send_stage();
    story.wait(15 * 24 * HOUR);
    assert_eq!(story.phase(), Phase::Expired);
    story.order(Order::Retract);
    assert_eq!(story.undo.len(), 10);
    story.undo.clear();
    story.wait(5 * 60 * SECOND);
    assert_eq!(story.undo.len(), 10, "nobody said that it worked, so it is done again");
    for number in (0..60).filter(|number| story.mailed.contains(&recipient(*number))).collect::<Vec<_>>() {
        story.tell(Input::Fact { recipient: recipient(number), fact: Fact::Retracted }).unwrap();
    }
    assert_eq!(story.phase(), Phase::Retracted);
    assert_eq!(story.machine.due(), None);
}

#[test]
fn a_campaign_that_reached_nobody_is_retracted_at_once() {
    let mut story = Story::new(Fixture::of(60), Guards::all());
    story.order(Order::Submit);
    story.approve();
    story.order(Order::Retract);
    assert_eq!((story.phase(), story.undo.len()), (Phase::Retracted, 0));
}

#[test]
fn a_mail_that_is_put_off_is_sent_later_and_one_that_is_refused_is_not() {
    let mut story = begun(60);
    for (number, fact) in story.in_turn().into_iter().zip([Fact::Deferred, Fact::Undeliverable]) {
        let brought = story.bring(number);
        let permit = story.ask(&brought).unwrap();
        story.act(permit).unwrap();
        let who = recipient(number);
        assert_eq!(story.machine.may_hand_over(who, &brought.lease, story.now).unwrap().use_up(story.now), Ok(who));
        story.wait(5 * SECOND);
        assert_eq!(story.machine.rows.get(who).standing, Standing::Unknown, "(the other side takes its time)");
        story.tell(Input::Fact { recipient: who, fact }).unwrap();
        let lease = story.lease(share_of(who), WORKER).unwrap();
        let again = story.hand_over(who, &lease);
        assert_eq!(again.is_ok(), fact == Fact::Deferred, "{again:?}");
    }
    assert_eq!(story.mailed.len(), 1);
    story.order(Order::Retract);
    assert_eq!(story.undo.iter().map(|(_, tell)| *tell).filter(|tell| *tell).count(), 1, "only who was told is corrected");
    assert_eq!(story.undo.len(), 2);
}

#[test]
fn a_mail_that_leaves_as_the_retraction_is_ordered_is_waited_for() {
    for fact in [Some(Fact::Told), Some(Fact::Deferred), None] {
        let mut story = begun(60);
        let number = story.in_turn()[0];
        let brought = story.bring(number);
        let permit = story.ask(&brought).unwrap();
        story.act(permit).unwrap();
        let handover = story.machine.may_hand_over(recipient(number), &brought.lease, story.now);
        assert!(handover.is_ok());
        story.order(Order::Retract);
        assert!(story.undo.is_empty());
        match fact {
            Some(fact) => story.tell(Input::Fact { recipient: recipient(number), fact }).unwrap(),
            None => story.wait(5 * SECOND),
        }
        assert_eq!(story.undo, [(recipient(number), fact != Some(Fact::Deferred))], "{fact:?}");
    }
}

#[test]
fn a_stop_that_another_process_wrote_is_a_stop_here() {
    let (mut here, mut there) = (begun(60), begun(60));
    let number = here.in_turn()[0];
    there.rows.clear();
    there.order(Order::Stop);
    there.rows.iter().for_each(|row| here.machine.take_in(row));
    assert_eq!(here.machine.state(), there.machine.state());
    assert!(matches!(here.send(number), Err(WhyNot::NotRunning { phase: "stopped" })));
    let twice = begun(60);
    let sent = [Standing::Told].map(|standing| Record::Recipient {
        recipient: recipient(number),
        entry: Entry { standing, claim: 1, claimed_at: Some(here.now), mails: true },
    });
    let mut here = twice;
    sent.iter().for_each(|row| here.machine.take_in(row));
    assert_eq!(here.send(number), Err(WhyNot::HadItsTurn { standing: "told" }), "and who had their turn there had it here");
}

#[test]
fn passwords_that_changed_for_most_stop_the_campaign() {
    let mut fixture = Fixture::of(400);
    fixture.plan.stages[1].whom = Whom::UpTo(200);
    fixture.plan.stages[2].whom = Whom::UpTo(300);
    let mut story = Story::new(fixture, Guards::all());
    story.begin();
    for number in story.in_turn() {
        let _refused = story.send_bent(number, |brought| brought.generation = finding(9_999).generation);
    }
    assert!(
        matches!(story.phase(), Phase::Stopped { why: Stop::TooFew { measure: Measure::Rechecks, .. } }),
        "the wrong table was read, say"
    );
}

#[test]
fn what_is_not_in_the_plan_is_not_measured() {
    let mut story = begun(60);
    let tally = Tally { looked: 1, matched: 0 };
    assert_eq!(story.tell(Input::Looked { measure: Measure::Stratum { number: 7 }, tally }), Err(Refused::NotMeasured));
    assert_eq!(story.tell(Input::Reading { signal: Signal::NotMe, tally }), Err(Refused::NotMeasured));
}

#[test]
fn rows_keep_their_shape() {
    let mut story = begun(60);
    let number = story.in_turn()[0];
    story.send(number).unwrap();
    story.hear(0);
    story.order(Order::Stop);
    let kinds = ["state", "said", "recipient", "tally", "reading", "tracers", "lease"];
    let last = |kind: &str| {
        let found = story.rows.iter().rev().map(|row| serde_json::to_value(row).unwrap()).find(|row| row["row"] == kind);
        serde_json::to_string(&found).unwrap()
    };
    let lines: Vec<_> = kinds.into_iter().filter(|kind| *kind != "said").map(last).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"row":"state","state":{"opened":1800007260000,"phase":{"is":"stopped","why":{"is":"operator","operator":"acc_040g2081040g2081040g208104"}},"round":1,"stage":1}}
    {"entry":{"claim":1,"claimed_at":1800007260000,"mails":true,"standing":{"is":"told"}},"recipient":"cRK_VtDeCumApU1VBgejiVmSKR7IUjCbCgTMI6hXKwY","row":"recipient"}
    {"measure":{"of":"rechecks"},"row":"tally","tally":{"looked":41,"matched":39}}
    {"reading":{"at":1800007260000,"before":{"looked":0,"matched":0},"tally":{"looked":1,"matched":0}},"row":"reading","signal":"complaints"}
    {"row":"tracers","traced":{"at":1800007260000,"report":{"must_looked":8,"must_matched":8,"must_not_looked":256,"must_not_matched":0},"round":0,"stage":1}}
    {"lease":{"share":18,"token":1,"until":0,"worker":1},"row":"lease"}
    "#);
    for row in &story.rows {
        let json = serde_json::to_string(row).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), *row, "{json}");
    }
}
