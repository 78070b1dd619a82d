//! The move in a running server: orders, and what a process before left.

use super::world::{KEEP, Kind, Side, Writers, admin, identity, means, rows};
use crate::moving::{Desk, End, Hidden, Order, Phase, Status};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_store::moving::Role;
use truebell_store::switch::Switch;
use truebell_store::{Location, Opened, open_movable};

fn to(place: &Location) -> Order {
    let to = match place {
        Location::Sqlite(path) => format!("sqlite:{}", path.display()),
        Location::Postgres(url) => url.clone(),
    };
    Order::To { to: Hidden(to), keep_ms: u64::try_from(KEEP.as_millis()).unwrap() }
}

struct Running {
    switch: Arc<Switch>,
    desk: Desk,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(at: &Location) -> Self {
        let Opened { store, row } = open_movable(at).await.unwrap();
        if store.identity().await.unwrap().is_none() {
            store.create_identity(&identity()).await.unwrap();
            for person in 0..30 {
                crate::testing::sign_up(&*store, &mut Seeded::new(person), UnixMillis(1), &format!("{person}@example.org")).await;
            }
        }
        let switch = Arc::new(Switch::new(store.clone()));
        let (desk, work) = Desk::new(switch.clone(), End::new(at, store), row, means(None));
        Self { switch, desk, task: tokio::spawn(work) }
    }

