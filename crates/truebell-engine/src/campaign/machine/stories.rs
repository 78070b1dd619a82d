//! The drills of a campaign that touch the machine, each with the guard that stops it; and each again with that guard switched off, to see
//! that it is the one.

use super::super::testing::{Fixture, finding, operator, recipient};
use super::super::*;
use super::world::{Brought, HOUR, SECOND, Story};
use super::*;
use truebell_core::hash::Hash32;

/// Plays a story with all guards, where nobody may be harmed, and without one, where somebody must be. `harm` counts wrong resets and mails.
fn drill(guard: Guard, harm: impl Fn(Guards) -> (usize, Story)) -> Story {
    let (wrong, story) = harm(Guards::all());
    assert_eq!(wrong, 0, "{guard:?} is on, and {wrong} are harmed");
    let (wrong, _) = harm(Guards::without(guard));
    assert!(wrong > 0, "{guard:?} is off, and nobody is harmed: it is not the guard of this story");
    story
}

fn begun(fixture: Fixture, guards: Guards) -> Story {
    let mut story = Story::new(fixture, guards);
    story.begin();
    story
}

fn stopped_for(story: &Story) -> Stop {
    match story.phase() {
        Phase::Stopped { why } => why,
        other => panic!("it is {other:?}"),
    }
}

#[test]
fn d01_a_predicate_that_is_dropped_matches_everybody_and_is_stopped_in_shadow() {
    let story = drill(Guard::TooMany, |guards| {
        let mut story = Story::new(Fixture::of(300), guards);
        story.order(Order::Submit);
        story.approve();
        story.wait(HOUR);
        for _ in 0..10 {
            story.look(100, 100);
        }
        story.wait(HOUR);
        let _refused = (story.tell(Input::Load { permille: 300 }), story.in_turn().into_iter().map(|number| story.send(number)).count());
        (story.acted.len(), story)
    });
    assert!(matches!(stopped_for(&story), Stop::TooMany { measure: Measure::Stratum { number: 0 }, tally: Tally { matched: 100, .. } }));
    assert_eq!(
        stopped_for(&story).to_string(),
        "100 of 100 match (stratum 0), which is more than the plan allows: whatever says that they match is broken, or the plan is wrong"
    );
}

#[test]
fn d01_a_predicate_that_is_inverted_finds_too_few_and_is_stopped_in_shadow() {
    drill(Guard::TooFew, |guards| {
        let mut story = Story::new(Fixture::of(300), guards);
        story.order(Order::Submit);
        story.approve();
        story.wait(HOUR);
        story.look(200_000, 0);
        story.wait(HOUR);
        let _heard = story.tell(Input::Load { permille: 300 });
        let _refused = story.in_turn().into_iter().map(|number| story.send(number)).count();
        (story.acted.len(), story)
    });
}

#[test]
fn d02_a_second_look_that_accepts_everything_accepts_the_decoy_and_stops_at_the_first() {
    let story = drill(Guard::Decoy, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        for number in story.in_turn() {
            let _refused = story.send_bent(number, |brought| brought.look.decoy_refused = false);
        }
        (story.acted.len() + story.mailed.len(), story)
    });
    assert_eq!(stopped_for(&story), Stop::Fault { fault: Fault::DecoyAccepted });
}

#[test]
fn d02_a_first_look_that_accepts_everything_strikes_the_tracers() {
    let story = drill(Guard::Tracers, |guards| {
        let mut story = Story::new(Fixture::of(60), guards);
        story.tracers = Some(TracerReport { must_not_matched: 256, ..world::SOUND });
        story.begin();
        let _refused = story.in_turn().into_iter().map(|number| story.send(number)).count();
        (story.acted.len(), story)
    });
    assert_eq!(stopped_for(&story), Stop::Tracer { verdict: TracerVerdict::Struck });
}

