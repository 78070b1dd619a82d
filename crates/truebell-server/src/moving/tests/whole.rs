//! From beginning to end: there, back, and over.

use super::world::{KEEP, Kind, World, Writers, identity, rows, run};
use crate::moving::{Move, Next, Phase};
use std::time::Duration;
use truebell_core::time::UnixMillis;
use truebell_store::moving::Role;
use truebell_store::rows::MailOutcome;
use truebell_store::{OpenError, Store, open};

async fn there_and_back(from: Kind, to: Kind) {
    let (world, mut moving) = World::new(from, to, 20).await;
    let writers = Writers::start(world.switch.clone(), 3);
    writers.more(10).await;
    assert_eq!(run(&mut moving).await, Ok(Next::Switched), "{from:?} to {to:?}");
    writers.more(30).await;
    assert_eq!(world.switch.identity().await, Ok(Some(identity())), "clients notice nothing");
    moving.order_back().unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Switched), "back");
    writers.more(10).await;
    moving.order_back().unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Switched), "and there again");
    writers.more(10).await;
    writers.stop().await.check(&*world.switch).await;
    // With nobody writing, the old one follows to the last row.
    assert_eq!(run(&mut moving).await, Ok(Next::Calm));
    assert_eq!(rows(&*moving.live.store).await, rows(&*moving.other.store).await);
    let status = moving.status().await;
    assert!(status.fence_tries >= 3 && status.move_fence_ms_max > 0.0 && status.behind == 0, "{status:?}");
    moving.order_finish().await.unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Over));
    assert_eq!(moving.live.store.move_row().await, Ok(None));
    assert_eq!(moving.other.store.move_row().await.unwrap().unwrap().role, Role::Moved);
    drop(moving);
    world.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_moved_to_memory_while_people_write() {
    there_and_back(Kind::Memory, Kind::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_moved_to_sqlite_while_people_write() {
    there_and_back(Kind::Sqlite, Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_moved_to_postgres_while_people_write() {
    there_and_back(Kind::Sqlite, Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_moved_to_sqlite_while_people_write() {
    there_and_back(Kind::Postgres, Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_moved_to_postgres_while_people_write() {
    there_and_back(Kind::Postgres, Kind::Postgres).await;
}

#[tokio::test]
async fn a_mail_claimed_before_the_switch_is_sent_at_most_once_after_it() {
    for kind in [Kind::Memory, Kind::Sqlite] {
        let (world, mut moving) = World::new(kind, kind, 1).await;
        let (now, lease) = (UnixMillis(5_000), UnixMillis(90_000));
        let mail = world.switch.claim_mail(now, lease).await.unwrap().unwrap().mail.mail;
        assert_eq!(run(&mut moving).await, Ok(Next::Switched));
        assert_eq!(world.switch.claim_mail(now, lease).await, Ok(None), "it is claimed there too");
        assert_eq!(world.switch.finish_mail(mail, MailOutcome::Sent, now).await, Ok(true));
        assert_eq!(world.switch.claim_mail(now, lease).await, Ok(None));
        drop(moving);
        world.remove().await;
    }
}

#[tokio::test]
async fn a_database_that_was_left_is_refused_and_names_the_new_one() {
    let (mut world, mut moving) = World::new(Kind::Sqlite, Kind::Sqlite, 2).await;
    let open_side = async |world: &World, side: usize| open(&world.sides[side].location).await.map(drop);
    while moving.phase() != Phase::Comparing {
        moving.step().await.unwrap();
    }
    drop((moving, std::mem::replace(&mut world.switch, empty_switch())));
    let [first, second] = [0, 1].map(|side| world.sides[side].location.to_string());
    assert_eq!(open_side(&world, 1).await, Err(OpenError::Unfinished(first.clone())));
    let mut moving = world.after_a_crash().await.unwrap().unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
    drop((moving, std::mem::replace(&mut world.switch, empty_switch())));
    assert_eq!(open_side(&world, 0).await, Err(OpenError::Moved(second)));
    assert_eq!(open_side(&world, 1).await, Ok(()));
    world.remove().await;
}

/// A switch that holds no file.
pub(super) fn empty_switch() -> std::sync::Arc<truebell_store::switch::Switch> {
    std::sync::Arc::new(truebell_store::switch::Switch::new(std::sync::Arc::new(truebell_store::memory::Memory::new())))
}

#[tokio::test]
async fn the_old_database_is_followed_for_its_time_and_no_longer() {
    let (world, live, other) = World::ready(Kind::Memory, Kind::Memory, 1).await;
    let means = super::world::means(None);
    let mut moving = Move::begin(world.switch.clone(), live, other, means.clone(), Duration::from_secs(100)).await.unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
    assert_eq!(moving.step().await, Ok(Next::Calm));
    // The clock goes on by a second with each look.
    for _ in 0..100 {
        means.clock.now();
    }
    assert_eq!(run(&mut moving).await, Ok(Next::Over));
    assert_eq!(world.switch.current().move_row().await, Ok(None));
    drop((moving, KEEP));
    world.remove().await;
}