    async fn until(&self, what: impl Fn(&Status) -> bool) -> Status {
        for _ in 0..2_000 {
            if let Ok(Some(status)) = self.desk.order(Order::Status).await
                && what(&status)
            {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never came: {:?}", self.desk.order(Order::Status).await);
    }

    async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn places() -> (tempfile::TempDir, [Location; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let places = ["one.db", "two.db"].map(|name| Location::Sqlite(folder.path().join(name)));
    (folder, places)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_moves_pauses_goes_on_switches_goes_back_and_finishes() {
    let (_folder, [one, two]) = places();
    let server = Running::start(&one).await;
    assert_eq!(server.desk.order(Order::Status).await, Ok(None));
    let writers = Writers::start(server.switch.clone(), 2);
    let begun = server.desk.order(to(&two)).await.unwrap().unwrap();
    assert_eq!((begun.accounts_total >= 30, begun.from, begun.to), (true, one.to_string(), two.to_string()));
    assert!(server.desk.order(to(&two)).await.unwrap_err().contains("under way"));
    let paused = server.desk.order(Order::Pause).await.unwrap().unwrap();
    assert!(paused.paused && paused.phase != Phase::Kept);
    tokio::time::sleep(Duration::from_millis(60)).await;
    let still = server.desk.order(Order::Status).await.unwrap().unwrap();
    assert_eq!((still.phase, still.accounts_copied), (paused.phase, paused.accounts_copied), "paused is paused");
    server.desk.order(Order::Resume).await.unwrap();
    let kept = server.until(|status| status.phase == Phase::Kept).await;
    assert!(kept.serving == two.to_string() && kept.move_fence_ms_max > 0.0 && kept.kept_until.is_some(), "{kept:?}");
    server.desk.order(Order::Back).await.unwrap();
    let back = server.until(|status| status.serving == one.to_string()).await;
    assert_eq!((back.from, back.to), (one.to_string(), two.to_string()), "it is the same move still");
    server.desk.order(Order::Finish).await.unwrap();
    while server.desk.order(Order::Status).await != Ok(None) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    writers.stop().await.check(&*server.switch).await;
    server.stop().await;
    let opened = open_movable(&one).await.unwrap();
    assert_eq!(opened.row, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_goes_on_with_what_was_left() {
    let (_folder, [one, two]) = places();
    let server = Running::start(&one).await;
    server.desk.order(to(&two)).await.unwrap();
    server.desk.order(Order::Pause).await.unwrap();
    server.stop().await;
    let server = Running::start(&one).await;
    server.until(|status| status.paused).await;
    server.desk.order(Order::Resume).await.unwrap();
    server.until(|status| status.phase == Phase::Kept).await;
    let all = rows(&*server.switch).await;
    server.stop().await;
    assert_eq!(open_movable(&one).await.unwrap().row.unwrap().role, Role::Moved);
    let server = Running::start(&two).await;
    server.until(|status| status.phase == Phase::Kept).await;
    assert_eq!(rows(&*server.switch).await, all);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_leaves_nothing_and_a_target_that_cannot_be_opened_is_said() {
    let (folder, [one, two]) = places();
    let server = Running::start(&one).await;
    for (place, says) in [
        (format!("sqlite:{}/nowhere/x.db", folder.path().display()), "cannot be opened"),
        (one.to_string(), "is the database this server uses now"),
        ("postgres://nobody@127.0.0.1:1/x".into(), "does not answer"),
    ] {
        let refused = server.desk.order(to(&place.parse().unwrap())).await.unwrap_err();
        assert!(refused.contains(says), "{refused}");
    }
    server.desk.order(to(&two)).await.unwrap();
    server.desk.order(Order::Pause).await.unwrap();
    server.desk.order(Order::Abort).await.unwrap();
    while server.desk.order(Order::Status).await != Ok(None) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.switch.current().move_row().await, Ok(None));
    assert!(server.desk.order(Order::Pause).await.unwrap_err().contains("no move is under way"));
    assert!(open_movable(&two).await.unwrap().store.is_empty().await.unwrap());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_works_when_the_target_is_gone_for_good() {
    let (_folder, [one, two]) = places();
    let server = Running::start(&one).await;
    server.desk.order(to(&two)).await.unwrap();
    server.desk.order(Order::Pause).await.unwrap();
    server.stop().await;
    let Location::Sqlite(path) = &two else { panic!("a file") };
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    std::fs::write(path, "no database at all, but long enough to be read as one; its header is wrong from the first byte on").unwrap();
    let server = Running::start(&one).await;
    server.until(|status| status.waiting.as_ref().is_some_and(|why| why.contains("damaged") || why.contains("another program"))).await;
    server.desk.order(Order::Abort).await.unwrap();
    assert_eq!(server.switch.current().move_row().await, Ok(None));
    server.stop().await;
}

/// Every table with its columns, and the steps that were taken.
async fn shape_of(at: &Location) -> Vec<String> {
    let Location::Postgres(url) = at else { panic!("a URL") };
    let there = admin(url).await;
    let columns = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1";
    let mut shape: Vec<String> = there.query(columns, &[]).await.unwrap().iter().map(|row| row.try_get(0).unwrap()).collect();
    if shape.iter().any(|column| column == "migrations.number") {
        let steps = there.query("SELECT number FROM migrations ORDER BY 1", &[]).await.unwrap();
        shape.extend(steps.iter().map(|row| row.try_get::<_, i64>(0).unwrap().to_string()));
    }
    shape
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_refused_is_left_as_it_was_its_schema_too() {
    const OURS: &str = "an empty database of ours";
    let (_folder, [one, _]) = places();
    let server = Running::start(&one).await;
    for (spoilt, is_ours, says) in [
        ("CREATE TABLE orders (id bigint)", false, "belongs to another program"),
        ("DROP TABLE moves; DROP TABLE move_journal; DELETE FROM migrations WHERE number > 5", true, "of an older Truebell"),
        ("INSERT INTO migrations SELECT max(number) + 1, 'x', '\\x00', max(number) + 1 FROM migrations", true, "by a newer Truebell"),
        (
            "INSERT INTO identity VALUES (1, '\\x63636363636363636363636363636363', decode(repeat('02', 32), 'hex'), decode(repeat('03', 16), 'hex'), 0, 0)",
            true,
            "belongs to another server",
        ),
        ("INSERT INTO invitations VALUES ('\\x99', NULL, 5)", true, "is not empty"),
        (
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
            false,
            "cannot be written to",
        ),
    ] {
        let side = Side::new(Kind::Postgres).await;
        if is_ours {
            drop(open_movable(&side.location).await.expect(OURS));
        }
        let Location::Postgres(url) = &side.location else { panic!("a URL") };
        admin(url).await.batch_execute(spoilt).await.unwrap();
        let before = shape_of(&side.location).await;
        let refused = server.desk.order(to(&side.location)).await.unwrap_err();
        assert!(refused.contains(says) && refused.contains("nothing was changed"), "{spoilt}: {refused}");
        assert_eq!(shape_of(&side.location).await, before, "{spoilt}");
        assert_eq!(server.switch.current().move_row().await, Ok(None), "{spoilt}");
        side.remove().await;
    }
    server.stop().await;
}
