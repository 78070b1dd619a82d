//! The way of mails through a store: at most once, whatever the relay and the store do.

use super::*;
use crate::mail::sink::Taken;
use truebell_core::event::Countersigned;
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

/// Takes the first notice of a store back in the operator's name: how many are told, and how many mails are withheld.
async fn retract(store: &Memory, told: &Countersigned) -> (u64, u64) {
    let done = crate::retract::take_back(store, &crate::testing::signer(), (&told.code, Reason::Fault), AT, &mut Seeded::new(77)).await;
    done.map(|(_, done)| (done.told, done.withheld)).unwrap()
}

fn subjects(sink: &Sink) -> Vec<String> {
    assert!(sink.taken().iter().all(|mail| mail.to == ["ada@example.org"]));
    let subject = |mail: Taken| mail.content.lines().find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned));
    sink.taken().into_iter().filter_map(subject).collect()
}

const NOTICE: &str = "Your Truebell account was created";
const OPERATORS: &str = "A notice about your Truebell account was taken back";
const DEVICES: &str = "A device of your Truebell account says: that was me";

#[tokio::test]
async fn what_the_operator_takes_back_before_it_left_never_leaves_and_nobody_is_told() {
    let (store, hands) = (Memory::new(), Hands::default());
    let (_, told) = crate::testing::join(&store, &mut Seeded::new(1), AT, "ada@example.org").await;
    assert_eq!(retract(&store, &told).await, (0, 1));
    let sink = Sink::start(Tls::None, &[]).await;
    assert_eq!(round(&store, &relay(&config(sink.port, MailTls::None)), &hands).await, Ok(NOTHING));
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn an_operators_correction_waits_for_a_mail_on_its_way_and_goes_where_that_may_have_arrived() {
    for (end, goes) in
        [(MailOutcome::Sent, true), (MailOutcome::Unknown, true), (MailOutcome::Refused, false), (MailOutcome::RetryAt(AT), false)]
    {
        let (store, hands) = (Memory::new(), Hands::default());
        let (_, told) = crate::testing::join(&store, &mut Seeded::new(1), AT, "ada@example.org").await;
        let claimed = store.claim_mail(AT, AT + sender::LEASE).await.unwrap().unwrap().mail.mail;
        assert_eq!(retract(&store, &told).await, (1, 0));
        let sink = Sink::start(Tls::None, &[]).await;
        let relay = relay(&config(sink.port, MailTls::None));
        assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING), "it follows");
        assert_eq!(store.finish_mail(claimed, end, AT).await, Ok(true));
        for _ in 0..3 {
            hands.move_on(Duration::from_secs(61));
            round(&store, &relay, &hands).await.unwrap();
        }
        assert_eq!(subjects(&sink), if goes { vec![OPERATORS] } else { vec![] }, "{end:?}");
    }
}

#[tokio::test]
async fn a_devices_word_holds_no_notice_back_and_follows_it() {
    for (fault, told) in [
        (None, vec![NOTICE, DEVICES]),
        (Some(Fault::Answer("DOT", 451)), vec![NOTICE, DEVICES]),
        (Some(Fault::Drop("DOT")), vec![NOTICE, DEVICES]),
        (Some(Fault::Answer("RCPT", 550)), vec![]),
    ] {
        // At the very same moment, so that either may be claimed first.
        for seed in 0..4 {
            let (store, hands) = (Memory::new(), Hands::default());
            let first = crate::testing::join(&store, &mut Seeded::new(1), AT, "ada@example.org").await;
            crate::testing::acknowledge(&store, &first, AT, &mut Seeded::new(90 + seed)).await;
            let sink = Sink::start(Tls::None, fault.as_slice()).await;
            let relay = relay(&config(sink.port, MailTls::None));
            for _ in 0..4 {
                round(&store, &relay, &hands).await.unwrap();
                hands.move_on(Duration::from_secs(61));
            }
            assert_eq!(subjects(&sink), told, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_mass_mistake_is_stopped_at_the_band_told_and_let_go_by_the_operator_only() {
    let (store, hands) = (Memory::new(), Hands::default());
    for person in 0..30 {
        crate::testing::sign_up(&store, &mut Seeded::new(100 + person), AT, &format!("person-{person}@example.org")).await;
    }
    let sink = Sink::start(Tls::None, &[]).await;
    let relay = relay(&config(sink.port, MailTls::None));
    let floor = truebell_store::band::HOUR_FLOOR;
    assert_eq!(round(&store, &relay, &hands).await, Ok(Round { sent: floor, ..NOTHING }));
    let (metrics, mut known) = (crate::metrics::Metrics::default(), std::collections::BTreeSet::new());
    crate::jobs::look_at_breaker(&store, &metrics, &mut known, hands.now()).await.unwrap();
    assert!(metrics.holds_mail() && known.contains("account-created"));
    hands.move_on(Duration::from_secs(86_400));
    assert_eq!(round(&store, &relay, &hands).await, Ok(NOTHING), "time alone lets nothing go");
    assert_eq!(store.resume_mails("account-created", hands.now()).await, Ok(true));
    assert_eq!(round(&store, &relay, &hands).await, Ok(Round { sent: 30 - floor, ..NOTHING }));
    crate::jobs::look_at_breaker(&store, &metrics, &mut known, hands.now()).await.unwrap();
    assert!(!metrics.holds_mail() && known.is_empty());
    let mut told: Vec<String> = sink.taken().into_iter().flat_map(|mail| mail.to).collect();
    told.sort();
    told.dedup();
    assert_eq!((sink.taken().len(), told.len()), (30, 30), "each once");
}
