//! Dumps: whole, of one moment, and the same on every store.

use crate::accounts::identity;
use crate::retractions::{of, retracting};
use crate::stores::{ALL, Place};
use crate::world::{Person, Shared, World, at};
use std::sync::Arc;
use truebell_core::event::{Plea, What};
use truebell_core::ids::{SignalId, StreamId};
use truebell_core::signal::{Kind, Kinds, StreamStatus, Subjects};
use truebell_store::StoreError;
use truebell_store::rows::{Change, DumpRow, MailOutcome, Published, Reach, Retracted, StatusEntry};
use truebell_store::signals::{NewNote, Pushed, Receiver, StreamConfig};

/// Every row, as table and columns.
pub(crate) async fn rows(store: &Shared) -> Vec<(String, Vec<u8>)> {
    dump(store).await.into_iter().map(|row| (row.table, row.columns)).collect()
}

async fn dump(store: &Shared) -> Vec<DumpRow> {
    let mut rows = Vec::new();
    let mut sink = |row| {
        rows.push(row);
        true
    };
    store.dump(&mut sink).await.expect("read");
    rows
}

/// A store with something in every table and in every column that may be empty.
async fn fill(store: &Shared) {
    let mut world = World::new();
    store.create_identity(&identity()).await.expect("written");
    let invitation = world.digest();
    store.invite(invitation, at(9_000)).await.expect("written");
    store.invite(world.digest(), at(9_000)).await.expect("written");
    let mut bob = world.person();
    let mut new = world.sign_up(&mut bob);
    new.invitation = Some(invitation);
    store.sign_up(new).await.expect("written");
    let mut ada = world.signed_up(store).await;
    let (recording, device, _) = world.enrol(store, &ada).await;
    store.record(recording.clone()).await.expect("written");
    ada.follow(&recording.event);
    store.start_enrolment(world.enrolment(&ada)).await.expect("written");
    crate::machines::enrolled(store, &mut world, &mut ada).await;
    let what = What::DeviceRevoked { revoked: device.device, revoked_name: device.name };
    world.done(store, &mut ada, what, Change::RevokeDevice(device.device)).await;
    let factor = What::SecondFactorAdded { kind: "totp".into() };
    world.done(store, &mut ada, factor, Change::AddTotp { totp: vec![7; 33], step: 12 }).await;
    let due = at(77_000);
    world.done(store, &mut ada, What::DeletionScheduled { due }, Change::ScheduleDeletion(due)).await;
    for person in [&mut ada, &mut bob] {
        let (one, two) = (world.item(), world.item());
        let (first, other) = (world.first(one), world.first(two));
        world.committed(store, person, vec![first.clone(), other.clone()]).await;
        let second = world.next(&first, &person.vault);
        let tombstone = world.tombstone(&other, &person.vault);
        world.committed(store, person, vec![second, tombstone]).await;
        let attachment = world.attachment();
        for index in 0..3 {
            store.put_chunk(world.chunk(person, attachment, index, 100), 1_000).await.expect("written");
        }
    }
    for outcome in [MailOutcome::Sent, MailOutcome::RetryAt(at(6_000)), MailOutcome::Unknown] {
        let mail = store.claim_mail(at(5_000), at(5_500)).await.expect("read").expect("one");
        store.finish_mail(mail.mail.mail, outcome, at(5_001)).await.expect("written");
    }
    store.claim_mail(at(5_000), at(5_500)).await.expect("read").expect("one stays claimed");
    crate::log::grow(store, 3).await;
    store.log_publish(Published { size: 2, at: at(6_000), note: "a checkpoint of 2\n".into() }).await.expect("written");
    store.log_waiting(1).await.expect("read").pop().expect("one still waits");
    let entry = StatusEntry { entry: [8; 16], at: at(8_000), body: r#"{"is":"ä"}"#.into() };
    store.add_status(&entry).await.expect("written");
    fill_signals(store, &mut world, &mut ada).await;
    fill_corrections(store, &mut world, &mut bob).await;
    crate::response::fill(store).await;
}

/// A notice taken back by both sides, and a kind of mail let go.
async fn fill_corrections(store: &Shared, world: &mut World, bob: &mut Person) {
    let change = world.credentials();
    let told = world.done(store, bob, What::PasswordChanged {}, change).await;
    let acknowledged = What::Acknowledged { of: of(&told), plea: Plea::Mistake };
    world.done(store, bob, acknowledged, Change::Acknowledge(told.event.act.seq)).await;
    let retracting = retracting(world, bob, &told);
    assert_eq!(store.retract(retracting).await, Ok(Retracted::Done(Reach { told: 0, withheld: 1 })));
    store.resume_mails("notice", at(3)).await.expect("written");
}

/// Streams as full and as empty as can be.
async fn fill_signals(store: &Shared, world: &mut World, ada: &mut Person) {
    let stream = crate::signals::pushed_to(store, world, "pushed").await;
    let mail = Receiver { subjects: Subjects::Email, ..crate::signals::receiver(world, "mail", false) };
    store.add_receiver(&mail).await.expect("written");
    let mailed = StreamId([7; 16]);
    let config = StreamConfig { delivered: Kinds::supported(Subjects::Email), description: None, ..crate::signals::config(None) };
    store.create_stream(mailed, mail.receiver, &config).await.expect("written");
    store.set_subject(mailed, ada.account, true).await.expect("written");
    store.add_receiver(&crate::signals::receiver(world, "idle", true)).await.expect("written");
    let what = What::AddressChanged { from_masked: "p…@Example.org".into(), to_masked: "n…@example.net".into() };
    let change = Change::Address { email: "new@example.net".into(), email_key: "new@example.net".into() };
    world.done(store, ada, what, change).await;
    world.done(store, ada, What::DeletionCancelled {}, Change::CancelDeletion).await;
    let note = NewNote { stream, signal: SignalId([4; 16]), kind: Kind::Verification, at: at(9_000), body: "ä".into() };
    store.add_note(&note).await.expect("written");
    let claimed = store.claim_signal(at(9_001), at(9_100)).await.expect("read").expect("one");
    store.finish_signal(&claimed, &Pushed::RetryAt(at(9_050), "no answer".into()), at(9_002)).await.expect("written");
    store.trim_signals(2, at(0), at(9_003)).await.expect("written");
    store.set_stream_status(mailed, StreamStatus::Paused, Some("why")).await.expect("written");
}

async fn load(store: &Shared, rows: Vec<DumpRow>) -> Result<(), StoreError> {
    store.load(&identity(), &mut rows.into_iter()).await
}

#[test]
fn a_dump_of_any_store_loads_into_any_other_and_comes_out_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut dumps = Vec::new();
        for kind in ALL {
            let place = Place::new(kind).await;
            fill(&place.store).await;
            dumps.push((kind, dump(&place.store).await));
            place.remove().await;
        }
        let tables: std::collections::BTreeSet<_> = dumps[0].1.iter().map(|row| row.table.clone()).collect();
        assert_eq!(tables.len(), 28, "a row in each table");
        for (from, rows) in &dumps {
            assert_eq!(rows, &dumps[0].1, "{from:?} writes what memory writes");
            for into in ALL {
                let place = Place::new(into).await;
                assert_eq!(load(&place.store, rows.clone()).await, Ok(()), "{from:?} into {into:?}");
                assert_eq!(&dump(&place.store).await, rows, "{from:?} into {into:?}");
                assert_eq!(place.store.identity().await, Ok(Some(identity())));
                works_on(&place.store).await;
                place.remove().await;
            }
        }
    });
}

