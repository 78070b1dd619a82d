//! The breaker: a kind of mail that would tell too many people is stopped in the claim, until somebody lets it go.

use crate::world::{Shared, World, at};
use truebell_core::ids::MailId;
use truebell_store::band::{DAY_FLOOR, HOUR_FLOOR, HOUR_MILLIS};
use truebell_store::rows::{DecidedOn, Decision, Mail, MailOutcome, MailState, TemplateState};

/// So many people with an account and a mail of a kind, queued at a time.
async fn people(store: &Shared, world: &mut World, kind: &str, count: u64, queued: u64) {
    for _ in 0..count {
        let mut person = world.person();
        let mut new = world.sign_up(&mut person);
        for mail in &mut new.mails {
            (mail.template, mail.queued) = (kind.to_owned(), at(queued));
        }
        store.sign_up(new).await.expect("written");
    }
}

/// Sends all that may be sent; how many.
async fn send(store: &Shared, now: u64) -> u64 {
    let mut sent = 0;
    while let Some(Mail { mail, .. }) = store.claim_mail(at(now), at(now + 1)).await.expect("read") {
        assert_eq!(store.finish_mail(mail.mail, MailOutcome::Sent, at(now)).await, Ok(true));
        sent += 1;
    }
    sent
}

async fn state(store: &Shared, kind: &str, now: u64) -> TemplateState {
    let states = store.template_states(at(now)).await.expect("read");
    states.into_iter().find(|state| state.template == kind).expect("known")
}

const NOON: u64 = 12 * HOUR_MILLIS;

pub(crate) async fn a_kind_that_would_tell_too_many_is_stopped_and_others_go_on(store: Shared) {
    let mut world = World::new();
    people(&store, &mut world, "password-changed", HOUR_FLOOR + 5, NOON).await;
    people(&store, &mut world, "device-enrolled", 3, NOON + 1).await;
    assert_eq!(send(&store, NOON + 2).await, HOUR_FLOOR + 3);
    let stopped = state(&store, "password-changed", NOON + 2).await;
    let (since, excess) = stopped.stopped.expect("stopped");
    assert_eq!((since, excess.hours, excess.people, excess.most), (at(NOON + 2), 1, HOUR_FLOOR + 1, HOUR_FLOOR));
    assert_eq!((stopped.waiting, stopped.gauge.map(|gauge| gauge.hour)), (5, Some(HOUR_FLOOR)));
    assert_eq!(state(&store, "device-enrolled", NOON + 2).await.stopped, None);
    assert_eq!(send(&store, NOON + 3 * HOUR_MILLIS).await, 0, "it does not go again by itself");
    let waiting = store.queued_mails("password-changed", 4).await.expect("read");
    assert_eq!((waiting.len(), waiting.is_sorted_by_key(|mail| mail.mail.mail)), (4, true), "oldest first, as many as asked for");
    assert_eq!(store.queued_mails("device-enrolled", 4).await, Ok(vec![]));

    assert_eq!(store.resume_mails("password-changed", at(NOON)).await, Ok(true));
    assert_eq!(store.resume_mails("password-changed", at(NOON)).await, Ok(false));
    assert_eq!(send(&store, NOON + 4).await, 5, "what waited goes");
    let gone = state(&store, "password-changed", NOON + 4).await;
    assert_eq!((gone.stopped, gone.gauge.map(|gauge| gauge.hour), gone.cleared), (None, Some(HOUR_FLOOR), at(NOON)), "uncounted");
    people(&store, &mut world, "password-changed", 1, NOON + 5).await;
    assert_eq!(send(&store, NOON + 6).await, 0, "what comes later counts again");
}

pub(crate) async fn a_slow_flood_is_stopped_by_the_day(store: Shared) {
    let mut world = World::new();
    let mut sent = 0;
    for hour in 0..8 {
        people(&store, &mut world, "notice", 12, NOON + hour * HOUR_MILLIS).await;
        sent += send(&store, NOON + hour * HOUR_MILLIS).await;
    }
    assert_eq!(sent, DAY_FLOOR);
    let (_, excess) = state(&store, "notice", NOON + 8 * HOUR_MILLIS).await.stopped.expect("stopped");
    assert_eq!((excess.hours, excess.people), (24, DAY_FLOOR + 1));
}

