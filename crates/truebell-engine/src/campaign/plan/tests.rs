//! One spelling, one name, and every way in which a plan is not whole.

use super::super::testing::{Fixture, NOW, alarm, finding, operator, recipient};
use super::super::{Action, BadText, Bounds, Generation, Grade, Manifest, Placeholder, Ppm, Stage, Whom, text};
use super::*;
use proptest::prelude::*;

#[test]
fn a_plan_is_read_as_it_was_written_and_in_no_other_spelling() {
    let plan = Fixture::of(20).plan;
    let bytes = plan.to_bytes();
    assert_eq!(Plan::parse(&bytes), Ok(plan));
    assert_eq!(Plan::parse(&[bytes.as_slice(), &[0]].concat()), Err(NotAPlan::Malformed), "something left over");
    assert_eq!(Plan::parse(&bytes[..bytes.len() - 1]), Err(NotAPlan::Malformed), "something missing");
    // The version, 1, as two bytes instead of one.
    let longer = [&bytes[..2], &[0x18, 1], &bytes[3..]].concat();
    assert_eq!((bytes[0], bytes[1], bytes[2]), (0x98, 25, 1));
    assert_eq!(Plan::parse(&longer), Err(NotAPlan::Spelling));
    let newer = [&bytes[..2], &[2], &bytes[3..]].concat();
    assert_eq!(Plan::parse(&newer), Err(NotAPlan::Version(2)));
}

proptest! {
    #[test]
    fn one_changed_byte_is_another_plan_or_none(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let plan = Fixture::of(5).plan;
        let mut bytes = plan.to_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        if let Ok(other) = Plan::parse(&bytes) {
            prop_assert_ne!(other.derive_id(), plan.derive_id());
        }
    }
}

#[test]
fn the_name_of_a_plan_never_changes() {
    insta::assert_snapshot!(Fixture::of(3).plan.derive_id(), @"gFeiUDpJyzNYgeMbwla9n7aCejIQh87LcQp1pWVa4zw");
}

/// A plan changed in one way, and why it is refused.
fn refused(change: impl FnOnce(&mut Fixture)) -> BadPlan {
    let mut fixture = Fixture::of(20);
    change(&mut fixture);
    fixture.plan.check(&fixture.manifest).unwrap_err()
}

