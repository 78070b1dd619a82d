//! The way of mails through a store: at most once, whatever the relay and the store do.

use super::*;
use truebell_store::memory::{Fault as StoreFault, Memory};
use truebell_store::rows::MailOutcome;
use truebell_store::{Store, StoreError};

/// A clock that tests move.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    fn now(&self) -> UnixMillis {
        UnixMillis(AT.0 + self.0.load(Ordering::SeqCst))
    }

    fn move_on(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

/// A store with one account and its welcome mail.
async fn store_with_a_mail() -> Memory {
    let store = Memory::new();
    crate::testing::sign_up(&store, &mut Seeded::new(1), AT, "ada@example.org").await;
    store
}

async fn round(store: &Memory, carrier: &Carrier, hands: &Hands) -> Result<Round, StoreError> {
    let hands = hands.clone();
    send_due(store, carrier, &composer(None), &move || hands.now()).await
}

const SENT: Round = Round { sent: 1, postponed: 0, refused: 0, parked: 0 };
const POSTPONED: Round = Round { sent: 0, postponed: 1, refused: 0, parked: 0 };
const REFUSED: Round = Round { sent: 0, postponed: 0, refused: 1, parked: 0 };
const PARKED: Round = Round { sent: 0, postponed: 0, refused: 0, parked: 1 };
const NOTHING: Round = Round { sent: 0, postponed: 0, refused: 0, parked: 0 };

#[tokio::test]
async fn a_mail_is_sent_once_and_never_again() {
    let (store, hands) = (store_with_a_mail().await, Hands::default());
    let sink = Sink::start(Tls::None, &[]).await;
    let relay = relay(&config(sink.port, MailTls::None));
    assert_eq!(round(&store, &relay, &hands).await, Ok(SENT));
    hands.move_on(Duration::from_secs(86_400));
    assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING));
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test]
async fn a_certain_refusal_is_tried_again_until_it_is_taken() {
    let (store, hands) = (store_with_a_mail().await, Hands::default());
    let sink = Sink::start(Tls::None, &[Fault::Answer("RCPT", 450), Fault::Answer("DOT", 451)]).await;
    let relay = relay(&config(sink.port, MailTls::None));
    assert_eq!(round(&store, &relay, &hands).await, Ok(POSTPONED));
    assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING), "not before its time");
    hands.move_on(Duration::from_secs(61));
    assert_eq!(round(&store, &relay, &hands).await, Ok(POSTPONED));
    hands.move_on(Duration::from_secs(301));
    assert_eq!(round(&store, &relay, &hands).await, Ok(SENT));
}

#[tokio::test]
async fn a_final_refusal_is_final_and_tries_end() {
    let (store, hands) = (store_with_a_mail().await, Hands::default());
    let sink = Sink::start(Tls::None, &[Fault::Answer("RCPT", 550)]).await;
    assert_eq!(round(&store, &relay(&config(sink.port, MailTls::None)), &hands).await, Ok(REFUSED));
    assert_eq!(store.parked_mails(10).await.unwrap(), []);

    let (store, hands) = (store_with_a_mail().await, Hands::default());
    let nobody = relay(&config(1, MailTls::None));
    let mut tries = 0;
    while round(&store, &nobody, &hands).await == Ok(POSTPONED) {
        tries += 1;
        hands.move_on(Duration::from_secs(86_401));
    }
    assert_eq!(tries, 9, "then it is refused");
    assert_eq!(round(&store, &nobody, &hands).await, Ok(NOTHING));
}

#[tokio::test]
async fn a_lost_answer_parks_the_mail_for_good() {
    let (store, hands) = (store_with_a_mail().await, Hands::default());
    let sink = Sink::start(Tls::None, &[Fault::Drop("DOT")]).await;
    let relay = relay(&config(sink.port, MailTls::None));
    assert_eq!(round(&store, &relay, &hands).await, Ok(PARKED));
    hands.move_on(Duration::from_secs(30 * 86_400));
    assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING));
    assert_eq!((sink.taken().len(), sink.connections()), (1, 1));
    assert_eq!(store.parked_mails(10).await.unwrap().len(), 1);
    assert_eq!(store.counts(hands.now()).await.unwrap().mails_parked, 1);
}

#[tokio::test]
async fn a_sent_mail_that_could_not_be_recorded_is_parked_and_not_sent_again() {
    for fault in [StoreFault::NotPersisted(StoreError::Unavailable), StoreFault::Persisted] {
        let (store, hands) = (store_with_a_mail().await, Hands::default());
        let sink = Sink::start(Tls::None, &[]).await;
        let relay = relay(&config(sink.port, MailTls::None));
        store.faults().fail_next("finish_mail", fault);
        assert!(round(&store, &relay, &hands).await.is_err());
        hands.move_on(sender::LEASE + Duration::from_secs(1));
        assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING));
        assert_eq!(sink.taken().len(), 1, "{fault:?}");
        let parked = store.parked_mails(10).await.unwrap();
        assert_eq!(parked.len(), usize::from(fault != StoreFault::Persisted), "{fault:?}");
    }
}

#[tokio::test]
async fn a_claim_that_was_lost_is_parked_and_not_sent() {
    let (store, hands) = (store_with_a_mail().await, Hands::default());
    let sink = Sink::start(Tls::None, &[]).await;
    let relay = relay(&config(sink.port, MailTls::None));
    // A sender claims and dies.
    let claimed = store.claim_mail(hands.now(), hands.now() + sender::LEASE).await.unwrap().unwrap();
    assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING));
    hands.move_on(sender::LEASE + Duration::from_secs(1));
    assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING));
    assert_eq!(sink.connections(), 0);
    assert_eq!(store.parked_mails(10).await.unwrap()[0].mail.mail, claimed.mail.mail);
    assert!(!store.finish_mail(claimed.mail.mail, MailOutcome::Sent, hands.now()).await.unwrap(), "the dead one comes too late");
}
