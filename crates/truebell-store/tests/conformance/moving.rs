//! Moves: after every step the target is the copied part of the source, whatever happens to the source, from each store to each.

use crate::accounts::identity;
use crate::dumps::rows;
use crate::model::{Step, Story, step};
use crate::stores::{ALL, Kind, Place};
use crate::world::at;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use std::time::Duration;
use truebell_store::StoreError;
use truebell_store::moving::{Ask, Compare, Cursor, MoveRow, Role, Take, carry};

fn row(role: Role) -> MoveRow {
    MoveRow { role, id: [7; 16], place: "elsewhere".into(), cursor: Cursor::Start, step: 0, state: "{}".into() }
}

/// A move's two ends, begun.
async fn begin(from: Kind, to: Kind) -> (Place, Place) {
    let (source, target) = (Place::new(from).await, Place::new(to).await);
    source.store.create_identity(&identity()).await.expect("written");
    source.movable.put_move_row(Some(&row(Role::Source))).await.expect("written");
    target.movable.put_move_row(Some(&row(Role::Target))).await.expect("written");
    (source, target)
}

async fn step_on(source: &Place, target: &Place, cursor: &mut Cursor, compare: Compare) -> Result<u64, TestCaseError> {
    let step = target.movable.move_row().await.expect("read").expect("a target").step;
    let take = Some(Take { accounts: 1, rows: 2 });
    let ask = Ask { covered: cursor.clone(), step, take, compare, check_rows: 10_000, keeps_journal: false };
    let carried = carry(&*source.movable, &*target.movable, &ask).await;
    let carried = carried.map_err(|error| TestCaseError::fail(format!("a step from {cursor}: {error}")))?;
    prop_assert!(carried.rows_checked);
    prop_assert_eq!(carried.differing, 0, "at {}", cursor);
    let noted = target.movable.move_row().await.expect("read").expect("a target").cursor;
    prop_assert_eq!(&noted, &carried.cursor, "the place is committed with the rows");
    *cursor = carried.cursor;
    Ok(carried.tail)
}

/// Tells a story to a source, with a step of the move after each few words.
async fn moved(from: Kind, to: Kind, before: &[Step], during: &[Step]) -> Result<(), TestCaseError> {
    let (source, target) = begin(from, to).await;
    let mut story = Story::default();
    for step in before {
        story.tell(&source.store, step).await;
    }
    source.movable.start_journal().await.expect("triggers");
    let mut cursor = Cursor::Start;
    for step in during {
        story.tell(&source.store, step).await;
        step_on(&source, &target, &mut cursor, Compare::Nothing).await?;
    }
    while cursor != Cursor::End {
        step_on(&source, &target, &mut cursor, Compare::Nothing).await?;
    }
    for step in during.iter().rev().take(5) {
        story.tell(&source.store, step).await;
    }
    let everything = Take { accounts: 1_000, rows: 1_000 };
    step_on(&source, &target, &mut cursor, Compare::Next(Cursor::Start, everything)).await?;
    prop_assert_eq!(source.movable.journal_rows().await, Ok(0));
    prop_assert_eq!(rows(&target.store).await, rows(&source.store).await, "{:?} to {:?}", from, to);
    source.remove().await;
    target.remove().await;
    Ok(())
}

fn stories(cases: u32, from: Kind, to: Kind) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let told = (proptest::collection::vec(step(), 1..30), proptest::collection::vec(step(), 1..30));
    runner.run(&told, |(before, during)| runtime.block_on(moved(from, to, &before, &during))).expect("the same rows");
}

#[test]
fn whatever_happens_while_memory_is_moved_to_memory_arrives() {
    stories(24, Kind::Memory, Kind::Memory);
}

#[test]
fn whatever_happens_while_sqlite_is_moved_to_sqlite_arrives() {
    stories(12, Kind::Sqlite, Kind::Sqlite);
}

#[test]
fn whatever_happens_while_sqlite_is_moved_to_postgres_arrives() {
    stories(8, Kind::Sqlite, Kind::Postgres);
}

#[test]
fn whatever_happens_while_postgres_is_moved_to_sqlite_arrives() {
    stories(8, Kind::Postgres, Kind::Sqlite);
}

#[test]
fn whatever_happens_while_postgres_is_moved_to_postgres_arrives() {
    stories(6, Kind::Postgres, Kind::Postgres);
}

