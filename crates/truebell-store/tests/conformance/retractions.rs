//! Notices taken back: once by each side, in the chain, with what corrects the mails about them.

use crate::dumps::rows;
use crate::world::{Person, Shared, World, at};
use truebell_core::event::{CheckCode, NewRetraction, Of, Plea, Reason, SignedRetraction, What};
use truebell_core::ids::{EventId, MailId};
use truebell_core::log::derive_entry;
use truebell_core::wire::sync::Have;
use truebell_store::StoreError;
use truebell_store::rows::{
    Change, Correcting, DecidedOn, Decision, MailFate, MailOutcome, MailState, NewMail, Reach, Recorded, Recording, Retracted, Retracting,
};

pub(crate) fn of(recording: &Recording) -> Of {
    Of { event: recording.event.id, seq: recording.event.act.seq, code: recording.event.code.clone() }
}

/// A change of the password of somebody, to take back; its mail is queued.
async fn queued(store: &Shared, world: &mut World) -> (Person, Recording) {
    let mut person = world.signed_up(store).await;
    let change = world.credentials();
    let recording = world.done(store, &mut person, What::PasswordChanged {}, change).await;
    (person, recording)
}

/// The same, and its mail was sent.
async fn told(store: &Shared, world: &mut World) -> (Person, Recording) {
    let queued = queued(store, world).await;
    end_all(store, MailOutcome::Sent).await;
    queued
}

/// Ends all that is due alike; what it was.
async fn end_all(store: &Shared, outcome: MailOutcome) -> Vec<MailId> {
    let mut ended = Vec::new();
    while let Some(claimed) = store.claim_mail(at(9_000), at(9_100)).await.expect("read") {
        assert_eq!(store.mail_state(claimed.mail.mail).await, Ok(Some(MailState::Claimed)));
        store.finish_mail(claimed.mail.mail, outcome, at(9_001)).await.expect("written");
        ended.push(claimed.mail.mail);
    }
    ended
}

/// An operator's retraction of what was recorded, with a correction of each of its mails.
pub(crate) fn retracting(world: &mut World, person: &Person, recording: &Recording) -> Retracting {
    let n = world.number();
    let mut id = EventId([0xee; 16]);
    id.0[8..].copy_from_slice(&n.to_be_bytes());
    let code = CheckCode::parse(&format!("{n:010}")).expect("a code");
    let new = NewRetraction { id, account: person.account, chain: person.chain, of: of(recording), reason: Reason::Fault, at: at(n) };
    let retraction = SignedRetraction { new, set: format!("retraction {n}"), digest: world.digest(), code };
    let mut correct = |mail: &NewMail| {
        let template = "retracted".to_owned();
        Correcting { of: mail.mail, mail: NewMail { template, ..world.mail_about(id) } }
    };
    Retracting { retraction, corrections: recording.mails.iter().map(&mut correct).collect() }
}

const ONE_TOLD: Retracted = Retracted::Done(Reach { told: 1, withheld: 0 });

pub(crate) async fn an_operator_takes_a_notice_back_once_as_the_next_link(store: Shared) {
    let mut world = World::new();
    let (mut person, recording) = told(&store, &mut world).await;
    let new = retracting(&mut world, &person, &recording);
    let (digest, set) = (new.retraction.digest, new.retraction.set.clone());
    assert_eq!(store.retract(new.clone()).await, Ok(ONE_TOLD));
    let chain = store.account(person.account).await.expect("read").expect("there").chain;
    assert_eq!((chain.seq, chain.digest, chain.epoch), (person.chain.seq + 1, digest, person.chain.epoch));
    let changes = store.changes(person.account, &Have { events: 2, ..Have::default() }).await.expect("read").expect("there");
    assert_eq!(changes.events, std::slice::from_ref(&set));
    assert_eq!(store.log_places(&[derive_entry(&digest)]).await.map(|places| places[0].is_some()), Ok(true), "it is in the log");
    let found = store.event_by_code(recording.event.code.as_str()).await.expect("read").expect("there");
    assert_eq!((found.set, found.retractions), (recording.event.set.clone(), vec![set.clone()]));
    let itself = store.event_by_code(new.retraction.code.as_str()).await.expect("read").expect("there");
    assert_eq!((itself.set, itself.retractions), (set, vec![]));

    let before = rows(&store).await;
    assert_eq!(store.retract(new).await, Ok(Retracted::Already), "the same again");
    person.chain = chain;
    let again = retracting(&mut world, &person, &recording);
    assert_eq!(store.retract(again).await, Ok(Retracted::Already), "another one");
    assert_eq!(rows(&store).await, before);
    let what = What::SecondFactorAdded { kind: "totp".into() };
    world.done(&store, &mut person, what, Change::AddTotp { totp: vec![8; 30], step: 1 }).await;
}

