//! A crash at each point, once and again, on each kind of database: what was acknowledged is there, one database counts, and the move goes on
//! or is taken back.

use super::whole::empty_switch;
use super::world::{Kind, World, Writers, rows, run};
use crate::moving::means::Hook;
use crate::moving::{Next, Point, Stop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use truebell_store::moving::Role;

const BEFORE_THE_SWITCH: [Point; 8] = [
    Point::SourceNoted,
    Point::TargetNoted,
    Point::JournalStarted,
    Point::Carried,
    Point::Prepared,
    Point::Held,
    Point::Drained,
    Point::Ready,
];
const AFTER_THE_SWITCH: [Point; 3] = [Point::HandedOver, Point::Exchanged, Point::Live];

/// Stops at the n-th passing of a point.
fn stop_at(point: Point, nth: u32) -> Hook {
    let passed = AtomicU32::new(0);
    Arc::new(move |at| at == point && passed.fetch_add(1, Ordering::Relaxed) + 1 == nth)
}

/// A world whose move was killed at a point, with people writing until the crash.
async fn killed(kinds: (Kind, Kind), point: Point, nth: u32) -> (World, super::world::Acknowledged) {
    let (mut world, live, other) = World::ready(kinds.0, kinds.1, 3).await;
    let writers = Writers::start(world.switch.clone(), 2);
    writers.more(3).await;
    let means = super::world::means(Some(stop_at(point, nth)));
    let begun = crate::moving::Move::begin(world.switch.clone(), live, other, means, super::world::KEEP).await;
    let mut moving = match begun {
        Ok(moving) => Some(moving),
        Err(crate::moving::Refused::Killed) => None,
        Err(other) => panic!("{other}"),
    };
    // In a real crash nobody writes to the old database after its mark; here somebody would.
    let (mut writers, mut acknowledged) = (Some(writers), None);
    if point == Point::HandedOver
        && let Some(writers) = writers.take()
    {
        acknowledged = Some(writers.stop().await);
    }
    if let Some(moving) = &mut moving {
        moving.take.accounts = 8;
        assert_eq!(run(moving).await, Err(Stop::Killed), "{point:?}");
    }
    if let Some(writers) = writers {
        acknowledged = Some(writers.stop().await);
    }
    let acknowledged = acknowledged.unwrap();
    drop((moving, std::mem::replace(&mut world.switch, empty_switch())));
    (world, acknowledged)
}

async fn goes_on(kinds: (Kind, Kind), point: Point, nth: u32) {
    let (mut world, acknowledged) = killed(kinds, point, nth).await;
    let mut moving = world.after_a_crash().await.unwrap().expect("a move that was left is known");
    if AFTER_THE_SWITCH.contains(&point) {
        assert_eq!(world.switch.current().move_row().await.unwrap().unwrap().role, Role::Live, "{point:?}");
    } else {
        assert_eq!(run(&mut moving).await, Ok(Next::Switched), "{point:?} {nth}");
    }
    acknowledged.check(&*world.switch).await;
    assert_eq!(run(&mut moving).await, Ok(Next::Calm), "{point:?}");
    assert_eq!(rows(&*moving.live.store).await, rows(&*moving.other.store).await, "{point:?}");
    drop(moving);
    world.remove().await;
}

async fn is_taken_back(kinds: (Kind, Kind), point: Point) {
    let (mut world, acknowledged) = killed(kinds, point, 1).await;
    let mut moving = world.after_a_crash().await.unwrap().expect("a move that was left is known");
    moving.order_abort().await.unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Over), "{point:?}");
    let (live, other) = (moving.live.store.clone(), moving.other.store.clone());
    assert_eq!((live.move_row().await, live.journal_rows().await), (Ok(None), Ok(0)), "{point:?}: nothing is left of it");
    assert_eq!((other.move_row().await, other.is_empty().await), (Ok(None), Ok(true)), "{point:?}");
    acknowledged.check(&*world.switch).await;
    drop((moving, live, other));
    world.remove().await;
}

async fn at_every_point(kinds: (Kind, Kind)) {
    for point in BEFORE_THE_SWITCH.into_iter().chain(AFTER_THE_SWITCH) {
        goes_on(kinds, point, 1).await;
    }
    for nth in [2, 3, 5] {
        goes_on(kinds, Point::Carried, nth).await;
    }
    for point in BEFORE_THE_SWITCH {
        is_taken_back(kinds, point).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_of_memory_survives_a_crash_at_every_point() {
    at_every_point((Kind::Memory, Kind::Memory)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_of_sqlite_survives_a_crash_at_every_point() {
    at_every_point((Kind::Sqlite, Kind::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_from_sqlite_to_postgres_survives_a_crash_at_every_point() {
    at_every_point((Kind::Sqlite, Kind::Postgres)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_from_postgres_to_sqlite_survives_a_crash_at_every_point() {
    at_every_point((Kind::Postgres, Kind::Sqlite)).await;
}

#[tokio::test]
async fn an_abort_and_a_finish_that_were_killed_go_on() {
    for point in [Point::Aborting, Point::Wiped] {
        let (mut world, mut moving) = World::with_hook(Kind::Memory, Kind::Memory, 2, Some(stop_at(point, 1))).await;
        moving.step().await.unwrap();
        moving.step().await.unwrap();
        moving.order_abort().await.unwrap();
        assert_eq!(run(&mut moving).await, Err(Stop::Killed));
        drop(moving);
        let mut moving = world.after_a_crash().await.unwrap().unwrap();
        assert_eq!(run(&mut moving).await, Ok(Next::Over), "{point:?}");
        assert_eq!((moving.live.store.move_row().await, moving.other.store.is_empty().await), (Ok(None), Ok(true)));
    }
    let (mut world, mut moving) = World::with_hook(Kind::Memory, Kind::Memory, 2, Some(stop_at(Point::Finishing, 1))).await;
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
    moving.order_finish().await.unwrap();
    assert_eq!(run(&mut moving).await, Err(Stop::Killed));
    let mut moving = world.after_a_crash().await.unwrap().unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Over));
}
