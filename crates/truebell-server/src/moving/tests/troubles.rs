//! Databases that fail while a move goes on: the move waits and says why, people's writes go on, and nothing is lost.

use super::world::{Kind, World, Writers, admin, rows, run};
use crate::moving::{Next, Phase, Stop};
use std::time::Duration;
use truebell_core::hash::Hash32;
use truebell_core::time::UnixMillis;
use truebell_store::memory::Fault;
use truebell_store::{Location, Store, StoreError};

#[tokio::test]
async fn a_full_a_read_only_and_an_absent_target_are_waited_for() {
    for (error, says) in [
        (StoreError::Full, "has no room left"),
        (StoreError::ReadOnly, "cannot be written to"),
        (StoreError::Unavailable, "does not answer"),
    ] {
        let (world, mut moving) = World::new(Kind::Memory, Kind::Memory, 40).await;
        for _ in 0..2 {
            assert_eq!(moving.step().await, Ok(Next::Again));
        }
        let faults = world.sides[1].memory().faults();
        faults.fail_all(error);
        for _ in 0..3 {
            let Err(Stop::Wait(why)) = moving.step().await else { panic!("{error:?}") };
            assert!(why.contains(says), "{why}");
            assert_eq!(world.switch.invite(Hash32([7; 32]), UnixMillis(1)).await, Ok(()), "the live server goes on");
        }
        faults.heal();
        assert_eq!(run(&mut moving).await, Ok(Next::Switched));
        assert_eq!(run(&mut moving).await, Ok(Next::Calm));
        assert_eq!(rows(&*moving.live.store).await, rows(&*moving.other.store).await);
    }
}

#[tokio::test]
async fn a_target_that_somebody_writes_to_is_not_switched_to() {
    let (world, mut moving) = World::new(Kind::Memory, Kind::Memory, 3).await;
    while moving.phase() != Phase::Comparing {
        moving.step().await.unwrap();
    }
    world.sides[1].memory().invite(Hash32([66; 32]), UnixMillis(1)).await.unwrap();
    let Err(Stop::Broken(why)) = run(&mut moving).await else { panic!("it was switched to a database that differs") };
    assert!(why.contains("differ between the two databases"), "{why}");
    assert!(std::ptr::addr_eq(std::sync::Arc::as_ptr(&world.switch.current()), world.sides[0].memory()), "the old one serves");
}

#[tokio::test]
async fn every_call_of_either_database_may_fail_once_persisted_or_not() {
    let methods = [
        "put_move_row",
        "move_row",
        "start_journal",
        "read_step",
        "apply_step",
        "forget",
        "stretch_digests",
        "row_digests",
        "make_ready",
        "fence",
        "schema",
        "wipe",
    ];
    for side in 0..2 {
        for method in methods {
            for fault in [Fault::NotPersisted(StoreError::Unavailable), Fault::Persisted] {
                for nth in 1..=3 {
                    one_fault(side, method, fault, nth).await;
                }
            }
        }
    }
}

async fn one_fault(side: usize, method: &'static str, fault: Fault, nth: u32) {
    let (world, mut moving) = World::new(Kind::Memory, Kind::Memory, 3).await;
    world.sides[side].memory().faults().fail_call(method, nth, fault);
    let mut stops = 0;
    loop {
        match run(&mut moving).await {
            Ok(Next::Switched) => {
                assert_eq!(world.switch.invite(Hash32([7; 32]), UnixMillis(1)).await, Ok(()));
            }
            Ok(Next::Calm) => break,
            Err(Stop::Wait(_)) if stops < 3 => stops += 1,
            other => panic!("{side} {method} {fault:?} {nth}: {other:?}"),
        }
    }
    // One that was planned and never came fails nothing that follows.
    world.sides[side].memory().faults().heal();
    assert_eq!(rows(&*moving.live.store).await, rows(&*moving.other.store).await, "{side} {method} {fault:?} {nth}");
}

#[tokio::test]
async fn a_pause_is_kept_over_a_restart_and_ended_by_an_order() {
    let (mut world, mut moving) = World::new(Kind::Memory, Kind::Memory, 3).await;
    moving.step().await.unwrap();
    moving.pause(true).await.unwrap();
    drop(moving);
    let mut moving = world.after_a_crash().await.unwrap().unwrap();
    assert!(moving.is_held() && moving.status().await.paused);
    moving.pause(false).await.unwrap();
    assert!(!moving.is_held());
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_another_process_hold_the_fence_off_and_are_not_lost() {
    let (world, mut moving) = World::new(Kind::Postgres, Kind::Postgres, 2).await;
    while moving.phase() != Phase::Following {
        moving.step().await.unwrap();
    }
    let Location::Postgres(url) = &world.sides[0].location else { panic!("a URL") };
    let stranger = admin(url).await;
    stranger.batch_execute("BEGIN; INSERT INTO invitations VALUES ('\\x99', NULL, 5)").await.unwrap();
    for _ in 0..5 {
        assert_eq!(moving.step().await, Ok(Next::Again), "the fence is given up while a transaction is open");
        let began = tokio::time::Instant::now();
        assert_eq!(world.switch.invite(Hash32([7; 32]), UnixMillis(1)).await, Ok(()));
        assert!(began.elapsed() < Duration::from_secs(1), "nobody waits for it");
    }
    stranger.batch_execute("COMMIT").await.unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
    let there = rows(&*world.switch).await;
    assert!(there.iter().any(|(table, columns)| table == "invitations" && columns.windows(2).any(|part| part == [0x41, 0x99])));
    // And whoever has not heard is refused.
    let late = stranger.batch_execute("INSERT INTO invitations VALUES ('\\x98', NULL, 5)").await.unwrap_err();
    assert_eq!(late.code().map(|code| code.code().to_owned()), Some("TB001".into()));
    drop((stranger, moving));
    world.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_on_the_same_postgres_follows_and_its_people_notice_nothing() {
    use crate::moving::served::Follower;
    use truebell_store::switch::Switch;
    let (world, mut moving) = World::new(Kind::Postgres, Kind::Postgres, 3).await;
    // The second process: a pool and a switch of its own.
    let (elsewhere, _) = world.sides[0].open().await;
    let second = std::sync::Arc::new(Switch::new(elsewhere.store));
    second.follow_with(Box::new(Follower { key: super::world::means(None).key }));
    second.watch(true);
    let (here, there) = (Writers::start(world.switch.clone(), 2), Writers::of_numbers(second.clone(), 2..4));
    there.more(10).await;
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
    there.more(30).await;
    let (here, there) = (here.stop().await, there.stop().await);
    for acknowledged in [&here, &there] {
        acknowledged.check(&*world.switch).await;
        acknowledged.check(&*second).await;
    }
    assert_eq!(run(&mut moving).await, Ok(Next::Calm));
    assert_eq!(rows(&*moving.live.store).await, rows(&*moving.other.store).await);
    drop((moving, second));
    world.remove().await;
}
