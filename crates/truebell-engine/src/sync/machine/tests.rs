//! The machine against a script: what goes in, what comes out.

use super::*;
use proptest::prelude::*;
use truebell_core::outcome::Failure;
use truebell_core::testing::Seeded;

fn machine() -> Machine {
    Machine::new(View::Never, &mut Seeded::new(1))
}

fn done(pending: bool) -> Input {
    Input::Done { pace_ms: 1_000, pending }
}

fn refused(reason: Reason) -> Input {
    Input::Failed(Why::Refused { reason, retry_at: UnixMillis(0) })
}

/// Runs a script of answers from a person's asking; returns the effects in order.
fn run(machine: &mut Machine, at: u64, answers: Vec<Input>) -> Vec<Effect> {
    machine.handle(Input::Wake(Wake::Asked), UnixMillis(at));
    let mut effects = Vec::new();
    for answer in answers {
        effects.extend(machine.poll_effect());
        machine.handle(answer, UnixMillis(at));
    }
    effects.extend(machine.poll_effect());
    effects
}

#[test]
fn edits_are_pulled_rebased_and_pushed_until_none_is_left() {
    let mut machine = machine();
    let effects = run(&mut machine, 5, vec![done(true), done(true), done(false)]);
    assert_eq!(effects, [Effect::Pull, Effect::Push, Effect::Push]);
    assert_eq!(machine.view(), &View::UpToDate { as_of: UnixMillis(5) });
}

#[test]
fn a_conflict_pulls_again_and_then_pushes() {
    let effects = run(&mut machine(), 5, vec![done(true), refused(Reason::Conflict), done(true), done(false)]);
    assert_eq!(effects, [Effect::Pull, Effect::Push, Effect::Pull, Effect::Push]);
}

#[test]
fn conflicts_without_end_are_left_to_the_next_run() {
    let mut machine = machine();
    let mut answers = vec![done(true)];
    for _ in 0..20 {
        answers.extend([refused(Reason::Conflict), done(true)]);
    }
    assert_eq!(run(&mut machine, 5, answers).len(), 2 + 2 * CONFLICTS_MAX as usize);
    assert!(matches!(machine.view(), View::Stale { why: Why::Refused { reason: Reason::Conflict, .. }, .. }));
}

#[test]
fn an_ended_session_is_repaired_without_a_word_and_only_once() {
    let mut machine = machine();
    let effects = run(&mut machine, 5, vec![refused(Reason::SessionExpired), done(false), done(false)]);
    assert_eq!(effects, [Effect::Pull, Effect::OpenSession, Effect::Pull]);
    assert_eq!(machine.view(), &View::UpToDate { as_of: UnixMillis(5) });
    let effects = run(&mut machine, 50_000, vec![refused(Reason::NoSession), done(false), refused(Reason::NoSession)]);
    assert_eq!(effects, [Effect::Pull, Effect::OpenSession, Effect::Pull]);
    assert!(matches!(machine.view(), View::Stale { since: Some(UnixMillis(5)), .. }));
}

#[test]
fn a_hint_wakes_and_does_nothing_else() {
    let mut machine = machine();
    run(&mut machine, 10_000, vec![done(false)]);
    machine.handle(Input::Wake(Wake::Hint), UnixMillis(10_500));
    assert_eq!((machine.poll_effect(), machine.due()), (None, UnixMillis(11_000)), "the server's pace comes first");
    machine.handle(Input::Wake(Wake::Timer), UnixMillis(11_000));
    assert_eq!(machine.poll_effect(), Some(Effect::Pull));
}

#[test]
fn a_busy_server_is_left_alone_until_it_said_but_a_person_waits_half_a_minute_at_most() {
    let mut machine = machine();
    let busy = Input::Failed(Why::Busy { until: UnixMillis(100_000) });
    run(&mut machine, 1_000, vec![busy]);
    machine.handle(Input::Wake(Wake::Timer), UnixMillis(99_999));
    machine.handle(Input::Wake(Wake::Asked), UnixMillis(30_999));
    assert_eq!(machine.poll_effect(), None);
    machine.handle(Input::Wake(Wake::Asked), UnixMillis(31_000));
    assert_eq!(machine.poll_effect(), Some(Effect::Pull));
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        prop::sample::select(vec![Wake::Asked, Wake::Edited, Wake::Hint, Wake::Timer]).prop_map(Input::Wake),
        (0_u32..5_000, any::<bool>()).prop_map(|(pace_ms, pending)| Input::Done { pace_ms, pending }),
        prop::sample::select(Reason::ALL.to_vec()).prop_map(|reason| Input::Failed(Why::Refused { reason, retry_at: UnixMillis(0) })),
        Just(Input::Failed(Why::Unreachable { failure: Failure::Timeout })),
        Just(Input::Failed(Why::WrongServer)),
        Just(Input::Abandoned),
    ]
}

proptest! {
    #[test]
    fn one_exchange_is_in_flight_at_most_and_the_machine_never_gets_stuck(inputs in prop::collection::vec((any_input(), 0_u64..90_000), 0..60)) {
        let (mut machine, mut now, mut flying) = (machine(), 0, 0_i32);
        for (input, later) in inputs {
            now += later;
            let answer = !matches!(input, Input::Wake(_));
            if answer && flying == 0 {
                continue;
            }
            flying -= i32::from(answer);
            machine.handle(input, UnixMillis(now));
            while machine.poll_effect().is_some() {
                flying += 1;
            }
            prop_assert!(flying <= 1);
        }
        if flying == 0 {
            machine.handle(Input::Wake(Wake::Timer), machine.due());
            prop_assert_eq!(machine.poll_effect(), Some(Effect::Pull));
        }
    }
}