#[test]
fn d03_a_sender_that_lost_the_manifest_reaches_nobody_beyond_it() {
    let story = drill(Guard::Manifest, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        // It walks the table of accounts instead.
        for number in (0..3).chain(60..100) {
            let _refused = story.send(number);
        }
        let wrong = |reached: &[Recipient]| reached.iter().filter(|one| story.fixture.manifest.prove(**one).is_none()).count();
        (wrong(&story.acted) + wrong(&story.mailed), story)
    });
    assert_eq!(stopped_for(&story), Stop::Fault { fault: Fault::NotListed });
    assert!(story.acted.len() <= 3, "and the first it asks about stops it");
}

#[test]
fn d04_another_text_than_the_approved_one_reaches_nobody() {
    let story = drill(Guard::Wording, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        let retraction = story.fixture.plan.text(Subject::Retraction, "en").unwrap().derive_digest();
        for (number, text) in story.in_turn().into_iter().zip([Hash32([9; 32]), retraction]) {
            let _refused = story.send_bent(number, |brought| brought.text = Some(text));
        }
        (story.mailed.len(), story)
    });
    assert_eq!(stopped_for(&story), Stop::Fault { fault: Fault::WrongText });
}

#[test]
fn d06_a_queue_that_is_replayed_after_48_hours_is_past_the_plans_end() {
    let story = drill(Guard::Expiry, |guards| {
        let mut fixture = Fixture::of(60);
        fixture.plan.expires = UnixMillis(fixture.plan.made_at.0 + 24 * HOUR);
        let mut story = begun(fixture, guards);
        story.send(story.in_turn()[0]).unwrap();
        let before = story.acted.len();
        story.wait(48 * HOUR);
        story.tell(Input::Load { permille: 300 }).unwrap();
        let _refused = story.in_turn().into_iter().map(|number| story.send(number)).count();
        (story.acted.len() - before, story)
    });
    assert_eq!(story.phase(), Phase::Expired);
}

#[test]
fn d06_a_permit_that_is_kept_is_worth_nothing_after_a_few_seconds() {
    let mut story = begun(Fixture::of(60), Guards::all());
    let number = story.in_turn()[0];
    let brought = story.bring(number);
    let permit = story.ask(&brought).unwrap();
    story.now = UnixMillis(story.now.0 + 5 * SECOND);
    assert_eq!(permit.use_up(story.now), Err(PermitOver));
    let other = story.in_turn()[1];
    let brought = story.bring(other);
    let permit = story.ask(&brought).unwrap();
    assert_eq!(permit.use_up(UnixMillis(story.now.0 - 1)), Err(PermitOver), "nor where a clock was set back");
}

#[test]
fn d07_a_sender_that_dies_while_a_mail_leaves_never_sends_it_again() {
    let mut story = begun(Fixture::of(60), Guards::all());
    let number = story.in_turn()[0];
    let brought = story.bring(number);
    let permit = story.ask(&brought).unwrap();
    story.act(permit).unwrap();
    let who = recipient(number);
    let handover = story.machine.may_hand_over(who, &brought.lease, story.now).unwrap();
    assert_eq!(handover.use_up(story.now), Ok(who), "DATA is sent");
    while let Some(effect) = story.machine.poll_effect() {
        if let Effect::Record(record) = effect {
            story.rows.push(record);
        }
    }
    story.restart();
    story.wait(5 * SECOND);
    assert_eq!(story.machine.rows.get(who).standing, Standing::Unknown, "parked");
    let lease = story.lease(share_of(who), world::WORKER).unwrap();
    assert_eq!(story.hand_over(who, &lease), Err(WhyNot::HadItsTurn { standing: "unknown" }));
    assert_eq!(story.send(number), Err(WhyNot::HadItsTurn { standing: "unknown" }));
}

