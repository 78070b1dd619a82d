//! Signals: queued with their events on the streams they belong to, claimed by one at a time, settled once.

use crate::world::{Person, Shared, World, at};
use data_encoding::BASE64URL_NOPAD;
use truebell_core::event::{Countersigned, Made, What};
use truebell_core::ids::{ReceiverId, SignalId, StreamId};
use truebell_core::signal::{Algorithm, Kind, Kinds, StreamStatus, Subjects, derive_id};
use truebell_store::rows::{Change, Recorded};
use truebell_store::signals::{Claimed, NewNote, Pushed, Receiver, ReceiverAdded, Scope, Standing, StreamConfig, StreamCreated, Waiting};

/// A receiver that may get anything.
pub(crate) fn receiver(world: &mut World, name: &str, everyone: bool) -> Receiver {
    let token = world.digest();
    Receiver {
        receiver: ReceiverId(token.0[..16].try_into().expect("sixteen of 32 bytes")),
        token,
        scope: Scope::Manage,
        subjects: Subjects::Account,
        kinds: Kinds::supported(Subjects::Account),
        everyone,
        algorithm: Algorithm::Rs256,
        made: at(5),
        audience: format!("https://{name}.example.org"),
        name: name.into(),
    }
}

pub(crate) fn config(endpoint: Option<&str>) -> StreamConfig {
    StreamConfig {
        endpoint: endpoint.map(str::to_owned),
        authorization: endpoint.map(|_| vec![9; 40]),
        delivered: Kinds::supported(Subjects::Account),
        requested: r#"["ä"]"#.into(),
        description: Some("a note".into()),
    }
}

/// A receiver with a stream.
async fn connected(store: &Shared, world: &mut World, receiver: &Receiver, endpoint: Option<&str>) -> StreamId {
    assert_eq!(store.add_receiver(receiver).await, Ok(ReceiverAdded::Added));
    let stream = StreamId(world.digest().0[..16].try_into().expect("sixteen of 32 bytes"));
    assert_eq!(store.create_stream(stream, receiver.receiver, &config(endpoint)).await, Ok(StreamCreated::Created));
    stream
}

pub(crate) async fn pushed_to(store: &Shared, world: &mut World, name: &str) -> StreamId {
    let new = receiver(world, name, true);
    connected(store, world, &new, Some("https://x.example.org/in")).await
}

async fn waiting(store: &Shared, stream: StreamId) -> Vec<Waiting> {
    store.waiting_signals(stream, 99).await.expect("read")
}

async fn standing(store: &Shared, stream: StreamId) -> Standing {
    let all = store.receivers().await.expect("read");
    all.into_iter().filter_map(|one| one.stream).find(|one| one.stream == stream).expect("there").standing
}

pub(crate) async fn change_password(store: &Shared, world: &mut World, person: &mut Person) {
    let change = world.credentials();
    world.done(store, person, What::PasswordChanged {}, change).await;
}

pub(crate) async fn claim(store: &Shared, now: u64, lease: u64) -> Option<Claimed> {
    store.claim_signal(at(now), at(lease)).await.expect("read")
}

