//! The same at once: what may happen once happens once.

use crate::dumps::rows;
use crate::retractions::retracting;
use crate::world::{Shared, World, at};
use std::future::Future;
use std::sync::Arc;
use truebell_core::event::What;
use truebell_core::ids::AccountId;
use truebell_core::log::{TileId, derive_entry};
use truebell_store::rows::{
    Change, ChunkStored, Committed, EnrolmentStarted, LogPlace, MailOutcome, MailState, Reach, Recorded, Retracted, SignedUp,
};

/// How many do it.
const MANY: usize = 8;

/// Runs all at once; what each came to.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(works: impl IntoIterator<Item = F>) -> Vec<T> {
    let tasks: Vec<_> = works.into_iter().map(tokio::spawn).collect();
    let mut ends = Vec::new();
    for task in tasks {
        ends.push(task.await.expect("no panic"));
    }
    ends
}

/// One store for many, each with its own item.
fn each<I: Send + 'static, T, F: Future<Output = T> + Send + 'static>(
    store: &Shared,
    items: impl IntoIterator<Item = I>,
    work: impl Fn(Shared, I) -> F,
) -> Vec<F> {
    items.into_iter().map(|item| work(Arc::clone(store), item)).collect()
}

fn count<T: PartialEq>(ends: &[T], wanted: &T) -> usize {
    ends.iter().filter(|end| *end == wanted).count()
}

pub(crate) async fn of_two_racing_commits_one_is_done_and_one_conflicts(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    for round in 0..10 {
        let item = world.item();
        let rivals: Vec<_> = (0..MANY)
            .map(|_| {
                let first = world.first(item);
                world.commit(&person, vec![first])
            })
            .collect();
        let ends = at_once(each(&store, rivals.clone(), |store, commit| async move { store.commit(commit).await })).await;
        assert_eq!(count(&ends, &Ok(Committed::Done)), 1, "round {round}: {ends:?}");
        assert_eq!(count(&ends, &Ok(Committed::Conflict)), MANY - 1, "round {round}: {ends:?}");
        let winner = ends.iter().position(|end| *end == Ok(Committed::Done)).expect("one");
        person.vault.follow(&rivals[winner]);
    }
    assert_eq!(crate::vaults::all(&store, &person, 0, 1 << 20).await.len(), 10);
}

pub(crate) async fn a_commit_repeated_at_once_is_done_once(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let item = world.item();
    let first = world.first(item);
    let commit = world.commit(&person, vec![first]);
    let ends = at_once(each(&store, vec![commit; MANY], |store, commit| async move { store.commit(commit).await })).await;
    assert_eq!(count(&ends, &Ok(Committed::Done)), 1, "{ends:?}");
    assert_eq!(count(&ends, &Ok(Committed::Repeated(1))), MANY - 1, "{ends:?}");
}

pub(crate) async fn a_code_shown_at_once_is_good_once(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let what = What::SecondFactorAdded { kind: "totp".into() };
    world.done(&store, &mut person, what, Change::AddTotp { totp: vec![1], step: 10 }).await;
    let enrolments: Vec<_> = (0..MANY)
        .map(|_| {
            let mut enrolment = world.enrolment(&person);
            enrolment.totp_step = Some(11);
            enrolment
        })
        .collect();
    let ends = at_once(each(&store, enrolments, |store, new| async move { store.start_enrolment(new).await })).await;
    assert_eq!(count(&ends, &Ok(EnrolmentStarted::Started)), 1, "{ends:?}");
    assert_eq!(count(&ends, &Ok(EnrolmentStarted::CodeUsed)), MANY - 1, "{ends:?}");
}

pub(crate) async fn an_enrolment_used_at_once_is_good_for_one_device(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let (recording, ..) = world.enrol(&store, &person).await;
    let Change::Enrol { enrolment, .. } = recording.change else { panic!("an enrolment") };
    let rivals: Vec<_> = (0..MANY)
        .map(|_| {
            let device = world.device();
            let session = world.session(device.device);
            let what = What::DeviceEnrolled { enrolled: device.device, device_key: device.key, platform: device.platform.clone() };
            world.recording(&person, what, Change::Enrol { enrolment, device, session })
        })
        .collect();
    let ends = at_once(each(&store, rivals, |store, recording| async move { store.record(recording).await })).await;
    assert_eq!(count(&ends, &Ok(Recorded::Done)), 1, "{ends:?}");
    assert_eq!(count(&ends, &Ok(Recorded::ChainMoved)), MANY - 1, "{ends:?}");
    assert_eq!(store.devices(person.account).await.map(|devices| devices.len()), Ok(2));
}

pub(crate) async fn of_many_acts_in_one_place_one_is_done(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let rivals: Vec<_> = (0..MANY)
        .map(|_| {
            let change = world.credentials();
            world.recording(&person, What::PasswordChanged {}, change)
        })
        .collect();
    let ends = at_once(each(&store, rivals, |store, recording| async move { store.record(recording).await })).await;
    assert_eq!(count(&ends, &Ok(Recorded::Done)), 1, "{ends:?}");
    assert_eq!(count(&ends, &Ok(Recorded::ChainMoved)), MANY - 1, "{ends:?}");
    assert_eq!(store.counts(at(0)).await.map(|counts| counts.mails_queued), Ok(2), "one mail for the one event");
}

