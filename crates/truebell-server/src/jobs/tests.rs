//! The jobs over a store in memory, at times the test chooses.

use super::*;
use truebell_core::hash::Hash32;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_store::Store;
use truebell_store::memory::{Fault, Memory};

const AT: UnixMillis = UnixMillis(1_795_415_000_000);
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn the_sweep_forgets_a_session_a_week_after_its_end_and_not_before() {
    let store = Memory::new();
    let account = crate::testing::sign_up(&store, &mut Seeded::new(1), AT, "ada@example.org").await;
    store.invite(Hash32([1; 32]), AT + DAY).await.unwrap();
    assert_eq!(sweep(&store, AT + DAY * 6).await, Ok(0));
    assert_eq!(store.sessions(account, AT).await.unwrap().len(), 1);
    assert!(sweep(&store, AT + DAY * 30).await.unwrap() >= 2);
    assert_eq!(store.sessions(account, AT).await.unwrap(), []);
    assert!(store.account(account).await.unwrap().is_some(), "the account stays");
}

#[tokio::test]
async fn no_account_is_deleted_that_nobody_asked_to_delete() {
    let store = Memory::new();
    let account = crate::testing::sign_up(&store, &mut Seeded::new(1), AT, "ada@example.org").await;
    assert_eq!(delete_due(&store, AT + DAY * 10_000).await, Ok(0));
    assert!(store.account(account).await.unwrap().is_some());
}

#[tokio::test]
async fn an_account_is_deleted_when_it_is_due_and_not_before() {
    let store = Memory::new();
    let account = crate::testing::sign_up(&store, &mut Seeded::new(1), AT, "ada@example.org").await;
    crate::testing::schedule_deletion(&store, account, AT, AT + DAY * 14).await;
    assert_eq!(delete_due(&store, AT + DAY * 13).await, Ok(0));
    assert_eq!(delete_due(&store, AT + DAY * 14).await, Ok(1));
    assert_eq!(store.account(account).await, Ok(None));
}

#[tokio::test]
async fn a_job_goes_on_after_the_store_failed_it_and_ends_when_told() {
    const MOMENT: Duration = Duration::from_millis(1);
    let store = Arc::new(Memory::new());
    store.faults().fail_next("sweep", Fault::NotPersisted(StoreError::Unavailable));
    let (stop, stopped) = watch::channel(false);
    let swept = store.clone();
    let job = tokio::spawn(repeat("sweep", (MOMENT, MOMENT), stopped, async move || sweep(&*swept, AT).await.map(drop)));
    while store.faults().calls("sweep") < 3 {
        tokio::time::sleep(MOMENT).await;
    }
    stop.send(true).unwrap();
    job.await.unwrap();
}
