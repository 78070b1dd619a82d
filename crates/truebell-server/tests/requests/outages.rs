//! What an operator and a mail's reader see while the store fails.

use super::world::World;
use truebell_core::status::{Said, Scope};
use truebell_server::status::say;

#[tokio::test]
async fn ready_says_why_not_and_alive_stays_alive() {
    let world = World::new().await;
    world.faults.fail_all(truebell_store::StoreError::ReadOnly);
    let (status, text) = world.page("/readyz").await;
    assert_eq!(status, 503);
    insta::assert_snapshot!(text, @r#"{"ready":false,"parts":[{"part":"store","ready":false,"reason":"the database cannot be written to: reading goes on, writing does not"},{"part":"key","ready":true,"reason":"the signing key is the database's"},{"part":"mail","ready":true,"reason":"the relay took the last mail"}]}"#);
    assert_eq!(world.page("/healthz").await, (200, "alive\n".to_owned()));
    let metrics = world.metrics.render(&world.app).await;
    assert!(metrics.contains("truebell_store_up 0"), "{metrics}");
}

#[tokio::test]
async fn the_page_of_a_mails_link_says_nothing_when_the_store_says_nothing() {
    let world = World::new().await;
    world.faults.fail_all(truebell_store::StoreError::Unavailable);
    let (status, page) = world.page("/notice/00000-00000").await;
    assert!(status == 503 && !page.contains("Never sent") && !page.contains("Genuine"), "an error is not evidence: {page}");
}

#[tokio::test]
async fn what_the_operator_says_while_the_store_is_away_holds_here_at_once_and_is_stored_afterwards() {
    let world = World::new().await;
    let (start, end) = (world.now(), world.now() + std::time::Duration::from_hours(1));
    let said = Said::MaintenanceAnnounced { start, end, note: "The database is being replaced.".into(), scope: Scope::Writes };
    world.faults.fail_all(truebell_store::StoreError::Unavailable);
    let (of, is_stored) = say(&world.app, said).await;
    assert!(!is_stored);
    say(&world.app, Said::MaintenanceBegun { of: of.clone(), end }).await;
    assert_eq!(world.post("/v1/vaults", &()).send().await.word(), "maintenance", "not busy: it is known why");
    world.faults.heal();
    assert_eq!(world.store.status_entries(0).await, Ok(None));
    let (_, is_stored) = say(&world.app, Said::MaintenanceEnded { of }).await;
    assert!(is_stored);
    assert_eq!(world.store.status_entries(0).await.map(|entries| entries.map(|entries| entries.len())), Ok(Some(3)));
    assert_eq!(world.post("/v1/vaults", &()).send().await.word(), "no-session");
}
