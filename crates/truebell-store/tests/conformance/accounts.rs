//! The database itself, accounts, and what is counted and swept.

use crate::dumps::rows;
use crate::world::{Shared, World, at, digest};
use truebell_core::event::What;
use truebell_core::ids::{AccountId, ServerId};
use truebell_core::sign::PublicKey;
use truebell_core::wire::sync::Have;
use truebell_store::StoreError;
use truebell_store::rows::{Change, Counts, Identity, MailOutcome, SignedUp};

pub(crate) fn identity() -> Identity {
    Identity { server: ServerId([1; 16]), key: PublicKey([2; 32]), generation: [3; 16], restore_epoch: 7, created: at(9) }
}

pub(crate) async fn an_identity_is_written_once(store: Shared) {
    assert_eq!(store.identity().await, Ok(None));
    assert_eq!(store.create_identity(&identity()).await, Ok(()));
    assert_eq!(store.create_identity(&identity()).await, Ok(()), "the same once more");
    let other = Identity { generation: [4; 16], ..identity() };
    assert!(matches!(store.create_identity(&other).await, Err(StoreError::Damaged(_))));
    assert_eq!(store.identity().await, Ok(Some(identity())));
}

pub(crate) async fn a_store_that_works_passes_its_check(store: Shared) {
    assert_eq!(store.check().await, Ok(()));
    assert_eq!(store.check().await, Ok(()), "the first left nothing");
}

pub(crate) async fn sign_up_creates_all_an_account_starts_with(store: Shared) {
    let mut world = World::new();
    let mut person = world.person();
    let new = world.sign_up(&mut person);
    assert_eq!(store.account_by_address(&new.email_key).await, Ok(None));
    assert_eq!(store.sign_up(new.clone()).await, Ok(SignedUp::Created));

    assert_eq!(store.account_by_address(&new.email_key).await, Ok(Some(person.account)));
    let account = store.account(person.account).await.expect("read").expect("there");
    assert_eq!((account.signing, &account.kem, &account.opaque), (new.signing, &new.kem, &new.opaque));
    assert_eq!((account.chain, account.totp, account.totp_step), (person.chain, None, 0));
    let record = account.record;
    assert_eq!((record.number, record.email.as_str(), record.epoch), (1, new.email.as_str(), 1));
    assert_eq!((record.keyset, record.second_factors, record.deletion_due), (new.keyset, vec![], None));
    let device = store.device(new.device.device).await.expect("read").expect("there");
    assert_eq!((device.account, device.revoked, device.seen), (person.account, None, new.session.opened));
    assert_eq!(device.device, new.device);
    let session = store.session(new.session.token).await.expect("read").expect("there");
    assert_eq!((session.session, session.device, session.expires), (new.session.session, new.device.device, new.session.expires));
    let changes = store.changes(person.account, &Have::default()).await.expect("read").expect("there");
    assert_eq!(changes.events, std::slice::from_ref(&new.event.set));
    assert_eq!(changes.vaults.len(), 1);
    assert_eq!(store.claim_mail(at(500), at(600)).await.map(|mail| mail.map(|mail| mail.mail)), Ok(new.mails.into_iter().next()));
}

pub(crate) async fn a_sign_up_repeated_opens_the_session_and_changes_nothing(store: Shared) {
    let mut world = World::new();
    let mut person = world.person();
    let mut new = world.sign_up(&mut person);
    assert_eq!(store.sign_up(new.clone()).await, Ok(SignedUp::Created));
    let before = store.account(person.account).await;
    assert_eq!(store.sign_up(new.clone()).await, Ok(SignedUp::Repeated), "word for word");
    new.session = world.session(person.device.device);
    new.opaque = vec![9];
    assert_eq!(store.sign_up(new.clone()).await, Ok(SignedUp::Repeated), "with another session");
    assert_eq!(store.account(person.account).await, before);
    assert!(store.session(new.session.token).await.expect("read").is_some());
    assert_eq!(store.counts(at(0)).await.map(|counts| (counts.accounts, counts.sessions, counts.mails_queued)), Ok((1, 2, 1)));
}

pub(crate) async fn a_taken_address_account_device_or_vault_refuses_a_sign_up(store: Shared) {
    let mut world = World::new();
    let ada = world.signed_up(&store).await;
    let before = rows(&store).await;
    let mut eve = world.person();
    let new = world.sign_up(&mut eve);
    let mut by_address = new.clone();
    by_address.email_key = ada.email.to_lowercase();
    let mut by_account = new.clone();
    by_account.account = ada.account;
    let mut by_key = by_account.clone();
    (by_key.device, by_key.signing) = (ada.device.clone(), PublicKey(digest(99).0));
    let mut by_device = new.clone();
    by_device.device.device = ada.device.device;
    let mut by_vault = new.clone();
    by_vault.vault.vault = ada.vault.new.vault;
    let mut by_token = new.clone();
    by_token.session.token = ada.session.token;
    let cases = [
        ("address", by_address, SignedUp::AddressTaken),
        ("account", by_account, SignedUp::AccountTaken),
        ("account with its device but another key", by_key, SignedUp::AccountTaken),
        ("device", by_device, SignedUp::AccountTaken),
        ("vault", by_vault, SignedUp::AccountTaken),
        ("token", by_token, SignedUp::AccountTaken),
    ];
    for (what, new, expected) in cases {
        assert_eq!(store.sign_up(new).await, Ok(expected), "{what}");
    }
    assert_eq!(rows(&store).await, before);
    assert_eq!(store.sign_up(new).await, Ok(SignedUp::Created));
}

