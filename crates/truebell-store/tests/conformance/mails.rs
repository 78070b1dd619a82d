//! Events by their code, and the outbox.

use crate::world::{Shared, World, at};
use truebell_core::event::What;
use truebell_core::ids::MailId;
use truebell_store::rows::{Mail, MailOutcome, PublicEvent};

pub(crate) async fn an_event_is_found_by_its_code(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let change = world.credentials();
    let recording = world.done(&store, &mut person, What::PasswordChanged {}, change).await;
    let signing = store.account(person.account).await.expect("read").expect("there").signing;
    let expected = PublicEvent { account: person.account, signing, set: recording.event.set.clone(), retractions: vec![] };
    assert_eq!(store.event_by_code(recording.event.code.as_str()).await, Ok(Some(expected)));
    assert_eq!(store.event_by_code("00000-99999").await, Ok(None));
}

/// Three mails, by their queueing.
async fn three(store: &Shared, world: &mut World) -> Vec<MailId> {
    let mut person = world.person();
    let mut new = world.sign_up(&mut person);
    new.mails = vec![world.mail(&new.event), world.mail(&new.event), world.mail(&new.event)];
    for (mail, queued) in new.mails.iter_mut().zip([30, 10, 20]) {
        mail.queued = at(queued);
    }
    let ids = [1, 2, 0].map(|place| new.mails[place].mail).to_vec();
    store.sign_up(new).await.expect("written");
    ids
}

async fn claim(store: &Shared, now: u64, lease_until: u64) -> Option<Mail> {
    store.claim_mail(at(now), at(lease_until)).await.expect("read")
}

pub(crate) async fn mails_are_claimed_oldest_first_when_due(store: Shared) {
    let mut world = World::new();
    let mails = three(&store, &mut world).await;
    assert_eq!(claim(&store, 9, 50).await, None, "none is due");
    assert_eq!(claim(&store, 10, 50).await.map(|mail| (mail.mail.mail, mail.tries)), Some((mails[0], 0)));
    assert_eq!(claim(&store, 10, 50).await, None, "the next is not due");
    assert_eq!(claim(&store, 40, 50).await.map(|mail| mail.mail.mail), Some(mails[1]));
    assert_eq!(claim(&store, 40, 50).await.map(|mail| mail.mail.mail), Some(mails[2]));
    assert_eq!(claim(&store, 40, 50).await, None);
}

pub(crate) async fn a_claim_whose_lease_ended_is_parked(store: Shared) {
    let mut world = World::new();
    let mails = three(&store, &mut world).await;
    claim(&store, 10, 50).await.expect("the first");
    assert_eq!(claim(&store, 50, 60).await.map(|mail| mail.mail.mail), Some(mails[1]), "the lease holds at its end");
    assert_eq!(store.parked_mails(9).await, Ok(vec![]));
    assert_eq!(claim(&store, 51, 90).await.map(|mail| mail.mail.mail), Some(mails[2]), "not the parked one");
    assert_eq!(claim(&store, 61, 90).await, None);
    let parked = store.parked_mails(9).await.expect("read");
    assert_eq!(parked.iter().map(|mail| (mail.mail.mail, mail.tries)).collect::<Vec<_>>(), [(mails[0], 1), (mails[1], 1)]);
    assert_eq!(store.parked_mails(1).await.map(|mails| mails.len()), Ok(1));
    assert_eq!(store.finish_mail(mails[0], MailOutcome::Sent, at(70)).await, Ok(false), "too late");
}

pub(crate) async fn each_end_of_a_try_has_its_state(store: Shared) {
    let mut world = World::new();
    let mails = three(&store, &mut world).await;
    assert_eq!(store.finish_mail(mails[0], MailOutcome::Sent, at(5)).await, Ok(false), "not claimed");
    claim(&store, 10, 50).await.expect("the first");
    assert_eq!(store.finish_mail(mails[0], MailOutcome::RetryAt(at(45)), at(11)).await, Ok(true));
    claim(&store, 40, 50).await.expect("the second");
    assert_eq!(store.finish_mail(mails[1], MailOutcome::Unknown, at(41)).await, Ok(true));
    claim(&store, 40, 50).await.expect("the third");
    assert_eq!(store.finish_mail(mails[2], MailOutcome::Refused, at(41)).await, Ok(true));
    assert_eq!(claim(&store, 44, 50).await, None);
    assert_eq!(claim(&store, 45, 50).await.map(|mail| (mail.mail.mail, mail.tries)), Some((mails[0], 1)));
    assert_eq!(store.finish_mail(mails[0], MailOutcome::Sent, at(46)).await, Ok(true));
    assert_eq!(store.finish_mail(mails[0], MailOutcome::Sent, at(46)).await, Ok(false), "only once");
    assert_eq!(claim(&store, 9_999, 10_000).await, None, "nothing is ever sent again by itself");
    let counts = store.counts(at(0)).await.expect("read");
    assert_eq!((counts.mails_queued, counts.mails_parked), (0, 1));
}