pub(crate) async fn a_retraction_that_does_not_fit_changes_nothing(store: Shared) {
    let mut world = World::new();
    let (person, recording) = told(&store, &mut world).await;
    let good = retracting(&mut world, &person, &recording);
    let before = rows(&store).await;
    let mut moved = good.clone();
    moved.retraction.new.chain.seq -= 1;
    assert_eq!(store.retract(moved).await, Ok(Retracted::ChainMoved));
    let mut forked = good.clone();
    forked.retraction.new.chain.digest.0[0] ^= 1;
    assert_eq!(store.retract(forked).await, Ok(Retracted::ChainMoved));
    let mut unknown = good.clone();
    unknown.retraction.new.of.seq = 7;
    assert_eq!(store.retract(unknown).await, Ok(Retracted::NotApplicable), "no such event");
    let stranger = world.person();
    let mut nobody = good.clone();
    nobody.retraction.new.account = stranger.account;
    assert_eq!(store.retract(nobody).await, Ok(Retracted::NotApplicable), "no such account");
    let mut astray = good.clone();
    astray.corrections[0].mail.event = recording.event.id;
    assert!(matches!(store.retract(astray).await, Err(StoreError::Damaged(_))), "a mail of another event");
    assert_eq!(rows(&store).await, before);
    assert_eq!(store.retract(good).await, Ok(ONE_TOLD));
}

pub(crate) async fn each_side_takes_a_notice_back_once(store: Shared) {
    let mut world = World::new();
    let (mut person, recording) = told(&store, &mut world).await;
    let acknowledged = |plea| (What::Acknowledged { of: of(&recording), plea }, Change::Acknowledge(recording.event.act.seq));
    let (what, change) = acknowledged(Plea::ThatWasMe);
    let own = world.done(&store, &mut person, what, change).await;
    let record = store.account(person.account).await.expect("read").expect("there").record.number;
    assert_eq!(record, 2, "the record is what the change of the password made it");
    let new = retracting(&mut world, &person, &recording);
    assert_eq!(store.retract(new.clone()).await, Ok(ONE_TOLD));
    (person.chain.seq, person.chain.digest) = (person.chain.seq + 1, new.retraction.digest);
    let found = store.event_by_code(recording.event.code.as_str()).await.expect("read").expect("there");
    assert_eq!(found.retractions, [own.event.set.clone(), new.retraction.set], "oldest first");
    let before = rows(&store).await;
    let (what, change) = acknowledged(Plea::Mistake);
    let twice = world.recording(&person, what, change);
    assert_eq!(store.record(twice).await, Ok(Recorded::NotApplicable));
    let unknown = world.recording(&person, What::Acknowledged { of: of(&recording), plea: Plea::Mistake }, Change::Acknowledge(99));
    assert_eq!(store.record(unknown).await, Ok(Recorded::NotApplicable), "no such event");
    assert_eq!(rows(&store).await, before);
}

pub(crate) async fn mails_of_an_event_are_found_after_they_were_emptied(store: Shared) {
    let mut world = World::new();
    let (person, recording) = queued(&store, &mut world).await;
    let mail = &recording.mails[0];
    let fate = |state| Ok(vec![MailFate { mail: mail.mail, to: mail.to.clone(), state }]);
    assert_eq!(store.mails_of(person.account, recording.event.id).await, fate(MailState::Queued));
    end_all(&store, MailOutcome::Sent).await;
    assert_eq!(store.sweep(at(9_002)).await, Ok(3), "both are emptied, and the sign-in behind the change is over");
    assert_eq!(store.sweep(at(9_002)).await, Ok(0), "once");
    assert_eq!(store.mails_of(person.account, recording.event.id).await, fate(MailState::Sent));
    let other = world.signed_up(&store).await;
    assert_eq!(store.mails_of(other.account, recording.event.id).await, Ok(vec![]), "not with another account's id");
    assert_eq!(store.mail_state(world.mail_about(recording.event.id).mail).await, Ok(None));
}