pub(crate) async fn a_stream_is_worked_on_by_one_of_many(store: Shared) {
    let mut world = World::new();
    crate::signals::pushed_to(&store, &mut world, "all").await;
    let mut person = world.signed_up(&store).await;
    for round in 0..5 {
        let change = world.credentials();
        world.done(&store, &mut person, What::PasswordChanged {}, change).await;
        let ends = at_once(each(&store, 0..MANY, |store, _| async move { store.claim_signal(at(500 + round), at(600)).await })).await;
        let claimed: Vec<_> = ends.into_iter().filter_map(|end| end.expect("no failure")).collect();
        assert_eq!(claimed.len(), 1, "round {round}");
        let pushed = truebell_store::signals::Pushed::Taken;
        assert_eq!(store.finish_signal(&claimed[0], &pushed, at(500 + round)).await, Ok(true));
    }
}

pub(crate) async fn a_mail_is_claimed_by_one_of_many(store: Shared) {
    let mut world = World::new();
    for _ in 0..3 {
        world.signed_up(&store).await;
    }
    let claims = each(&store, 0..MANY, |store, _| async move { store.claim_mail(at(5_000), at(9_000)).await });
    let mut found: Vec<_> = at_once(claims).await.into_iter().filter_map(|end| end.expect("read")).map(|mail| mail.mail.mail).collect();
    // A claimer that passed by a mail another one was about to take may come back without; the next claim finds what is left.
    while let Some(mail) = store.claim_mail(at(5_000), at(9_000)).await.expect("read") {
        found.push(mail.mail.mail);
    }
    found.sort();
    let all = found.len();
    found.dedup();
    assert_eq!((all, found.len()), (3, 3), "each once");
}

pub(crate) async fn of_many_sign_ups_with_one_address_one_is_created(store: Shared) {
    let mut world = World::new();
    let rivals: Vec<_> = (0..MANY)
        .map(|_| {
            let mut person = world.person();
            person.email = "one@example.org".into();
            world.sign_up(&mut person)
        })
        .collect();
    let ends = at_once(each(&store, rivals, |store, new| async move { store.sign_up(new).await })).await;
    assert_eq!(count(&ends, &Ok(SignedUp::Created)), 1, "{ends:?}");
    assert_eq!(count(&ends, &Ok(SignedUp::AddressTaken)), MANY - 1, "{ends:?}");
    let mut person = world.person();
    let new = world.sign_up(&mut person);
    let ends = at_once(each(&store, vec![new; MANY], |store, new| async move { store.sign_up(new).await })).await;
    assert_eq!(count(&ends, &Ok(SignedUp::Created)), 1, "word for word: {ends:?}");
    assert_eq!(count(&ends, &Ok(SignedUp::Repeated)), MANY - 1, "word for word: {ends:?}");
}

pub(crate) async fn an_invitation_is_used_by_one_of_many(store: Shared) {
    let mut world = World::new();
    let invitation = world.digest();
    store.invite(invitation, at(100_000)).await.expect("written");
    let rivals: Vec<_> = (0..MANY)
        .map(|_| {
            let mut person = world.person();
            let mut new = world.sign_up(&mut person);
            new.invitation = Some(invitation);
            new
        })
        .collect();
    let ends = at_once(each(&store, rivals, |store, new| async move { store.sign_up(new).await })).await;
    assert_eq!(count(&ends, &Ok(SignedUp::Created)), 1, "{ends:?}");
    assert_eq!(count(&ends, &Ok(SignedUp::BadInvitation)), MANY - 1, "{ends:?}");
}

pub(crate) async fn no_session_survives_the_revocation_of_its_device(store: Shared) {
    let mut world = World::new();
    for _ in 0..5 {
        let person = world.signed_up(&store).await;
        let device = person.device.device;
        let what = What::DeviceRevoked { revoked: device, revoked_name: "x".into() };
        let recording = world.recording(&person, what, Change::RevokeDevice(device));
        let sessions: Vec<_> = (0..MANY).map(|_| world.session(device)).collect();
        let openings = each(&store, sessions, |store, session| async move { store.open_session(session).await });
        let revoking = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.record(recording).await })
        };
        let opened = at_once(openings).await;
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
        assert_eq!(revoking.await.expect("no panic"), Ok(Recorded::Done));
        assert_eq!(store.sessions(person.account, at(0)).await, Ok(vec![]));
    }
}

