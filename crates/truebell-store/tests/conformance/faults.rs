//! Memory's faults keep their promises: *failed, not persisted* leaves nothing, *failed, persisted* leaves all, and repeating heals.

use crate::accounts::identity;
use crate::dumps::rows;
use crate::retractions::retracting;
use crate::world::{Shared, World, at};
use std::sync::Arc;
use truebell_core::event::What;
use truebell_store::memory::{Fault, Memory};
use truebell_store::rows::{Change, MailOutcome};
use truebell_store::{Store, StoreError};

/// Every write there is, in an order in which each goes through; the name of the method, and what it came to.
const WRITES: [&str; 13] = [
    "create_identity",
    "invite",
    "sign_up",
    "open_session",
    "start_enrolment",
    "record",
    "retract",
    "resume_mails",
    "create_vault",
    "commit",
    "put_chunk",
    "delete_attachment",
    "close_session",
];

/// Does one write. The same number gives the same write, word for word, whatever happened before.
async fn write(store: &Shared, method: &str) -> Result<String, StoreError> {
    let mut world = World::new();
    let mut person = world.person();
    let new = world.sign_up(&mut person);
    let session = world.session(person.device.device);
    let enrolment = world.enrolment(&person);
    let change = Change::ScheduleDeletion(at(9_000));
    let recording = world.recording(&person, What::DeletionScheduled { due: at(9_000) }, change);
    let (vault, first, attachment) = (world.vault(), world.new_item(), world.attachment());
    let (commit, chunk) = (world.commit(&person, vec![first]), world.chunk(&person, attachment, 0, 10));
    Ok(match method {
        "create_identity" => format!("{:?}", store.create_identity(&identity()).await?),
        "invite" => format!("{:?}", store.invite(world.digest(), at(9_000)).await?),
        "sign_up" => format!("{:?}", store.sign_up(new).await?),
        "open_session" => format!("{:?}", store.open_session(session).await?),
        "start_enrolment" => format!("{:?}", store.start_enrolment(enrolment).await?),
        "record" => format!("{:?}", store.record(recording).await?),
        "retract" => {
            person.follow(&recording.event);
            format!("{:?}", store.retract(retracting(&mut world, &person, &recording)).await?)
        }
        "resume_mails" => format!("{:?}", store.resume_mails("notice", at(5)).await?),
        "create_vault" => format!("{:?}", store.create_vault(person.account, vault, at(5)).await?),
        "commit" => format!("{:?}", store.commit(commit).await?),
        "put_chunk" => format!("{:?}", store.put_chunk(chunk, 100).await?),
        "delete_attachment" => format!("{:?}", store.delete_attachment(person.account, chunk.vault, attachment).await?),
        _ => format!("{:?}", store.close_session(person.account, session.session).await?),
    })
}

#[tokio::test]
async fn every_write_fails_both_ways_and_can_be_repeated() {
    let memory = Arc::new(Memory::new());
    let faults = memory.faults();
    let store: Shared = memory;
    for method in WRITES {
        let before = rows(&store).await;
        faults.fail_next(method, Fault::NotPersisted(StoreError::Unavailable));
        assert_eq!(write(&store, method).await, Err(StoreError::Unavailable), "{method}");
        assert_eq!(rows(&store).await, before, "{method} was not persisted");
        faults.fail_next(method, Fault::Persisted);
        assert_eq!(write(&store, method).await, Err(StoreError::Unknown), "{method}");
        let after = rows(&store).await;
        assert!(after != before || method == "create_identity", "{method} was persisted");
        assert!(write(&store, method).await.is_ok(), "{method} can be repeated");
        assert_eq!(rows(&store).await, after, "{method} once more changes nothing");
    }
}

#[tokio::test]
async fn a_later_call_fails_and_those_before_it_do_not() {
    let memory = Memory::new();
    let faults = memory.faults();
    faults.fail_call("check", 3, Fault::NotPersisted(StoreError::Full));
    let mut ends = Vec::new();
    for _ in 0..4 {
        ends.push(memory.check().await);
    }
    assert_eq!(ends, [Ok(()), Ok(()), Err(StoreError::Full), Ok(())]);
    faults.fail_all(StoreError::ReadOnly);
    assert_eq!(memory.counts(at(0)).await.map(|_| ()), Err(StoreError::ReadOnly));
    faults.heal();
    assert_eq!((memory.check().await, faults.calls("check")), (Ok(()), 5));
}

#[tokio::test]
async fn a_mail_whose_claim_was_lost_is_parked_and_not_sent_twice() {
    let memory = Arc::new(Memory::new());
    let faults = memory.faults();
    let store: Shared = memory;
    World::new().signed_up(&store).await;
    faults.fail_next("claim_mail", Fault::Persisted);
    assert_eq!(store.claim_mail(at(500), at(600)).await, Err(StoreError::Unknown));
    assert_eq!(store.claim_mail(at(601), at(700)).await, Ok(None));
    let parked = store.parked_mails(9).await.expect("read");
    assert_eq!(parked.len(), 1);
    assert_eq!(store.finish_mail(parked[0].mail.mail, MailOutcome::Sent, at(601)).await, Ok(false));
}