pub(crate) async fn each_mail_is_corrected_or_withheld_by_how_far_it_is(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    end_all(&store, MailOutcome::Sent).await;
    let change = world.credentials();
    let mut recording = world.recording(&person, What::PasswordChanged {}, change);
    recording.mails = (0..5).map(|_| world.mail(&recording.event)).collect();
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
    person.follow(&recording.event);
    for outcome in [Some(MailOutcome::Sent), Some(MailOutcome::Refused), Some(MailOutcome::Unknown), None] {
        let claimed = store.claim_mail(at(9_000), at(9_100)).await.expect("read").expect("due").mail.mail;
        if let Some(outcome) = outcome {
            assert_eq!(store.finish_mail(claimed, outcome, at(9_000)).await, Ok(true));
        }
    }
    let [sent, refused, parked, claimed, queued] = [0, 1, 2, 3, 4].map(|place: usize| recording.mails[place].mail);
    let retracting = retracting(&mut world, &person, &recording);
    let corrections: Vec<MailId> = retracting.corrections.iter().map(|correcting| correcting.mail.mail).collect();
    assert_eq!(store.retract(retracting).await, Ok(Retracted::Done(Reach { told: 3, withheld: 1 })));
    for (mail, state) in
        [(sent, MailState::Sent), (refused, MailState::Refused), (parked, MailState::Parked), (claimed, MailState::Claimed)]
    {
        assert_eq!(store.mail_state(mail).await, Ok(Some(state)));
    }
    assert_eq!(store.mail_state(queued).await, Ok(Some(MailState::Refused)), "it never leaves");
    let follow = [true, false, true, true, false].map(|follows| follows.then_some(MailState::Queued));
    for (correction, state) in corrections.iter().zip(follow) {
        assert_eq!(store.mail_state(*correction).await, Ok(state));
    }

    // What could not leave after all does not, later; nor is it sent again from where it was parked.
    assert_eq!(store.finish_mail(claimed, MailOutcome::RetryAt(at(9_000)), at(9_000)).await, Ok(true));
    assert_eq!(store.decide_mail(parked, Decision::SendAgain, at(9_000)).await, Ok(DecidedOn::TakenBack));
    assert_eq!(end_all(&store, MailOutcome::Sent).await, [corrections[0], corrections[2], corrections[3]]);
    assert_eq!(store.mail_state(claimed).await, Ok(Some(MailState::Refused)));
    assert_eq!(store.decide_mail(parked, Decision::Arrived, at(9_000)).await, Ok(DecidedOn::Done));
}

pub(crate) async fn what_a_device_says_holds_no_mail_back(store: Shared) {
    let mut world = World::new();
    let (mut person, recording) = queued(&store, &mut world).await;
    let what = What::Acknowledged { of: of(&recording), plea: Plea::ThatWasMe };
    let own = world.done(&store, &mut person, what, Change::Acknowledge(recording.event.act.seq)).await;
    let left = end_all(&store, MailOutcome::Unknown).await;
    assert!(left.contains(&recording.mails[0].mail) && left.contains(&own.mails[0].mail), "a thief gains nothing by it");
    let again = store.decide_mail(recording.mails[0].mail, Decision::SendAgain, at(9_002)).await;
    assert_eq!(again, Ok(DecidedOn::TakenBack), "its correction may be there already");
    assert_eq!(store.decide_mail(own.mails[0].mail, Decision::SendAgain, at(9_002)).await, Ok(DecidedOn::Done));
}

pub(crate) async fn a_mail_that_may_not_leave_yet_is_not_tried(store: Shared) {
    let mut world = World::new();
    world.signed_up(&store).await;
    for round in 0..3 {
        let claimed = store.claim_mail(at(1_000 + round), at(9_000)).await.expect("read").expect("due");
        assert_eq!(claimed.tries, 0, "no claim before counts");
        assert_eq!(store.finish_mail(claimed.mail.mail, MailOutcome::NotYet(at(1_001 + round)), at(1_000)).await, Ok(true));
        assert_eq!(store.claim_mail(at(1_000 + round), at(9_000)).await, Ok(None), "not before it is due again");
    }
}