#[test]
fn a_plan_that_is_not_whole_is_refused_with_the_reason() {
    assert_eq!(Fixture::of(20).plan.check(&Fixture::of(20).manifest), Ok(()));
    let cases: Vec<(BadPlan, BadPlan)> = vec![
        (refused(|f| f.plan.version = 2), BadPlan::Version),
        (refused(|f| f.plan.site.clear()), BadPlan::Site),
        (refused(|f| f.plan.lists[0].trust = Trust::SOURCE_KNOWN), BadPlan::Quarantine),
        (refused(|f| f.plan.lists.clear()), BadPlan::Quarantine),
        (refused(|f| f.plan.policy[2] = Action::Reset), BadPlan::Policy(Grade::E3)),
        (refused(|f| f.plan.policy[3] = Action::Enforce), BadPlan::Policy(Grade::E4)),
        (refused(|f| f.plan.policy = [Action::Leave; 4]), BadPlan::NothingToDo),
        (refused(|f| f.plan.policy[1] = Action::Tell), BadPlan::Wording { subject: Subject::AlarmE2, language: "en".into() }),
        (refused(|f| drop(f.plan.wordings.pop())), BadPlan::Wording { subject: Subject::Retraction, language: "en".into() }),
        (refused(|f| f.plan.wordings.clear()), BadPlan::Wording { subject: Subject::Retraction, language: "en".into() }),
        (refused(|f| drop(f.plan.texts.remove(0))), BadPlan::NoText { subject: Subject::AlarmE1, language: "en".into() }),
        (refused(|f| f.plan.texts.push(alarm("password-listed"))), BadPlan::IdleText),
        (refused(|f| f.plan.stages.reverse()), BadPlan::Stages),
        (refused(|f| f.plan.stages.truncate(3)), BadPlan::Stages),
        (refused(|f| f.plan.stages[1].soak_ms = 0), BadPlan::Stages),
        (refused(|f| f.plan.stages.insert(1, Stage { whom: Whom::UpTo(10), soak_ms: 1 })), BadPlan::Stages),
        (refused(|f| f.plan.caps.per_hour = 0), BadPlan::Caps),
        (refused(|f| f.plan.load.permille_max = 1_001), BadPlan::Load),
        (refused(|f| f.plan.errors.alpha_exponent = 1), BadPlan::Errors),
        (refused(|f| f.plan.strata[0].bounds.low = Ppm(20_000)), BadPlan::Bounds("ExampleForum, bcrypt".into())),
        (
            refused(|f| f.plan.watches[1].bounds = Bounds { low: Ppm(0), high: Ppm::ALL, samples_min: 1 }),
            BadPlan::Bounds("Complaints".into()),
        ),
        (refused(|f| f.plan.strata[0].bounds.samples_min = 50), BadPlan::Samples("ExampleForum, bcrypt".into())),
        (refused(|f| f.plan.watches.clear()), BadPlan::Bounds("strata, rechecks and signals".into())),
        (refused(|f| f.plan.tracers.must_not_match.truncate(255)), BadPlan::Tracers),
        (refused(|f| f.plan.tracers.must_match.push(recipient(900_100))), BadPlan::Tracers),
        (refused(|f| f.plan.tracers.must_match[0] = recipient(3)), BadPlan::TracerListed),
        (refused(|f| f.manifest = Fixture::of(21).manifest), BadPlan::Manifest),
        (refused(|f| f.plan.forecast = [30, 90]), BadPlan::Forecast { size: 20, low: 30, high: 90 }),
        (refused(|f| f.plan.checkers[0].second = f.plan.checkers[0].first.clone()), BadPlan::Checkers("bcrypt".into())),
        (refused(|f| f.plan.hold_ms = 1_000), BadPlan::Times),
        (refused(|f| f.plan.expires = UnixMillis(NOW.0 + 31 * 86_400_000)), BadPlan::Times),
        (refused(|f| f.plan.snapshot.accounts = 19), BadPlan::Snapshot),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_finding_of_a_list_or_stratum_that_is_not_there_is_refused() {
    for astray in [super::super::Finding { source: 1, ..finding(0) }, super::super::Finding { stratum: 1, ..finding(0) }] {
        let found = refused(|f| {
            f.manifest = Manifest::new(vec![astray]).unwrap();
            f.plan.manifest = f.manifest.frozen();
        });
        assert_eq!(found, BadPlan::Astray);
    }
}

#[test]
fn d04_a_text_that_says_more_than_the_policy_does_is_refused() {
    let found = refused(|f| f.plan.policy[0] = Action::Tell);
    let why = BadText::Unproven("password-reset");
    assert_eq!(found, BadPlan::Text { subject: Subject::AlarmE1, language: "en".into(), why });
}

#[test]
fn a_drill_may_be_short_and_small() {
    let mut fixture = Fixture::of(20);
    fixture.plan.world = World::Drill;
    fixture.plan.hold_ms = 1;
    fixture.plan.tracers.must_not_match.truncate(4);
    assert_eq!(fixture.plan.check(&fixture.manifest), Ok(()));
}

#[test]
fn a_language_the_plan_has_no_words_in_gets_the_first() {
    let mut fixture = Fixture::of(1);
    let german = Text { subject: "Ihr Passwort bei {site}".into(), ..alarm("password-reset") };
    let taken_back = Text { subject: "Berichtigung".into(), ..alarm("mistake") };
    for (subject, text) in [(Subject::AlarmE1, &german), (Subject::Retraction, &taken_back)] {
        fixture.plan.wordings.push(Wording { language: "de".into(), subject, text: text.derive_digest() });
    }
    fixture.plan.texts.extend([german.clone(), taken_back]);
    assert_eq!(fixture.plan.check(&fixture.manifest), Ok(()));
    assert_eq!(fixture.plan.text(Subject::AlarmE1, "DE"), Some(&german));
    assert_eq!(fixture.plan.text(Subject::AlarmE1, "fr"), Some(&alarm("password-reset")));
    assert_eq!(fixture.plan.text(Subject::AlarmE3, "en"), None);
    assert!(text::placeholders(&german.plain).unwrap().contains(&Placeholder::Code));
}

#[test]
fn a_finding_has_a_generation_and_a_plan_an_author() {
    assert_ne!(finding(1).generation, Generation(Hash32::default()));
    assert_eq!(Fixture::of(1).plan.author, operator(0));
}
