//! Recording acts: law 4, the chain, and what each change does.

use crate::dumps::rows;
use crate::world::{Person, Shared, World, at};
use truebell_core::event::{Countersigned, Made, What};
use truebell_core::wire::sync::Have;
use truebell_store::StoreError;
use truebell_store::rows::{Account, Change, EnrolmentStarted, Recorded, Recording};

async fn account(store: &Shared, person: &Person) -> Account {
    store.account(person.account).await.expect("read").expect("there")
}

/// An event with something changed in it.
pub(crate) fn altered(event: &Countersigned, change: fn(&mut Made)) -> Countersigned {
    let mut made = Made::clone(event);
    change(&mut made);
    Countersigned::of_a_test(made)
}

fn password() -> What {
    What::PasswordChanged {}
}

fn address(email: &str) -> Change {
    Change::Address { email: email.to_owned(), email_key: email.to_lowercase() }
}

fn address_changed() -> What {
    What::AddressChanged { from_masked: "a…".into(), to_masked: "b…".into() }
}

fn device_revoked(person: &Person) -> What {
    What::DeviceRevoked { revoked: person.device.device, revoked_name: "old".into() }
}

pub(crate) async fn an_act_commits_with_its_event_and_its_mails(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let recording = world.done(&store, &mut person, address_changed(), address("New@Example.org")).await;
    assert_eq!(account(&store, &person).await.chain, person.chain);
    let changes = store.changes(person.account, &Have { events: 1, ..Have::default() }).await.expect("read").expect("there");
    assert_eq!(changes.events, std::slice::from_ref(&recording.event.set));
    assert_eq!(store.counts(at(0)).await.map(|counts| counts.mails_queued), Ok(2));
}

pub(crate) async fn an_act_out_of_the_chain_changes_nothing(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let before = rows(&store).await;
    let good = world.recording(&person, address_changed(), address("new@example.org"));
    let broken = |change: fn(&mut Made)| Recording { event: altered(&good.event, change), ..good.clone() };
    let cases = [
        ("later", broken(|made| made.act.seq += 1)),
        ("earlier", broken(|made| made.act.seq -= 1)),
        ("after another event", broken(|made| made.act.prev.0[0] ^= 1)),
        ("of a later epoch", broken(|made| made.act.epoch += 1)),
        ("of an epoch before", broken(|made| made.act.epoch -= 1)),
    ];
    for (what, recording) in cases {
        assert_eq!(store.record(recording).await, Ok(Recorded::ChainMoved), "{what}");
    }
    let stranger = world.person();
    let recording = world.recording(&stranger, address_changed(), address("x@example.org"));
    assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable), "of nobody");
    assert_eq!(rows(&store).await, before);
    assert_eq!(store.record(good).await, Ok(Recorded::Done));
}

pub(crate) async fn an_act_shown_again_gives_the_stored_event(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let change = world.credentials();
    let mut recording = world.done(&store, &mut person, password(), change).await;
    world.done(&store, &mut person, address_changed(), address("later@example.org")).await;
    let before = rows(&store).await;
    let set = recording.event.set.clone();
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Repeated(set.clone())));
    recording.event = altered(&recording.event, |made| made.set = "countersigned again".into());
    assert_eq!(store.record(recording).await, Ok(Recorded::Repeated(set)), "the stored one counts");
    assert_eq!(rows(&store).await, before);
}

pub(crate) async fn another_act_in_a_taken_place_is_told_apart(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let rival = world.recording(&person, address_changed(), address("rival@example.org"));
    world.done(&store, &mut person, address_changed(), address("first@example.org")).await;
    let before = rows(&store).await;
    assert_eq!(store.record(rival).await, Ok(Recorded::ChainMoved));
    assert_eq!(rows(&store).await, before);
}

pub(crate) async fn a_mail_of_another_event_is_refused(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let before = rows(&store).await;
    let other = world.event(&person, password());
    let mut recording = world.recording(&person, address_changed(), address("new@example.org"));
    recording.mails.push(world.mail(&other));
    assert!(matches!(store.record(recording).await, Err(StoreError::Damaged(_))));
    assert_eq!(rows(&store).await, before);
}