#[test]
fn d08_of_two_workers_with_one_lease_only_the_one_who_has_it_sends() {
    let story = drill(Guard::Lease, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        let number = story.in_turn()[0];
        let share = share_of(recipient(number));
        let old = story.lease(share, WorkerId(1)).unwrap();
        assert!(matches!(story.lease(share, WorkerId(2)), Err(Refused::Leased { .. })), "while it lasts");
        story.now = UnixMillis(story.now.0 + 5 * SECOND);
        let new = story.lease(share, WorkerId(2)).unwrap();
        assert!(new.token > old.token);
        // The first worker was only slow, and believes that it still has it.
        let stale = Lease { until: new.until, ..old };
        let mut brought = story.bring_with(number, stale);
        brought.look.at = story.now;
        let wrong = usize::from(story.ask(&brought).is_ok_and(|permit| permit.use_up(story.now).is_ok()));
        (wrong, story)
    });
    assert!(matches!(story.phase(), Phase::Running), "and nothing else is wrong");
}

#[test]
fn d08_two_workers_who_ask_about_one_recipient_get_one_permit() {
    drill(Guard::Once, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        let number = story.in_turn()[0];
        let brought = story.bring(number);
        let permits: Vec<_> = (0..2).filter_map(|_| story.ask(&brought).ok()).collect();
        let used = permits.into_iter().filter_map(|permit| permit.use_up(story.now).ok()).count();
        (used - 1, story)
    });
}

#[test]
fn d09_a_drills_plan_does_not_run_live_nor_a_live_one_in_a_drill() {
    let start = |guards, plan: World, here| {
        let mut fixture = Fixture::of(60);
        fixture.plan.world = plan;
        Machine::unguarded(fixture.plan, &fixture.manifest, fixture.roster, &[], here, guards)
    };
    for (plan, here) in [(World::Drill, World::Live), (World::Live, World::Drill)] {
        assert_eq!(start(Guards::all(), plan, here).unwrap_err(), NotARun::World { plan, here });
        assert!(start(Guards::without(Guard::World), plan, here).is_ok(), "the guard is what holds");
    }
    assert!(start(Guards::all(), World::Drill, World::Drill).is_ok());
}

#[test]
fn d16_whoever_changed_their_password_since_is_passed_over() {
    let elsewhere = Generation(Hash32([8; 32]));
    let bends: [fn(&mut Brought, Generation); 2] =
        [|brought, other| brought.generation = other, |brought, other| brought.look.generation = other];
    for bend in bends {
        let story = drill(Guard::Generation, |guards| {
            let mut story = begun(Fixture::of(60), guards);
            let number = story.in_turn()[0];
            let _refused = story.send_bent(number, |brought| bend(brought, elsewhere));
            (story.acted.len(), story)
        });
        let number = story.in_turn()[0];
        let standing = story.machine.rows.get(recipient(number)).standing;
        assert_eq!(standing, Standing::Skipped { why: Skip::GenerationChanged });
        assert_eq!(story.phase(), Phase::Running, "it is nobody's fault");
    }
}

#[test]
fn d17_an_account_without_a_password_has_no_evidence_and_is_passed_over() {
    let story = drill(Guard::Evidence, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        let number = story.in_turn()[0];
        let _refused = story.send_bent(number, |brought| brought.look.holds = false);
        (story.acted.len(), story)
    });
    let standing = |story: &Story, number: u64| story.machine.rows.get(recipient(number)).standing;
    assert_eq!(standing(&story, story.in_turn()[0]), Standing::Skipped { why: Skip::EvidenceFailed });
    let mut story = story;
    for (number, why) in story.in_turn().into_iter().skip(1).zip([Skip::NoPassword, Skip::Disabled, Skip::Deleted, Skip::NoAddress]) {
        story.tell(Input::Fact { recipient: recipient(number), fact: Fact::Skipped(why) }).unwrap();
        assert_eq!(story.send(number), Err(WhyNot::HadItsTurn { standing: "skipped" }), "{why:?}");
    }
    assert_eq!(story.acted.len(), 0);
}