pub(crate) async fn an_invitation_is_good_once_and_in_time(store: Shared) {
    let mut world = World::new();
    let (good, over) = (world.digest(), world.digest());
    store.invite(good, at(1_000)).await.expect("written");
    store.invite(over, at(2)).await.expect("written");
    for (what, invitation, expected) in [
        ("unknown", world.digest(), SignedUp::BadInvitation),
        ("over", over, SignedUp::BadInvitation),
        ("good", good, SignedUp::Created),
        ("used", good, SignedUp::BadInvitation),
    ] {
        let mut person = world.person();
        let mut new = world.sign_up(&mut person);
        new.invitation = Some(invitation);
        assert_eq!(store.sign_up(new.clone()).await, Ok(expected), "{what}");
        let again = if expected == SignedUp::Created { SignedUp::Repeated } else { expected };
        assert_eq!(store.sign_up(new).await, Ok(again), "{what}, once more");
    }
    store.invite(good, at(9_999)).await.expect("written");
    let mut person = world.person();
    let mut new = world.sign_up(&mut person);
    new.invitation = Some(good);
    assert_eq!(store.sign_up(new).await, Ok(SignedUp::BadInvitation), "inviting again does not make it unused");
}

pub(crate) async fn a_deletion_waits_for_its_time_and_leaves_only_mails_on_their_way(store: Shared) {
    let mut world = World::new();
    let mut ada = world.signed_up(&store).await;
    let bob = world.signed_up(&store).await;
    let attachment = world.attachment();
    store.put_chunk(world.chunk(&ada, attachment, 0, 10), 100).await.expect("written");
    let item = world.item();
    let first = world.first(item);
    world.committed(&store, &mut ada, vec![first]).await;
    store.start_enrolment(world.enrolment(&ada)).await.expect("written");
    let sent = store.claim_mail(at(900), at(950)).await.expect("read").expect("ada's first");
    assert_eq!(store.finish_mail(sent.mail.mail, MailOutcome::Sent, at(900)).await, Ok(true));
    let due = at(5_000);
    world.done(&store, &mut ada, What::DeletionScheduled { due }, Change::ScheduleDeletion(due)).await;

    assert_eq!(store.due_deletions(at(4_999), 10).await, Ok(vec![]));
    assert_eq!(store.delete_account(ada.account, at(4_999)).await, Ok(false));
    assert_eq!(store.delete_account(bob.account, at(9_999)).await, Ok(false));
    assert_eq!(store.due_deletions(at(5_000), 10).await, Ok(vec![ada.account]));
    assert_eq!(store.due_deletions(at(5_000), 0).await, Ok(vec![]));
    assert_eq!(store.delete_account(ada.account, at(5_000)).await, Ok(true));
    assert_eq!(store.delete_account(ada.account, at(5_000)).await, Ok(false));

    assert_eq!(store.account(ada.account).await, Ok(None));
    assert_eq!(store.session(ada.session.token).await, Ok(None));
    assert_eq!(store.device(ada.device.device).await, Ok(None));
    assert_eq!(store.dropped_since(ada.vault.new.vault, 0).await, Ok(true));
    let left: Vec<_> = rows(&store).await.into_iter().filter(|(_, columns)| holds(columns, ada.account)).collect();
    assert_eq!(left.iter().map(|(table, _)| table.as_str()).collect::<Vec<_>>(), ["mails"], "the notice of the deletion");
    assert!(store.account(bob.account).await.expect("read").is_some());
    let mut again = world.person();
    again.email = ada.email;
    let new = world.sign_up(&mut again);
    assert_eq!(store.sign_up(new).await, Ok(SignedUp::Created), "the address is free");
}

fn holds(columns: &[u8], account: AccountId) -> bool {
    columns.windows(16).any(|window| window == account.0)
}

pub(crate) async fn sweeping_forgets_what_was_over_and_nothing_else(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let mut session = world.session(person.device.device);
    session.expires = at(700);
    assert_eq!(store.open_session(session.clone()).await, Ok(true));
    let mut enrolment = world.enrolment(&person);
    enrolment.expires = at(700);
    store.start_enrolment(enrolment.clone()).await.expect("written");
    store.invite(world.digest(), at(700)).await.expect("written");
    let mail = store.claim_mail(at(600), at(650)).await.expect("read").expect("the first").mail;
    store.finish_mail(mail.mail, MailOutcome::Refused, at(700)).await.expect("written");

    assert_eq!(store.sweep(at(700)).await, Ok(0), "over at that time is not over before it");
    assert_eq!(store.session(session.token).await.map(|found| found.is_some()), Ok(true));
    assert_eq!(store.sweep(at(701)).await, Ok(5), "session, enrolment, sign-in, invitation, and what was in the mail");
    assert_eq!(store.session(session.token).await, Ok(None));
    assert_eq!(store.enrolment(enrolment.token).await, Ok(None));
    assert_eq!(store.session(person.session.token).await.map(|found| found.is_some()), Ok(true));
    assert_eq!(store.sweep(at(701)).await, Ok(0));
}

pub(crate) async fn counts_leave_out_what_is_over(store: Shared) {
    let mut world = World::new();
    assert_eq!(store.counts(at(0)).await, Ok(Counts::default()));
    let _ada = world.signed_up(&store).await;
    let bob = world.signed_up(&store).await;
    let mut session = world.session(bob.device.device);
    session.expires = at(700);
    store.open_session(session).await.expect("written");
    let mail = store.claim_mail(at(600), at(650)).await.expect("read").expect("one").mail;
    store.finish_mail(mail.mail, MailOutcome::Unknown, at(600)).await.expect("written");
    assert_eq!(store.counts(at(699)).await, Ok(Counts { accounts: 2, sessions: 3, mails_queued: 1, mails_parked: 1 }));
    assert_eq!(store.counts(at(700)).await.map(|counts| counts.sessions), Ok(2));
}