pub(crate) async fn an_enrolment_is_good_for_one_device(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let other = world.signed_up(&store).await;
    let (recording, device, session) = world.enrol(&store, &person).await;
    let Change::Enrol { enrolment, .. } = recording.change else { panic!("an enrolment") };
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
    person.follow(&recording.event);
    assert_eq!(store.enrolment(enrolment).await.map(|found| found.and_then(|found| found.used_by)), Ok(Some(device.device)));
    assert!(store.session(session.token).await.expect("read").is_some());
    assert_eq!(store.devices(person.account).await.map(|devices| devices.len()), Ok(2));

    let enrol = |enrolment, device: &truebell_store::rows::NewDevice, session| {
        let what = What::DeviceEnrolled { enrolled: device.device, device_key: device.key, platform: device.platform.clone() };
        (what, Change::Enrol { enrolment, device: device.clone(), session })
    };
    let second = world.device();
    let (unknown, open) = (world.digest(), world.enrolment(&person));
    store.start_enrolment(open.clone()).await.expect("written");
    let theirs = world.enrolment(&other);
    store.start_enrolment(theirs.clone()).await.expect("written");
    let before = rows(&store).await;
    for (what, enrolment, device) in [
        ("used", enrolment, &second),
        ("unknown", unknown, &second),
        ("another account's", theirs.token, &second),
        ("good, for a device that is there", open.token, &device),
        ("good, for another account's device", open.token, &other.device),
    ] {
        let session = world.session(device.device);
        let (act, change) = enrol(enrolment, device, session);
        let recording = world.recording(&person, act, change);
        assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable), "{what}");
    }
    assert_eq!(rows(&store).await, before);
}

pub(crate) async fn an_enrolment_repeated_opens_the_new_session(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let (mut recording, device, first) = world.enrol(&store, &person).await;
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
    let set = recording.event.set.clone();
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Repeated(set.clone())), "word for word");
    let again = world.session(device.device);
    let Change::Enrol { session, .. } = &mut recording.change else { panic!("an enrolment") };
    *session = again.clone();
    assert_eq!(store.record(recording).await, Ok(Recorded::Repeated(set)));
    for token in [first.token, again.token] {
        assert!(store.session(token).await.expect("read").is_some());
    }
    assert_eq!(store.devices(person.account).await.map(|devices| devices.len()), Ok(2));
}

pub(crate) async fn a_revoked_device_does_not_come_back_by_repeating_its_enrolment(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let (recording, device, _) = world.enrol(&store, &person).await;
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
    person.follow(&recording.event);
    let what = What::DeviceRevoked { revoked: device.device, revoked_name: device.name };
    world.done(&store, &mut person, what, Change::RevokeDevice(device.device)).await;
    assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable));
    assert_eq!(store.sessions(person.account, at(0)).await.map(|sessions| sessions.len()), Ok(1));
}

pub(crate) async fn new_credentials_raise_the_epoch_and_end_open_enrolments(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let enrolment = world.enrolment(&person);
    assert_eq!(store.start_enrolment(enrolment.clone()).await, Ok(EnrolmentStarted::Started));
    let change = world.credentials();
    let recording = world.done(&store, &mut person, password(), change).await;
    let Change::Credentials { opaque, keyset, .. } = recording.change else { panic!("credentials") };
    let account = account(&store, &person).await;
    assert_eq!((account.chain.epoch, account.record.epoch, account.record.number), (2, 2, 2));
    assert_eq!((account.opaque, account.record.keyset), (opaque, keyset));
    assert_eq!(store.enrolment(enrolment.token).await, Ok(None));
    assert!(store.session(person.session.token).await.expect("read").is_some(), "sessions stay");
}

pub(crate) async fn a_sign_in_changes_credentials_once(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let change = world.credentials();
    world.done(&store, &mut person, password(), change.clone()).await;
    let recording = world.recording(&person, password(), change.clone());
    assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable));
    let Change::Credentials { sign_in, .. } = change else { panic!("credentials") };
    let mut enrolment = world.enrolment(&person);
    enrolment.sign_in = sign_in;
    assert_eq!(store.start_enrolment(enrolment).await, Ok(EnrolmentStarted::SignInUsed), "nor does it enrol");
}

pub(crate) async fn a_revoked_device_loses_its_sessions_and_opens_no_more(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let other = world.signed_up(&store).await;
    let second = world.session(person.device.device);
    store.open_session(second.clone()).await.expect("written");
    let change = Change::RevokeDevice(person.device.device);
    let recording = world.done(&store, &mut person, device_revoked(&other), change).await;
    for token in [person.session.token, second.token] {
        assert_eq!(store.session(token).await, Ok(None));
    }
    let device = store.device(person.device.device).await.expect("read").expect("it stays");
    assert_eq!(device.revoked, Some(recording.at));
    assert_eq!(store.open_session(world.session(person.device.device)).await, Ok(false));
    for (what, device) in [("again", person.device.device), ("another account's", other.device.device), ("unknown", world.device().device)]
    {
        let recording = world.recording(&person, device_revoked(&other), Change::RevokeDevice(device));
        assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable), "{what}");
    }
    assert!(store.session(other.session.token).await.expect("read").is_some());
}