#[test]
fn d17_evidence_that_fails_for_most_stops_the_campaign() {
    let mut fixture = Fixture::of(400);
    fixture.plan.stages[1].whom = Whom::UpTo(200);
    fixture.plan.stages[2].whom = Whom::UpTo(300);
    let mut story = begun(fixture, Guards::all());
    for number in story.in_turn() {
        let _refused = story.send_bent(number, |brought| brought.look.holds = false);
    }
    assert!(matches!(stopped_for(&story), Stop::TooFew { measure: Measure::Rechecks, tally } if tally.looked < 160), "{:?}", story.stops);
    assert!(story.acted.is_empty());
}

#[test]
fn d20_while_people_crowd_the_sign_in_nothing_is_sent() {
    let story = drill(Guard::Load, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        story.tell(Input::Load { permille: 950 }).unwrap();
        let number = story.in_turn()[0];
        let crowded = story.send(number);
        story.tell(Input::Load { permille: 300 }).unwrap();
        story.wait(61 * SECOND);
        let other = story.in_turn()[1];
        let silent = story.send(other);
        (usize::from(crowded.is_ok()) + usize::from(silent.is_ok()), story)
    });
    let mut story = story;
    story.tell(Input::Load { permille: 700 }).unwrap();
    story.send_stage();
    assert_eq!(story.acted.len(), 10, "and it goes on by itself when there is room");
}

#[test]
fn d23_a_retraction_while_half_is_in_flight_reaches_exactly_those_who_were_reached() {
    let mut story = begun(Fixture::of(60), Guards::all());
    story.pass_stage();
    let turns = story.in_turn();
    // Ten are told already. Of the next: two are told, one is being mailed, one is reset, one has a permit, and one is asked about by nobody.
    story.send(turns[0]).unwrap();
    story.send(turns[1]).unwrap();
    let brought = story.bring(turns[2]);
    let permit = story.ask(&brought).unwrap();
    story.act(permit).unwrap();
    let handover = story.machine.may_hand_over(recipient(turns[2]), &brought.lease, story.now).unwrap();
    let brought = story.bring(turns[3]);
    let permit = story.ask(&brought).unwrap();
    story.act(permit).unwrap();
    let late = story.bring(turns[4]);
    let late_permit = story.ask(&late).unwrap();

    story.order(Order::Retract);
    assert_eq!(story.phase(), Phase::Retracting);
    assert!(matches!(story.send(turns[5]), Err(WhyNot::NotRunning { .. })), "nobody new");
    // The mail had left, and the transaction that had a permit commits.
    story.mailed.push(handover.use_up(story.now).unwrap());
    story.tell(Input::Fact { recipient: recipient(turns[2]), fact: Fact::Told }).unwrap();
    story.act(late_permit).unwrap();
    let reached: BTreeSet<_> = story.acted.iter().copied().collect();
    assert_eq!(reached.len(), 15);
    assert_eq!(story.undo.iter().map(|(who, _)| *who).collect::<BTreeSet<_>>(), reached, "exactly those");
    let corrected: BTreeSet<_> = story.undo.iter().filter(|(_, tell)| *tell).map(|(who, _)| *who).collect();
    assert_eq!(corrected, story.mailed.iter().copied().collect(), "and the correction goes to exactly those who were mailed");

    story.order(Order::Retract);
    for (who, fact) in reached.iter().zip([Fact::Kept, Fact::RetractionFailed].into_iter().chain(std::iter::repeat(Fact::Retracted))) {
        story.tell(Input::Fact { recipient: *who, fact }).unwrap();
    }
    assert_eq!(story.phase(), Phase::Retracting, "one failed");
    story.undo.clear();
    story.wait(30 * SECOND);
    assert_eq!(story.undo.len(), 1, "and is tried again");
    story.tell(Input::Fact { recipient: story.undo[0].0, fact: Fact::Retracted }).unwrap();
    assert_eq!(story.phase(), Phase::Retracted);
    assert_eq!(story.tell(Input::Order { by: operator(1), order: Order::Resume }), Err(Refused::NotNow { phase: "retracted" }));
}