pub(crate) async fn an_event_is_queued_with_it_on_each_stream_that_is_about_its_account(store: Shared) {
    let mut world = World::new();
    let [all, named, other] =
        [("all", true), ("named", false), ("other", true)].map(|(name, everyone)| receiver(&mut world, name, everyone));
    let all = connected(&store, &mut world, &all, None).await;
    let named = connected(&store, &mut world, &named, None).await;
    let other = connected(&store, &mut world, &other, None).await;
    let less = StreamConfig { delivered: [Kind::SessionRevoked].into_iter().collect(), ..config(None) };
    assert_eq!(store.change_stream(other, &less).await, Ok(true));
    let mut ada = world.signed_up(&store).await;
    let mut eve = world.signed_up(&store).await;
    assert_eq!(waiting(&store, all).await.len(), 2, "both accounts were made");
    assert_eq!(store.set_subject(named, ada.account, true).await, Ok(true));
    assert_eq!(store.set_subject(all, eve.account, false).await, Ok(true));
    let change = world.credentials();
    let recording = world.done(&store, &mut ada, What::PasswordChanged {}, change).await;
    change_password(&store, &mut world, &mut eve).await;
    let expected = Waiting {
        signal: derive_id(named, &recording.event.id.0, Kind::CredentialChange),
        stream: named,
        kind: Kind::CredentialChange,
        at: recording.event.act.at,
        account: Some(ada.account),
        event: Some(recording.event.id),
        key: Some(store.account(ada.account).await.expect("read").expect("there").signing),
        addresses: None,
        body: recording.event.set.clone(),
    };
    assert_eq!(waiting(&store, named).await, [expected], "of the one it named");
    assert_eq!(waiting(&store, all).await.len(), 3, "and not of the one it took out");
    assert_eq!(waiting(&store, other).await, [], "and not what it did not ask for");
    // What did not happen is told nobody, and what happened once, once.
    let change = world.credentials();
    let mut stale = world.recording(&ada, What::PasswordChanged {}, change);
    assert_eq!(store.record(recording).await.map(|end| matches!(end, Recorded::Repeated(_))), Ok(true));
    stale.change = Change::RevokeDevice(truebell_core::ids::DeviceId([0; 16]));
    assert!(store.record(stale).await.is_ok_and(|end| end != Recorded::Done));
    assert_eq!(waiting(&store, named).await.len(), 1);
}

pub(crate) async fn addresses_are_queued_for_receivers_of_addresses_only(store: Shared) {
    let mut world = World::new();
    let plain = receiver(&mut world, "plain", true);
    let plain = connected(&store, &mut world, &plain, None).await;
    let kinds = Kinds::supported(Subjects::Email);
    let mail = Receiver { subjects: Subjects::Email, kinds, ..receiver(&mut world, "mail", true) };
    let mail = connected(&store, &mut world, &mail, None).await;
    assert_eq!(store.change_stream(mail, &StreamConfig { delivered: kinds, ..config(None) }).await, Ok(true));
    let mut ada = world.signed_up(&store).await;
    let what = What::AddressChanged { from_masked: "p…@Example.org".into(), to_masked: "n…@example.net".into() };
    let change = Change::Address { email: "New@example.net".into(), email_key: "new@example.net".into() };
    world.done(&store, &mut ada, what, change).await;
    let of =
        |signals: Vec<Waiting>| signals.into_iter().map(|one| (one.kind, one.addresses.map(|both| (both.of, both.to)))).collect::<Vec<_>>();
    assert_eq!(of(waiting(&store, plain).await), [(Kind::AccountCreated, None), (Kind::AddressChanged, None)]);
    let address = ada.email.clone();
    assert_eq!(
        of(waiting(&store, mail).await),
        [(Kind::AccountCreated, Some((address.clone(), None))), (Kind::IdentifierChanged, Some((address, Some("New@example.net".into()))))]
    );
}