/// A loaded store is a store: people sign up and write.
async fn works_on(store: &Shared) {
    let mut world = World::new();
    for _ in 0..10_000 {
        world.number();
    }
    let mut person = world.signed_up(store).await;
    let item = world.item();
    let first = world.first(item);
    world.committed(store, &mut person, vec![first]).await;
}

pub(crate) async fn a_dump_stops_when_its_sink_has_enough(store: Shared) {
    fill(&store).await;
    let mut taken = 0;
    let mut sink = |_| {
        taken += 1;
        taken < 3
    };
    assert_eq!(store.dump(&mut sink).await, Ok(()));
    assert_eq!(taken, 3);
    assert_eq!(store.check().await, Ok(()));
}

pub(crate) async fn a_dump_is_of_one_moment_while_writers_go_on(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let (account, vault) = (person.account, person.vault.new.vault);
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..60 {
                let first = world.new_item();
                world.committed(&store, &mut person, vec![first]).await;
                tokio::task::yield_now().await;
            }
        })
    };
    let mut last = 0;
    while last < 60 {
        let copy: Shared = Arc::new(truebell_store::memory::Memory::new());
        assert_eq!(load(&copy, dump(&store).await).await, Ok(()));
        let changes = copy.changes(account, &truebell_core::wire::sync::Have::default()).await.expect("read").expect("there");
        let page = copy.revisions(account, vault, 0, u64::MAX, None, usize::MAX).await.expect("read").expect("there");
        let seq = changes.head.vaults[0].seq;
        assert_eq!(page.revisions.len() as u64, seq, "the revisions are those of the head");
        assert_eq!(changes.vaults[0].head.digest(), changes.head.vaults[0].head);
        assert!(seq >= last, "moments follow each other");
        last = seq;
        tokio::task::yield_now().await;
    }
    writing.await.expect("no panic");
}

pub(crate) async fn only_an_empty_store_is_loaded(store: Shared) {
    fill(&store).await;
    let rows = dump(&store).await;
    assert!(matches!(load(&store, rows.clone()).await, Err(StoreError::Damaged(_))));
    assert!(matches!(load(&store, vec![]).await, Err(StoreError::Damaged(_))));
    assert_eq!(dump(&store).await, rows);
}

pub(crate) async fn a_row_that_does_not_fit_loads_nothing(store: Shared) {
    let source: Shared = Arc::new(truebell_store::memory::Memory::new());
    fill(&source).await;
    let good = dump(&source).await;
    let with = |place: usize, change: fn(&mut DumpRow)| {
        let mut rows = good.clone();
        change(&mut rows[place]);
        rows
    };
    let last = good.len() - 1;
    let cases = [
        ("of no table", with(last, |row| row.table = "passwords".into())),
        ("of another table", with(last, |row| row.table = "chunks".into())),
        ("cut", with(0, |row| row.columns.truncate(20))),
        ("too long", with(last, |row| row.columns.push(0))),
        ("empty", with(last, |row| row.columns.clear())),
        ("twice", [good.clone(), vec![good[0].clone()]].concat()),
    ];
    for (what, rows) in cases {
        assert!(matches!(load(&store, rows).await, Err(StoreError::Damaged(_))), "{what}");
        assert_eq!(store.identity().await, Ok(None), "{what}");
        assert_eq!(dump(&store).await, [], "{what}");
    }
    assert_eq!(load(&store, good).await, Ok(()));
}