#[test]
fn d23_a_claim_that_nothing_came_of_is_taken_back_and_not_retracted() {
    let mut story = begun(Fixture::of(60), Guards::all());
    let number = story.in_turn()[0];
    let brought = story.bring(number);
    let permit = story.ask(&brought).unwrap();
    story.order(Order::Retract);
    assert_eq!((story.phase(), story.undo.len()), (Phase::Retracting, 0), "it may still commit");
    story.wait(66 * SECOND);
    assert_eq!(story.machine.rows.get(recipient(number)).standing, Standing::Skipped { why: Skip::TakenBack });
    assert_eq!((story.phase(), story.undo.len()), (Phase::Retracted, 0));
    assert_eq!(permit.use_up(story.now), Err(PermitOver));
}

#[test]
fn d24_mails_that_people_find_wrong_stop_the_campaign() {
    let story = drill(Guard::Health, |guards| {
        let mut fixture = Fixture::of(3_000);
        fixture.plan.stages[1].whom = Whom::UpTo(300);
        fixture.plan.stages[2].whom = Whom::UpTo(301);
        fixture.plan.caps.per_hour = 5_000;
        let mut story = begun(fixture, guards);
        story.send_stage();
        // The relay rewrites links: a twentieth report the mail as junk, where three in a thousand may.
        story.hear(15);
        story.wait(HOUR);
        story.tell(Input::Load { permille: 300 }).unwrap();
        let _refused = story.in_turn().into_iter().filter(|number| story.send(*number).is_ok()).count();
        (story.acted.len() - 300, story)
    });
    assert_eq!(stopped_for(&story), Stop::Health { signal: Signal::Complaints, tally: Tally { looked: 300, matched: 15 } });
}

#[test]
fn an_alarm_of_a_later_stage_waits_for_its_stage() {
    drill(Guard::Stage, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        let now: BTreeSet<_> = story.in_turn().into_iter().collect();
        let later = (0..60).filter(|number| !now.contains(number)).take(5).collect::<Vec<_>>();
        let _refused = later.into_iter().filter(|number| story.send(*number).is_ok()).count();
        (story.acted.len(), story)
    });
}

#[test]
fn no_more_are_sent_in_an_hour_than_the_cap() {
    let story = drill(Guard::Caps, |guards| {
        let mut fixture = Fixture::of(60);
        fixture.plan.caps.per_hour = 4;
        let mut story = begun(fixture, guards);
        let _refused = story.in_turn().into_iter().filter(|number| story.send(*number).is_ok()).count();
        (story.acted.len().saturating_sub(4), story)
    });
    let mut story = story;
    let left: Vec<_> = story.in_turn().into_iter().skip(4).collect();
    assert_eq!(story.send(left[0]), Err(WhyNot::HourCap));
    story.restart();
    story.tell(Input::Load { permille: 300 }).unwrap();
    assert_eq!(story.send(left[0]), Err(WhyNot::HourCap), "and a restart gives nothing back");
    story.wait(HOUR);
    story.tell(Input::Load { permille: 300 }).unwrap();
    assert_eq!(story.send(left[0]), Ok(()));
}

#[test]
fn no_more_are_sent_at_all_than_the_campaigns_cap() {
    let mut fixture = Fixture::of(60);
    fixture.plan.caps.per_campaign = 3;
    let mut story = begun(fixture, Guards::all());
    let answers: Vec<_> = story.in_turn().into_iter().map(|number| story.send(number)).collect();
    assert_eq!(answers[2..4], [Ok(()), Err(WhyNot::CampaignCap)]);
}