pub(crate) async fn the_end_of_an_account_is_queued_with_it_if_an_event_asked_for_it(store: Shared) {
    let mut world = World::new();
    let stream = pushed_to(&store, &mut world, "all").await;
    let mut ada = world.signed_up(&store).await;
    let mut eve = world.signed_up(&store).await;
    assert_eq!(store.set_subject(stream, ada.account, true).await, Ok(true));
    let what = What::DeletionScheduled { due: at(90_000) };
    let mut wish = world.recording(&ada, what.clone(), Change::ScheduleDeletion(at(90_000)));
    let claims = format!(r#"{{"events":{{"{}":{{}}}}}}"#, Kind::DeletionScheduled.uri());
    let mut made = Made::clone(&wish.event);
    made.set = format!("x.{}.y", BASE64URL_NOPAD.encode(claims.as_bytes()));
    wish.event = Countersigned::of_a_test(made);
    assert_eq!(store.record(wish.clone()).await, Ok(Recorded::Done));
    ada.follow(&wish.event);
    world.done(&store, &mut eve, what, Change::ScheduleDeletion(at(90_000))).await;
    let before = waiting(&store, stream).await.len();
    assert_eq!(store.delete_account(ada.account, at(89_999)).await, Ok(false));
    assert_eq!(waiting(&store, stream).await.len(), before, "not before it is gone");
    assert_eq!(store.delete_account(ada.account, at(90_000)).await, Ok(true));
    assert_eq!(store.delete_account(eve.account, at(90_000)).await, Ok(true));
    let queued = waiting(&store, stream).await;
    assert_eq!(queued.len(), before + 1, "whose wish cannot be proven is not told of");
    let last = &queued[before];
    assert_eq!((last.kind, last.account, last.at, &last.body), (Kind::AccountPurged, Some(ada.account), at(90_000), &wish.event.set));
}

pub(crate) async fn a_receiver_has_a_name_a_token_and_one_stream(store: Shared) {
    let mut world = World::new();
    let new = receiver(&mut world, "siem", false);
    let stream = connected(&store, &mut world, &new, None).await;
    assert_eq!(store.add_receiver(&new).await, Ok(ReceiverAdded::Added), "the same again");
    let other = receiver(&mut world, "siem", true);
    assert_eq!(store.add_receiver(&other).await, Ok(ReceiverAdded::NameTaken));
    assert_eq!(store.create_stream(stream, new.receiver, &config(Some("https://y"))).await, Ok(StreamCreated::Created), "the same again");
    assert_eq!(store.create_stream(StreamId([1; 16]), new.receiver, &config(None)).await, Ok(StreamCreated::Exists));
    assert_eq!(store.create_stream(StreamId([1; 16]), other.receiver, &config(None)).await, Ok(StreamCreated::NoReceiver));
    let (found, its) = store.receiver_by_token(new.token).await.expect("read").expect("there");
    let its = its.expect("a stream");
    assert_eq!((found, its.config, its.status), (new.clone(), config(None), StreamStatus::Enabled));
    assert_eq!(store.receiver_by_token(other.token).await, Ok(None));
    assert_eq!(store.set_stream_status(stream, StreamStatus::Paused, Some("lunch")).await, Ok(true));
    let paused = store.receiver_by_token(new.token).await.expect("read").expect("there").1.expect("a stream");
    assert_eq!((paused.status, paused.reason.as_deref()), (StreamStatus::Paused, Some("lunch")));
    let nobody = world.person().account;
    assert_eq!(store.set_subject(stream, nobody, true).await, Ok(false));
    assert_eq!(store.delete_stream(stream).await, Ok(true));
    assert_eq!(store.delete_stream(stream).await, Ok(false));
    for gone in [
        store.change_stream(stream, &config(None)).await,
        store.set_stream_status(stream, StreamStatus::Enabled, None).await,
        store.add_note(&note(stream, 1)).await,
    ] {
        assert_eq!(gone, Ok(false));
    }
    assert_eq!(store.remove_receiver("siem").await, Ok(true));
    assert_eq!(store.remove_receiver("siem").await, Ok(false));
    assert_eq!(store.receivers().await, Ok(vec![]));
}

fn note(stream: StreamId, n: u8) -> NewNote {
    NewNote { stream, signal: SignalId([n; 16]), kind: Kind::Verification, at: at(70), body: "state".into() }
}

pub(crate) async fn a_stream_that_goes_takes_along_what_waits(store: Shared) {
    let mut world = World::new();
    let stream = pushed_to(&store, &mut world, "all").await;
    let person = world.signed_up(&store).await;
    store.set_subject(stream, person.account, true).await.expect("written");
    assert_eq!(store.remove_receiver("all").await, Ok(true));
    assert_eq!(waiting(&store, stream).await, []);
    let left: Vec<_> = crate::dumps::rows(&store).await.into_iter().filter(|(table, _)| table.starts_with("signal")).collect();
    assert_eq!(left, []);
}

pub(crate) async fn a_paused_stream_keeps_and_a_disabled_one_does_not(store: Shared) {
    let mut world = World::new();
    let stream = pushed_to(&store, &mut world, "all").await;
    let mut ada = world.signed_up(&store).await;
    store.set_stream_status(stream, StreamStatus::Paused, None).await.expect("written");
    change_password(&store, &mut world, &mut ada).await;
    assert_eq!(waiting(&store, stream).await.len(), 2);
    assert_eq!(claim(&store, 500, 600).await, None, "and sends nothing");
    store.set_stream_status(stream, StreamStatus::Enabled, None).await.expect("written");
    assert!(claim(&store, 500, 600).await.is_some());
    store.set_stream_status(stream, StreamStatus::Disabled, None).await.expect("written");
    assert_eq!(waiting(&store, stream).await, [], "what waited is gone");
    change_password(&store, &mut world, &mut ada).await;
    assert_eq!(store.add_note(&note(stream, 1)).await, Ok(false));
    store.set_stream_status(stream, StreamStatus::Enabled, None).await.expect("written");
    assert_eq!(waiting(&store, stream).await, [], "and nothing of that time comes later");
}

pub(crate) async fn a_stream_is_claimed_by_one_and_tried_in_order(store: Shared) {
    let mut world = World::new();
    let polled = receiver(&mut world, "polled", true);
    connected(&store, &mut world, &polled, None).await;
    let stream = pushed_to(&store, &mut world, "pushed").await;
    assert_eq!(claim(&store, 500, 600).await, None, "nothing waits");
    let mut ada = world.signed_up(&store).await;
    change_password(&store, &mut world, &mut ada).await;
    let first = claim(&store, 500, 600).await.expect("the first");
    assert_eq!((first.receiver.name.as_str(), first.stream.stream, first.waiting.kind), ("pushed", stream, Kind::AccountCreated));
    assert_eq!(claim(&store, 600, 700).await, None, "the lease holds at its end");
    let again = claim(&store, 601, 700).await.expect("the same");
    assert_eq!(again.waiting, first.waiting, "it was not recorded: it is the same again");
    // The one that was late is believed about its signal, and leaves the claim alone.
    assert_eq!(store.finish_signal(&first, &Pushed::Taken, at(602)).await, Ok(true));
    assert_eq!(claim(&store, 603, 800).await, None);
    assert_eq!(store.finish_signal(&again, &Pushed::Taken, at(604)).await, Ok(false), "it is gone");
    let second = claim(&store, 605, 705).await.expect("the second");
    assert_eq!(second.waiting.kind, Kind::CredentialChange);
    assert_eq!(store.finish_signal(&second, &Pushed::RetryAt(at(900), "503".into()), at(606)).await, Ok(true));
    assert_eq!(claim(&store, 899, 950).await, None, "not due");
    let now = standing(&store, stream).await;
    assert_eq!((now.tries, now.due, now.failure.as_deref(), now.sent), (1, at(900), Some("503"), 1));
    let third = claim(&store, 900, 950).await.expect("due");
    assert_eq!((third.waiting.signal, third.stream.standing.tries), (second.waiting.signal, 1));
    assert_eq!(store.finish_signal(&third, &Pushed::Refused("invalid_audience".into()), at(901)).await, Ok(true));
    let now = standing(&store, stream).await;
    assert_eq!((now.tries, now.sent, now.refused, now.last_sent, now.failed), (0, 1, 1, Some(at(604)), Some(at(901))));
    assert_eq!(claim(&store, 902, 990).await, None, "nothing waits");
}

pub(crate) async fn a_changed_stream_is_tried_at_once(store: Shared) {
    let mut world = World::new();
    let stream = pushed_to(&store, &mut world, "all").await;
    world.signed_up(&store).await;
    let claimed = claim(&store, 500, 600).await.expect("one");
    store.finish_signal(&claimed, &Pushed::RetryAt(at(9_000), "no answer".into()), at(501)).await.expect("written");
    assert_eq!(store.change_stream(stream, &config(Some("https://new.example.org/"))).await, Ok(true));
    let claimed = claim(&store, 502, 600).await.expect("at once");
    assert_eq!(claimed.stream.config.endpoint.as_deref(), Some("https://new.example.org/"));
}

pub(crate) async fn what_a_poll_settles_is_gone_and_counted(store: Shared) {
    let mut world = World::new();
    let [one, two] = ["one", "two"].map(|name| receiver(&mut world, name, true));
    let one = connected(&store, &mut world, &one, None).await;
    let two = connected(&store, &mut world, &two, None).await;
    let mut ada = world.signed_up(&store).await;
    for _ in 0..3 {
        change_password(&store, &mut world, &mut ada).await;
    }
    let ids: Vec<_> = waiting(&store, one).await.iter().map(|signal| signal.signal).collect();
    assert_eq!(store.waiting_signals(one, 2).await.map(|some| some.len()), Ok(2));
    let refused = [(ids[1], "invalid_key: ä".to_owned())];
    assert_eq!(store.settle_signals(two, &ids, &refused, at(700)).await, Ok(0), "another's");
    assert_eq!(store.settle_signals(one, &[ids[0], ids[0], SignalId([0; 16])], &refused, at(700)).await, Ok(2));
    assert_eq!(waiting(&store, one).await.iter().map(|signal| signal.signal).collect::<Vec<_>>(), ids[2..]);
    let now = standing(&store, one).await;
    assert_eq!((now.sent, now.refused, now.last_sent, now.failure.as_deref()), (1, 1, Some(at(700)), Some("invalid_key: ä")));
    let all = store.receivers().await.expect("read");
    assert_eq!(all.iter().map(|one| (one.receiver.name.as_str(), one.waiting)).collect::<Vec<_>>(), [("one", 2), ("two", 4)]);
    assert_eq!(all[1].oldest, waiting(&store, two).await.iter().map(|signal| signal.at).min());
}

pub(crate) async fn what_is_too_much_or_too_old_is_dropped_and_said_first(store: Shared) {
    let mut world = World::new();
    let stream = pushed_to(&store, &mut world, "all").await;
    let mut ada = world.signed_up(&store).await;
    for _ in 0..5 {
        change_password(&store, &mut world, &mut ada).await;
    }
    let all = waiting(&store, stream).await;
    assert_eq!(store.trim_signals(6, at(0), at(700)).await, Ok(0));
    assert_eq!(waiting(&store, stream).await, all);
    assert_eq!(store.trim_signals(4, at(0), at(700)).await, Ok(2));
    let left = waiting(&store, stream).await;
    let said = |signals: &[Waiting]| (signals[0].kind, signals[0].body.clone(), signals[0].at, signals.len());
    assert_eq!(said(&left), (Kind::StreamUpdated, "2".to_owned(), at(700), 5));
    assert_eq!(left[1..], all[2..], "the newest are kept, in order");
    let fourth = all[4].at;
    assert_eq!(store.trim_signals(4, fourth, at(701)).await, Ok(2));
    let left = waiting(&store, stream).await;
    assert_eq!(said(&left), (Kind::StreamUpdated, "4".to_owned(), at(701), 3), "one word about both losses");
    assert_eq!(left[1..], all[4..]);
    assert_eq!(standing(&store, stream).await.dropped, 4);
    assert_eq!(store.trim_signals(4, fourth, at(702)).await, Ok(0));
    assert_eq!(waiting(&store, stream).await, left, "nothing new was dropped: nothing new is said");
}

pub(crate) async fn a_note_waits_behind_what_was_there_and_is_added_once(store: Shared) {
    let mut world = World::new();
    let stream = pushed_to(&store, &mut world, "all").await;
    world.signed_up(&store).await;
    assert_eq!(store.add_note(&note(stream, 7)).await, Ok(true));
    assert_eq!(store.add_note(&note(stream, 7)).await, Ok(true));
    let queued = waiting(&store, stream).await;
    assert_eq!(queued.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::AccountCreated, Kind::Verification]);
    assert_eq!((queued[1].account, queued[1].key, queued[1].body.as_str()), (None, None, "state"));
    assert_eq!(standing(&store, stream).await.verified, at(70));
}
