//! What a move is not begun to, each in one sentence, and nothing is changed in the database that serves.

use super::world::{KEEP, Kind, World, identity, means, rows, run};
use crate::moving::{End, Move, Next};
use truebell_core::ids::ServerId;
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_store::moving::{Cursor, MoveRow, Role};
use truebell_store::rows::Identity;

/// What is wrong with a target.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Itself,
    OtherServer,
    OlderCopy,
    Filled,
    LeftByUs,
    LeftByOthers,
}

async fn spoil(wrong: Wrong, live: &End, other: &mut End) {
    let row = |server: &str| MoveRow {
        role: Role::Moved,
        id: [8; 16],
        place: "elsewhere".into(),
        cursor: Cursor::End,
        step: 0,
        state: format!(r#"{{"server":"{server}","phase":"kept","other":"","schema":1,"started_ms":0,"keep_ms":0}}"#),
    };
    match wrong {
        Wrong::Itself => *other = End { url: Secret::new(live.url.expose().to_owned()), ..live.clone() },
        Wrong::OtherServer => {
            other.store.create_identity(&Identity { server: ServerId([99; 16]), ..identity() }).await.unwrap();
        }
        Wrong::OlderCopy => other.store.create_identity(&Identity { restore_epoch: 1, ..identity() }).await.unwrap(),
        Wrong::Filled => {
            crate::testing::sign_up(&*other.store, &mut Seeded::new(9), UnixMillis(1), "somebody@example.org").await;
        }
        Wrong::LeftByUs => other.store.put_move_row(Some(&row(&identity().server.to_string()))).await.unwrap(),
        Wrong::LeftByOthers => other.store.put_move_row(Some(&row("srv_other"))).await.unwrap(),
    }
}

#[tokio::test]
async fn a_target_that_is_not_an_empty_database_is_refused_in_a_sentence() {
    let cases = [
        (Wrong::Itself, "is the database this server uses now"),
        (Wrong::OtherServer, "belongs to another server"),
        (Wrong::OlderCopy, "holds data of this server"),
        (Wrong::Filled, "is not empty"),
        (Wrong::LeftByUs, "holds data of this server"),
        (Wrong::LeftByOthers, "belongs to another server"),
    ];
    for kind in [Kind::Memory, Kind::Sqlite] {
        for (wrong, says) in cases {
            let (world, live, mut other) = World::ready(kind, kind, 2).await;
            spoil(wrong, &live, &mut other).await;
            let (before, there) = (rows(&*live.store).await, rows(&*other.store).await);
            let refused = Move::begin(world.switch.clone(), live.clone(), other.clone(), means(None), KEEP).await.err().unwrap();
            assert!(refused.to_string().contains(says), "{wrong:?}: {refused}");
            assert_eq!((live.store.move_row().await, rows(&*live.store).await), (Ok(None), before), "{wrong:?}");
            assert_eq!(rows(&*other.store).await, there, "{wrong:?}: the other one is left as it is");
            drop((live, other));
            world.remove().await;
        }
    }
}

#[tokio::test]
async fn a_second_move_waits_for_the_end_of_the_first() {
    let (world, mut moving) = World::new(Kind::Memory, Kind::Memory, 2).await;
    let again = async |moving: &Move| {
        let third = super::world::Side::new(Kind::Memory).await;
        let (third, _) = third.open().await;
        Move::begin(world.switch.clone(), moving.serving(), third, means(None), KEEP).await.err().map(|refused| refused.to_string())
    };
    assert!(again(&moving).await.unwrap().contains("is under way"));
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
    assert!(again(&moving).await.unwrap().contains("--finish"));
    moving.order_finish().await.unwrap();
    assert_eq!(run(&mut moving).await, Ok(Next::Over));
    assert_eq!(again(&moving).await, None);
}

#[tokio::test]
async fn an_order_that_does_not_fit_says_so() {
    let (_world, mut moving) = World::new(Kind::Memory, Kind::Memory, 2).await;
    assert!(moving.order_back().unwrap_err().to_string().contains("no way back"));
    assert!(moving.order_finish().await.unwrap_err().to_string().contains("nothing was switched"));
    assert_eq!(run(&mut moving).await, Ok(Next::Switched));
    assert!(moving.order_abort().await.unwrap_err().to_string().contains("the switch is done"));
}

#[tokio::test]
async fn no_row_of_either_database_shows_a_password() {
    let (world, live, other) = World::ready(Kind::Memory, Kind::Memory, 1).await;
    let other = End { url: Secret::new("postgres://ada:hunter2@db/x"), ..other };
    let mut moving = Move::begin(world.switch.clone(), live, other, means(None), KEEP).await.unwrap();
    for _ in 0..2 {
        for store in [&moving.live.store, &moving.other.store] {
            let row = store.move_row().await.unwrap();
            assert!(row.as_ref().is_none_or(|row| !format!("{row:?}").contains("hunter2")), "{row:?}");
        }
        let _next = run(&mut moving).await.unwrap();
    }
    // And yet whoever has the server's key finds the way.
    let row = moving.other.store.move_row().await.unwrap().unwrap();
    let url = crate::moving::note::open_url(&means(None).key, &row).map(|url| url.expose().to_owned());
    assert_eq!(url.as_deref(), Some("postgres://ada:hunter2@db/x"));
    assert!(crate::moving::note::open_url(&truebell_core::seal::SealKey::from_bytes([1; 32]), &row).is_none());
}
