//! Sessions, devices and enrolments.

use crate::world::{Shared, World, at};
use truebell_core::event::What;
use truebell_core::head::VaultMark;
use truebell_store::StoreError;
use truebell_store::rows::{Change, Committed, EnrolmentStarted};

pub(crate) async fn a_session_shows_where_its_account_stands(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    assert_eq!(store.session(world.digest()).await, Ok(None));
    let item = world.item();
    let first = world.first(item);
    world.committed(&store, &mut person, vec![first]).await;
    let second = world.vault();
    assert_eq!(store.create_vault(person.account, second.clone(), at(50)).await, Ok(Committed::Done));
    let view = store.session(person.session.token).await.expect("read").expect("there");
    assert_eq!((view.session, view.device, view.expires), (person.session.session, person.device.device, person.session.expires));
    assert_eq!((view.head.account, view.head.chain, view.head.record), (person.account, person.chain, 1));
    let mut marks = vec![
        VaultMark { vault: person.vault.new.vault, seq: 1, head: person.vault.digest },
        VaultMark { vault: second.vault, seq: 0, head: second.head.digest() },
    ];
    marks.sort_by_key(|mark| mark.vault);
    assert_eq!(view.head.vaults, marks);
    assert_eq!(
        store.changes(person.account, &truebell_core::wire::sync::Have::default()).await.map(|c| c.map(|c| c.head)),
        Ok(Some(view.head))
    );
}

pub(crate) async fn a_session_of_an_unknown_or_revoked_device_is_refused(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let unknown = world.device().device;
    assert_eq!(store.open_session(world.session(unknown)).await, Ok(false));
    let what = What::DeviceRevoked { revoked: person.device.device, revoked_name: "x".into() };
    let change = Change::RevokeDevice(person.device.device);
    world.done(&store, &mut person, what, change).await;
    assert_eq!(store.open_session(world.session(person.device.device)).await, Ok(false));
    assert_eq!(store.counts(at(0)).await.map(|counts| counts.sessions), Ok(0));
}

pub(crate) async fn a_session_opened_twice_is_one_and_anothers_token_is_refused(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let other = world.signed_up(&store).await;
    let session = world.session(person.device.device);
    assert_eq!(store.open_session(session.clone()).await, Ok(true));
    assert_eq!(store.open_session(session.clone()).await, Ok(true));
    assert_eq!(store.sessions(person.account, at(0)).await.map(|sessions| sessions.len()), Ok(2));
    assert_eq!(store.device(person.device.device).await.map(|device| device.map(|device| device.seen)), Ok(Some(session.opened)));
    let mut earlier = world.session(person.device.device);
    earlier.opened = at(1);
    assert_eq!(store.open_session(earlier).await, Ok(true));
    assert_eq!(store.device(person.device.device).await.map(|device| device.map(|device| device.seen)), Ok(Some(session.opened)));
    let mut stolen = world.session(other.device.device);
    stolen.token = session.token;
    assert!(matches!(store.open_session(stolen).await, Err(StoreError::Damaged(_))));
    assert_eq!(store.session(session.token).await.map(|view| view.map(|view| view.device)), Ok(Some(person.device.device)));
    assert_eq!(store.close_session(other.account, session.session).await, Ok(false), "not theirs");
    assert_eq!(store.close_session(person.account, session.session).await, Ok(true));
    assert_eq!(store.close_session(person.account, session.session).await, Ok(false));
    assert_eq!(store.session(session.token).await, Ok(None));
}

pub(crate) async fn sessions_and_devices_are_listed_oldest_first(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let _other = world.signed_up(&store).await;
    let mut devices = vec![person.device.device];
    let mut sessions = vec![person.session.clone()];
    for _ in 0..3 {
        let (recording, device, session) = world.enrol(&store, &person).await;
        store.record(recording.clone()).await.expect("written");
        person.follow(&recording.event);
        devices.push(device.device);
        sessions.push(session);
    }
    let listed = store.devices(person.account).await.expect("read");
    assert_eq!(listed.iter().map(|device| device.device.device).collect::<Vec<_>>(), devices);
    assert_eq!(store.sessions(person.account, at(0)).await, Ok(sessions.clone()));
    assert_eq!(store.sessions(person.account, sessions[0].expires).await, Ok(vec![]), "those that are over are left out");
}

pub(crate) async fn a_sign_in_gives_one_enrolment(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let enrolment = world.enrolment(&person);
    assert_eq!(store.enrolment(enrolment.token).await, Ok(None));
    assert_eq!(store.start_enrolment(enrolment.clone()).await, Ok(EnrolmentStarted::Started));
    assert_eq!(store.start_enrolment(enrolment.clone()).await, Ok(EnrolmentStarted::Started), "the same once more");
    let found = store.enrolment(enrolment.token).await.expect("read").expect("there");
    assert_eq!((found.account, found.expires, found.used_by), (person.account, enrolment.expires, None));
    let mut again = world.enrolment(&person);
    again.sign_in = enrolment.sign_in;
    assert_eq!(store.start_enrolment(again.clone()).await, Ok(EnrolmentStarted::SignInUsed));
    assert_eq!(store.enrolment(again.token).await, Ok(None));
}

pub(crate) async fn a_code_is_good_once(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let what = What::SecondFactorAdded { kind: "totp".into() };
    world.done(&store, &mut person, what, Change::AddTotp { totp: vec![1], step: 10 }).await;
    for (step, expected) in [
        (Some(10), EnrolmentStarted::CodeUsed),
        (Some(11), EnrolmentStarted::Started),
        (Some(11), EnrolmentStarted::CodeUsed),
        (Some(9), EnrolmentStarted::CodeUsed),
        (None, EnrolmentStarted::CodeNeeded),
        (Some(13), EnrolmentStarted::Started),
    ] {
        let mut enrolment = world.enrolment(&person);
        enrolment.totp_step = step;
        assert_eq!(store.start_enrolment(enrolment.clone()).await, Ok(expected), "{step:?}");
        assert_eq!(store.enrolment(enrolment.token).await.map(|found| found.is_some()), Ok(expected == EnrolmentStarted::Started));
    }
    assert_eq!(store.account(person.account).await.map(|account| account.map(|account| account.totp_step)), Ok(Some(13)));
}

pub(crate) async fn an_enrolment_needs_the_credentials_and_factors_of_now(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let before = world.enrolment(&person);
    let change = world.credentials();
    world.done(&store, &mut person, What::PasswordChanged {}, change).await;
    assert_eq!(store.start_enrolment(before).await, Ok(EnrolmentStarted::Superseded), "proven against the old password");
    let stranger = world.person();
    let nobodys = world.enrolment(&stranger);
    assert_eq!(store.start_enrolment(nobodys).await, Ok(EnrolmentStarted::Superseded), "no such account");
    let mut with_code = world.enrolment(&person);
    with_code.totp_step = Some(3);
    assert_eq!(store.start_enrolment(with_code).await, Ok(EnrolmentStarted::Started), "a code where none is needed");
}