pub(crate) async fn one_person_counts_once_a_day_and_a_mail_tried_again_is_no_other(store: Shared) {
    let mut world = World::new();
    let mut person = world.person();
    let mut new = world.sign_up(&mut person);
    new.mails = (0..HOUR_FLOOR * 2).map(|_| world.mail(&new.event)).collect();
    new.mails.iter_mut().for_each(|mail| mail.queued = at(NOON));
    store.sign_up(new).await.expect("written");
    let first = store.claim_mail(at(NOON), at(NOON + 1)).await.expect("read").expect("due").mail;
    store.finish_mail(first.mail, MailOutcome::RetryAt(at(NOON)), at(NOON)).await.expect("written");
    assert_eq!(send(&store, NOON).await, HOUR_FLOOR * 2);
    assert_eq!(state(&store, "notice", NOON).await.gauge.map(|gauge| gauge.hour), Some(1));
}

pub(crate) async fn a_kind_is_let_go_for_a_time(store: Shared) {
    let mut world = World::new();
    assert_eq!(store.resume_mails("notice", at(NOON + HOUR_MILLIS)).await, Ok(false), "said beforehand");
    people(&store, &mut world, "notice", HOUR_FLOOR * 3, NOON + HOUR_MILLIS).await;
    assert_eq!(send(&store, NOON + HOUR_MILLIS).await, HOUR_FLOOR * 3);
    people(&store, &mut world, "notice", HOUR_FLOOR + 1, NOON + HOUR_MILLIS + 1).await;
    assert_eq!(send(&store, NOON + HOUR_MILLIS + 1).await, HOUR_FLOOR, "then it counts");
    assert!(state(&store, "notice", NOON + HOUR_MILLIS + 1).await.stopped.is_some());
}

pub(crate) async fn corrections_have_no_band(store: Shared) {
    let mut world = World::new();
    for kind in ["retracted", "acknowledged"] {
        people(&store, &mut world, kind, DAY_FLOOR + 1, NOON).await;
        assert_eq!(send(&store, NOON).await, DAY_FLOOR + 1, "they go to those who were told, however many these are");
    }
    assert_eq!(store.template_states(at(NOON)).await, Ok(vec![]), "nothing is counted");
    people(&store, &mut world, "retracted", 1, NOON).await;
    let waiting = state(&store, "retracted", NOON).await;
    assert_eq!((waiting.waiting, waiting.gauge, waiting.stopped), (1, None, None));
}

pub(crate) async fn a_parked_mail_is_decided_on_once(store: Shared) {
    let mut world = World::new();
    people(&store, &mut world, "notice", 3, NOON).await;
    let mut parked: Vec<MailId> = Vec::new();
    while let Some(Mail { mail, .. }) = store.claim_mail(at(NOON), at(NOON + 1)).await.expect("read") {
        assert_eq!(store.decide_mail(mail.mail, Decision::Arrived, at(NOON)).await, Ok(DecidedOn::NotParked));
        store.finish_mail(mail.mail, MailOutcome::Unknown, at(NOON)).await.expect("written");
        parked.push(mail.mail);
    }
    for (mail, decision, state) in [
        (parked[0], Decision::Arrived, MailState::Sent),
        (parked[1], Decision::GiveUp, MailState::Refused),
        (parked[2], Decision::SendAgain, MailState::Queued),
    ] {
        assert_eq!(store.decide_mail(mail, decision, at(NOON + 5)).await, Ok(DecidedOn::Done));
        assert_eq!(store.decide_mail(mail, decision, at(NOON + 5)).await, Ok(DecidedOn::NotParked), "once");
        assert_eq!(store.mail_state(mail).await, Ok(Some(state)));
    }
    assert_eq!(store.claim_mail(at(NOON + 4), at(NOON + 9)).await, Ok(None), "from then on");
    let again = store.claim_mail(at(NOON + 5), at(NOON + 9)).await.expect("read").expect("due");
    assert_eq!((again.mail.mail, again.tries), (parked[2], 1));
}