#[test]
fn an_account_that_is_deleted_in_the_middle_of_a_move_leaves_nothing_behind() {
    on_each(|kind| async move {
        let before = [Step::SignUp, Step::Commit(0, vec![], false, false), Step::Deletion(0, false)];
        moved(kind, kind, &before, &[Step::Subject(0, false), Step::Delete(2, 3)]).await.expect("the same rows");
    });
}

fn on_each<F: Future<Output = ()>>(case: impl Fn(Kind) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for kind in ALL {
            case(kind).await;
        }
    });
}

#[test]
fn two_addresses_that_change_hands_within_one_step_arrive() {
    use truebell_core::event::What;
    use truebell_store::rows::Change;
    on_each(|kind| async move {
        let (source, target) = begin(Kind::Memory, kind).await;
        source.movable.start_journal().await.expect("noted");
        let mut world = crate::world::World::new();
        let (mut ada, mut bob) = (world.signed_up(&source.store).await, world.signed_up(&source.store).await);
        let mut cursor = Cursor::Start;
        while cursor != Cursor::End {
            step_on(&source, &target, &mut cursor, Compare::Nothing).await.expect("a step");
        }
        let change = |email: &str| Change::Address { email: email.into(), email_key: email.to_lowercase() };
        let what = || What::AddressChanged { from_masked: "a".into(), to_masked: "b".into() };
        let (hers, his) = (ada.email.clone(), bob.email.clone());
        world.done(&source.store, &mut ada, what(), change("between@example.org")).await;
        world.done(&source.store, &mut bob, what(), change(&hers)).await;
        world.done(&source.store, &mut ada, what(), change(&his)).await;
        step_on(&source, &target, &mut cursor, Compare::Accounts(vec![ada.account, bob.account])).await.expect("the step fits");
        assert_eq!(rows(&target.store).await, rows(&source.store).await, "{kind:?}");
        source.remove().await;
        target.remove().await;
    });
}

#[test]
fn a_signal_that_is_under_way_during_a_move_is_settled_where_the_stream_is_then() {
    use crate::signals::{change_password, claim, pushed_to};
    use truebell_store::signals::Pushed;
    on_each(|kind| async move {
        let (source, target) = begin(kind, kind).await;
        source.movable.start_journal().await.expect("noted");
        let mut world = crate::world::World::new();
        pushed_to(&source.store, &mut world, "siem").await;
        let mut ada = world.signed_up(&source.store).await;
        let taken = claim(&source.store, 500, 600).await.expect("the first");
        let mut cursor = Cursor::Start;
        while cursor != Cursor::End {
            step_on(&source, &target, &mut cursor, Compare::Nothing).await.expect("a step");
        }
        assert_eq!(source.store.finish_signal(&taken, &Pushed::Taken, at(501)).await, Ok(true));
        change_password(&source.store, &mut world, &mut ada).await;
        let under_way = claim(&source.store, 502, 600).await.expect("the second");
        step_on(&source, &target, &mut cursor, Compare::Nothing).await.expect("the last step");
        assert_eq!(rows(&target.store).await, rows(&source.store).await, "{kind:?}");
        assert_eq!(claim(&target.store, 503, 600).await, None, "its lease came along");
        assert_eq!(target.store.finish_signal(&under_way, &Pushed::Taken, at(504)).await, Ok(true));
        assert_eq!(claim(&target.store, 601, 700).await, None, "nothing is sent twice");
        source.remove().await;
        target.remove().await;
    });
}

#[test]
fn a_difference_is_found_in_an_account_and_in_a_row_of_nobodys() {
    on_each(|kind| async move {
        let (source, target) = begin(Kind::Memory, kind).await;
        source.movable.start_journal().await.expect("noted");
        let mut world = crate::world::World::new();
        let ada = world.signed_up(&source.store).await;
        let mut cursor = Cursor::Start;
        while cursor != Cursor::End {
            step_on(&source, &target, &mut cursor, Compare::Nothing).await.expect("a step");
        }
        // Somebody else writes to the target: a session, and a mail's state.
        assert_eq!(target.store.close_session(ada.account, ada.session.session).await, Ok(true));
        let next = async |cursor: Cursor| {
            let take = Take { accounts: 10, rows: 10 };
            let step = target.movable.move_row().await.expect("read").expect("a target").step;
            let compare = Compare::Next(cursor, take);
            let ask = Ask { covered: Cursor::End, step, take: None, compare, check_rows: 10, keeps_journal: false };
            carry(&*source.movable, &*target.movable, &ask).await.expect("a step")
        };
        assert_eq!(next(Cursor::Start).await.differing, 1, "{kind:?}: the account");
        assert!(target.store.claim_mail(at(9_000), at(9_500)).await.expect("written").is_some());
        assert_eq!(next(Cursor::Start).await.differing, 1);
        assert_eq!(next(Cursor::Table("mails".into(), None)).await.differing, 1);
        source.remove().await;
        target.remove().await;
    });
}