pub(crate) async fn writes_and_the_deletion_of_their_account_leave_nothing_behind(store: Shared) {
    let mut world = World::new();
    for _ in 0..5 {
        let mut person = world.signed_up(&store).await;
        let due = at(5_000);
        world.done(&store, &mut person, What::DeletionScheduled { due }, Change::ScheduleDeletion(due)).await;
        let (item, attachment) = (world.item(), world.attachment());
        let first = world.first(item);
        let (commit, chunk) = (world.commit(&person, vec![first]), world.chunk(&person, attachment, 0, 10));
        let (session, enrolment, vault) = (world.session(person.device.device), world.enrolment(&person), world.vault());
        let account = person.account;
        let delete = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.delete_account(account, due).await })
        };
        let commit = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(commit).await })
        };
        let chunk = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.put_chunk(chunk, 99).await })
        };
        let session = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.open_session(session).await })
        };
        let enrolment = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.start_enrolment(enrolment).await })
        };
        let vault = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.create_vault(account, vault, at(9)).await })
        };
        assert_eq!(delete.await.expect("no panic"), Ok(true));
        assert!(matches!(commit.await.expect("no panic"), Ok(Committed::Done | Committed::NoVault)));
        assert!(matches!(chunk.await.expect("no panic"), Ok(ChunkStored::Done | ChunkStored::NoVault)));
        assert!(session.await.expect("no panic").is_ok());
        assert!(matches!(enrolment.await.expect("no panic"), Ok(EnrolmentStarted::Started | EnrolmentStarted::Superseded)));
        assert!(matches!(vault.await.expect("no panic"), Ok(Committed::Done | Committed::NoVault)));
        assert_eq!(tables_of(&store, account).await, ["mails", "mails"]);
    }
}

/// The tables with a row that names an account or its vaults.
async fn tables_of(store: &Shared, account: AccountId) -> Vec<String> {
    let of_account = |columns: &[u8]| columns.windows(16).any(|window| window == account.0);
    let rows = rows(store).await.into_iter();
    rows.filter(|(table, columns)| of_account(columns) || ["commits", "revisions", "chunks"].contains(&table.as_str()))
        .map(|(table, _)| table)
        .collect()
}

pub(crate) async fn of_many_who_give_places_each_leaf_gets_one(store: Shared) {
    let mut world = World::new();
    let signing_up = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut entries = Vec::new();
            for _ in 0..30 {
                let person = world.signed_up(&store).await;
                entries.push(derive_entry(&person.chain.digest));
                tokio::task::yield_now().await;
            }
            entries
        })
    };
    while !signing_up.is_finished() {
        at_once(each(&store, 0..3, |store, _| async move { crate::log::grow(&store, 4).await })).await;
    }
    let entries = signing_up.await.expect("no panic");
    while !store.log_waiting(1).await.expect("read").is_empty() {
        crate::log::grow(&store, 9).await;
    }
    assert_eq!(store.log_head().await.map(|head| head.size), Ok(30));
    let mut places = Vec::new();
    for place in store.log_places(&entries).await.expect("read") {
        let Some(LogPlace::At(place)) = place else { panic!("an event without a place in the log") };
        places.push(place);
    }
    let kept = store.log_tiles(&[TileId { level: 0, index: 0 }]).await.expect("read").remove(0).expect("there");
    for (entry, place) in entries.iter().zip(&places) {
        let start = usize::try_from(*place).expect("small") * 32;
        assert_eq!(kept[start..start + 32], entry.0, "its tile holds it where it is");
    }
    places.sort_unstable();
    assert_eq!(places, (0..30).collect::<Vec<_>>(), "without a gap");
}

pub(crate) async fn of_mails_claimed_while_their_notice_is_taken_back_those_that_left_are_corrected(store: Shared) {
    let mut world = World::new();
    for _ in 0..5 {
        let mut person = world.signed_up(&store).await;
        let change = world.credentials();
        let mut recording = world.recording(&person, What::PasswordChanged {}, change);
        recording.mails = (0..MANY).map(|_| world.mail(&recording.event)).collect();
        assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
        person.follow(&recording.event);
        let retracting = retracting(&mut world, &person, &recording);
        let pairs: Vec<_> = retracting.corrections.iter().map(|correcting| (correcting.of, correcting.mail.mail)).collect();
        let mut works = vec![None; MANY];
        works.insert(MANY / 2, Some(retracting));
        let ends = at_once(each(&store, works, |store, work| async move {
            let Some(retracting) = work else {
                if let Some(claimed) = store.claim_mail(at(9_000), at(9_100)).await.expect("read") {
                    assert_eq!(store.finish_mail(claimed.mail.mail, MailOutcome::Sent, at(9_001)).await, Ok(true));
                }
                return None;
            };
            Some(store.retract(retracting).await)
        }))
        .await;
        let reach = ends.into_iter().flatten().next().expect("one");
        let mut left = 0;
        for (mail, correction) in pairs {
            let (mail, correction) = (store.mail_state(mail).await, store.mail_state(correction).await);
            let is_sent = mail == Ok(Some(MailState::Sent));
            assert!(is_sent || mail == Ok(Some(MailState::Refused)), "{mail:?}");
            assert_eq!(correction.expect("read").is_some(), is_sent, "a correction for what left, and for nothing else");
            left += u64::from(is_sent);
        }
        assert_eq!(reach, Ok(Retracted::Done(Reach { told: left, withheld: MANY as u64 - left })));
        while let Some(claimed) = store.claim_mail(at(9_000), at(9_100)).await.expect("read") {
            assert_eq!(store.finish_mail(claimed.mail.mail, MailOutcome::Sent, at(9_001)).await, Ok(true));
        }
    }
}