#[test]
fn silence_is_no_success() {
    let story = drill(Guard::Data, |guards| {
        let mut story = begun(Fixture::of(60), guards);
        story.send_stage();
        // Nobody counts bounces or complaints.
        story.wait(HOUR);
        story.tell(Input::Load { permille: 300 }).unwrap();
        let _refused = story.in_turn().into_iter().filter(|number| story.send(*number).is_ok()).count();
        (story.acted.len() - 10, story)
    });
    assert_eq!(story.unclear, [Unclear::NoReading { signal: Signal::Bounces }]);
}

#[test]
fn a_hold_is_a_hold() {
    drill(Guard::Hold, |guards| {
        let mut story = Story::new(Fixture::of(60), guards);
        story.order(Order::Submit);
        story.approve();
        story.look(2_000, 20);
        (usize::from(story.phase() == Phase::Running || matches!(story.phase(), Phase::Soaking { .. })), story)
    });
}

#[test]
fn nothing_is_sent_that_was_not_approved() {
    drill(Guard::Approval, |guards| {
        let mut story = Story::new(Fixture::of(60), guards);
        story.order(Order::Submit);
        // One approval, and one of the author's.
        for number in [0, 1] {
            let signed = story.fixture.says(number, Says::Approve, 0, story.now);
            story.tell(Input::Said(signed)).unwrap();
        }
        story.wait(HOUR);
        story.look(2_000, 20);
        story.wait(HOUR);
        story.tell(Input::Load { permille: 300 }).unwrap();
        let _refused = story.in_turn().into_iter().filter(|number| story.send(*number).is_ok()).count();
        (story.acted.len(), story)
    });
}

#[test]
fn an_operator_who_left_takes_their_approval_along() {
    let mut story = begun(Fixture::of(60), Guards::all());
    let turns = story.in_turn();
    story.send(turns[0]).unwrap();
    let mut roster = story.fixture.roster.clone();
    roster.0.remove(&operator(2));
    story.tell(Input::Roster(roster)).unwrap();
    let refused = story.send(turns[1]);
    assert_eq!(refused, Err(WhyNot::NotApproved(NotApproved::TooFew { valid: 1 })));
    assert!(story.lease(0, world::WORKER).is_err(), "nor is a lease renewed");
    let third = story.fixture.says(3, Says::Approve, 0, story.now);
    story.tell(Input::Said(third)).unwrap();
    assert_eq!(story.send(turns[1]), Ok(()), "another operator approves in their place");
}

#[test]
fn evidence_about_somebody_else_by_somebody_else_or_long_ago_is_none() {
    type Bend = fn(&mut Brought);
    let bends: [(Bend, WhyNot); 4] = [
        (|brought| brought.look.account = finding(59).account, WhyNot::OtherEvidence),
        (|brought| brought.look.grade = Grade::E3, WhyNot::OtherEvidence),
        (|brought| brought.look.checker = "bcrypt 0.17".into(), WhyNot::OtherEvidence),
        (|brought| brought.look.at = UnixMillis(brought.look.at.0 - 31_000), WhyNot::OldEvidence),
    ];
    for (bend, expected) in bends {
        let mut story = begun(Fixture::of(60), Guards::all());
        let number = story.in_turn()[0];
        assert_eq!(story.send_bent(number, bend), Err(expected));
        assert!(story.acted.is_empty());
        assert_eq!(matches!(story.phase(), Phase::Stopped { .. }), expected == WhyNot::OtherEvidence);
    }
}

#[test]
fn what_was_done_without_leave_stops_the_campaign_and_is_undone_with_it() {
    for fact in [Fact::Acted { claim: 1 }, Fact::Told, Fact::Unknown] {
        for number in [0, 500] {
            let mut story = begun(Fixture::of(60), Guards::all());
            story.tell(Input::Fact { recipient: recipient(number), fact }).unwrap();
            assert_eq!(stopped_for(&story), Stop::Fault { fault: Fault::Unannounced });
            story.order(Order::Retract);
            assert_eq!(story.undo.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [recipient(number)], "{fact:?}");
        }
    }
}