pub(crate) async fn a_revoked_session_is_gone(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let other = world.signed_up(&store).await;
    let what = What::SessionRevoked { session: person.session.session, of_device: person.device.device, of_device_name: "x".into() };
    let change = Change::RevokeSession(person.session.session);
    world.done(&store, &mut person, what.clone(), change).await;
    assert_eq!(store.session(person.session.token).await, Ok(None));
    for (which, session) in [("again", person.session.session), ("another account's", other.session.session)] {
        let recording = world.recording(&person, what.clone(), Change::RevokeSession(session));
        assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable), "{which}");
    }
    assert!(store.session(other.session.token).await.expect("read").is_some());
}

pub(crate) async fn an_address_moves_and_a_taken_one_does_not(store: Shared) {
    let mut world = World::new();
    let mut ada = world.signed_up(&store).await;
    let bob = world.signed_up(&store).await;
    let old = ada.email.to_lowercase();
    let before = rows(&store).await;
    let taken = world.recording(&ada, address_changed(), address(&bob.email));
    assert_eq!(store.record(taken).await, Ok(Recorded::AddressTaken));
    assert_eq!(rows(&store).await, before);
    world.done(&store, &mut ada, address_changed(), address("ADA@example.net")).await;
    assert_eq!(store.account_by_address("ada@example.net").await, Ok(Some(ada.account)));
    assert_eq!(store.account_by_address(&old).await, Ok(None));
    world.done(&store, &mut ada, address_changed(), address("Ada@Example.net")).await;
    let record = account(&store, &ada).await.record;
    assert_eq!((record.email.as_str(), record.number), ("Ada@Example.net", 3), "its own in another spelling");
}

pub(crate) async fn a_deletion_is_scheduled_once_and_cancelled_once(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let due = at(5_000);
    let cancelled = || (What::DeletionCancelled {}, Change::CancelDeletion);
    let scheduled = || (What::DeletionScheduled { due }, Change::ScheduleDeletion(due));
    let (what, change) = cancelled();
    let early = world.recording(&person, what, change);
    assert_eq!(store.record(early).await, Ok(Recorded::NotApplicable), "nothing to cancel");
    let (what, change) = scheduled();
    world.done(&store, &mut person, what, change).await;
    assert_eq!(account(&store, &person).await.record.deletion_due, Some(due));
    assert_eq!(store.session(person.session.token).await.map(|view| view.and_then(|view| view.deletion_due)), Ok(Some(due)));
    let (what, change) = scheduled();
    let twice = world.recording(&person, what, change);
    assert_eq!(store.record(twice).await, Ok(Recorded::NotApplicable), "scheduled already");
    let (what, change) = cancelled();
    world.done(&store, &mut person, what, change).await;
    let record = account(&store, &person).await.record;
    assert_eq!((record.deletion_due, record.number), (None, 3));
    assert_eq!(store.due_deletions(at(9_999), 10).await, Ok(vec![]));
}

pub(crate) async fn a_second_factor_is_added_once_and_removed_with_a_fresh_code(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let added = || What::SecondFactorAdded { kind: "totp".into() };
    let removed = || What::SecondFactorRemoved { kind: "totp".into() };
    let add = |step| Change::AddTotp { totp: vec![8; 30], step };
    let early = world.recording(&person, removed(), Change::RemoveTotp { step: 1 });
    assert_eq!(store.record(early).await, Ok(Recorded::NotApplicable), "there is none");
    world.done(&store, &mut person, added(), add(100)).await;
    let stored = account(&store, &person).await;
    assert_eq!((stored.totp, stored.totp_step, stored.record.second_factors), (Some(vec![8; 30]), 100, vec!["totp".to_owned()]));
    let twice = world.recording(&person, added(), add(101));
    assert_eq!(store.record(twice).await, Ok(Recorded::NotApplicable), "there is one");
    let stale = world.recording(&person, removed(), Change::RemoveTotp { step: 100 });
    assert_eq!(store.record(stale).await, Ok(Recorded::NotApplicable), "that code was used");
    world.done(&store, &mut person, removed(), Change::RemoveTotp { step: 101 }).await;
    assert_eq!(account(&store, &person).await.record.second_factors, Vec::<String>::new());
    world.done(&store, &mut person, added(), add(50)).await;
    assert_eq!(account(&store, &person).await.totp_step, 50, "another generator counts anew");
}