#[test]
fn what_the_mover_writes_is_not_noted_and_what_others_write_is() {
    on_each(|kind| async move {
        let (source, target) = begin(Kind::Memory, kind).await;
        let mut world = crate::world::World::new();
        let ada = world.signed_up(&source.store).await;
        source.movable.start_journal().await.expect("noted");
        target.movable.start_journal().await.expect("noted");
        let mut cursor = Cursor::Start;
        while cursor != Cursor::End {
            step_on(&source, &target, &mut cursor, Compare::Nothing).await.expect("a step");
        }
        assert_eq!(target.movable.journal_rows().await, Ok(0), "{kind:?}");
        target.store.open_session(world.session(ada.device.device)).await.expect("written");
        assert_eq!(target.movable.journal_rows().await, Ok(2), "{kind:?}: the session, and the device that was seen");
        target.movable.stop_journal().await.expect("no triggers");
        target.store.open_session(world.session(ada.device.device)).await.expect("written");
        assert_eq!(target.movable.journal_rows().await, Ok(0), "{kind:?}");
        source.remove().await;
        target.remove().await;
    });
}

#[test]
fn a_database_says_its_part_and_only_a_wiped_one_is_empty_again() {
    on_each(|kind| async move {
        let place = Place::new(kind).await;
        assert_eq!((place.movable.is_empty().await, place.movable.move_row().await), (Ok(true), Ok(None)));
        place.movable.put_move_row(Some(&row(Role::Target))).await.expect("written");
        assert_eq!(place.movable.is_empty().await, Ok(true), "its part is not its content");
        place.movable.make_ready(&identity(), &row(Role::Ready)).await.expect("written");
        assert_eq!(place.movable.move_row().await, Ok(Some(row(Role::Ready))));
        assert_eq!((place.store.identity().await, place.movable.is_empty().await), (Ok(Some(identity())), Ok(false)));
        let fence = place.movable.fence(Duration::from_millis(500)).await.expect("held").expect("nobody writes");
        fence.hand_over(&row(Role::Moved)).await.expect("written");
        assert_eq!(place.movable.move_row().await.map(|row| row.map(|row| row.role)), Ok(Some(Role::Moved)));
        place.movable.wipe().await.expect("written");
        assert_eq!((place.movable.is_empty().await, place.movable.move_row().await), (Ok(true), Ok(None)), "{kind:?}");
        place.remove().await;
    });
}

#[test]
fn a_step_for_a_database_without_a_part_is_refused() {
    on_each(|kind| async move {
        let (source, target) = begin(Kind::Memory, kind).await;
        target.movable.put_move_row(None).await.expect("written");
        let ask = Ask { covered: Cursor::Start, step: 0, take: None, compare: Compare::Nothing, check_rows: 0, keeps_journal: false };
        let refused =
            carry(&*source.movable, &*target.movable, &ask).await.map(|_| ()).map_err(truebell_store::moving::CarryError::store_error);
        assert_eq!(refused, Err(StoreError::Damaged("a target that does not know of the move, or of another step")), "{kind:?}");
        source.remove().await;
        target.remove().await;
    });
}

#[test]
fn of_two_movers_the_later_one_is_refused() {
    on_each(|kind| async move {
        let (source, target) = begin(Kind::Memory, kind).await;
        source.movable.start_journal().await.expect("noted");
        let ask = |step| Ask { covered: Cursor::Start, step, take: None, compare: Compare::Nothing, check_rows: 0, keeps_journal: false };
        let one = async |step| {
            carry(&*source.movable, &*target.movable, &ask(step)).await.map(drop).map_err(truebell_store::moving::CarryError::store_error)
        };
        assert_eq!(one(0).await, Ok(()), "{kind:?}");
        let late = Err(StoreError::Damaged("a target that does not know of the move, or of another step"));
        assert_eq!(one(0).await, late, "{kind:?}: it does not know of the first one's step");
        assert_eq!(one(1).await, Ok(()), "{kind:?}");
        source.remove().await;
        target.remove().await;
    });
}
