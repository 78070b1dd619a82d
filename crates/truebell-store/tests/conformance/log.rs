//! The transparency log as kept: no leaf lost, none twice, and nothing changed that was there.

use crate::world::{Shared, World, at, digest};
use truebell_core::event::What;
use truebell_core::hash::Hash32;
use truebell_core::log::{Appended, TileId, append, derive_entry, edge};
use truebell_store::StoreError;
use truebell_store::rows::{Change, LogAppend, LogHead, LogPlace, Published, Recorded};

/// What waits, made ready for the log as it is: as a job does it.
async fn ready(store: &Shared, limit: u32) -> (LogAppend, Appended) {
    let from = store.log_head().await.expect("read").size;
    let entries = store.log_waiting(limit).await.expect("read");
    let tiles = edge(from);
    let kept = store.log_tiles(&tiles).await.expect("read");
    let kept: Vec<_> = tiles.into_iter().zip(kept).map(|(tile, body)| (tile, body.expect("there"))).collect();
    let appended = append(from, &kept, &entries).expect("the edge of this log");
    (LogAppend { from, entries, tiles: appended.tiles.clone() }, appended)
}

/// Gives places to at most `limit` leaves that wait; whether this caller was the one who did.
pub(crate) async fn grow(store: &Shared, limit: u32) -> bool {
    let (append, _) = ready(store, limit).await;
    append.entries.is_empty() || store.log_append(append).await.expect("written")
}

fn published(size: u64, when: u64) -> Published {
    Published { size, at: at(when), note: format!("a checkpoint of {size}\n") }
}

/// People who signed up, and the entries of their events.
async fn people(store: &Shared, world: &mut World, count: usize) -> Vec<Hash32> {
    let mut entries = Vec::new();
    for _ in 0..count {
        let person = world.signed_up(store).await;
        entries.push(derive_entry(&person.chain.digest));
    }
    entries.sort();
    entries
}

pub(crate) async fn an_event_and_its_leaf_are_written_together(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let mut entries = vec![derive_entry(&person.chain.digest)];
    assert_eq!(store.log_waiting(9).await, Ok(entries.clone()));
    let due = at(77_000);
    let recording = world.done(&store, &mut person, What::DeletionScheduled { due }, Change::ScheduleDeletion(due)).await;
    entries.push(derive_entry(&recording.event.digest));
    entries.sort();
    assert_eq!(store.log_waiting(9).await, Ok(entries.clone()));
    assert_eq!(store.log_waiting(1).await, Ok(vec![entries[0]]));
    // What did not happen has no leaf, and what happened once has one.
    assert!(matches!(store.record(recording).await, Ok(Recorded::Repeated(_))));
    let not = world.recording(&person, What::DeletionScheduled { due }, Change::ScheduleDeletion(due));
    assert_eq!(store.record(not).await, Ok(Recorded::NotApplicable));
    assert_eq!(store.log_waiting(9).await, Ok(entries.clone()));
    assert_eq!(store.log_places(&[entries[1], digest(9_999)]).await, Ok(vec![Some(LogPlace::Waiting), None]));
    assert_eq!(store.log_head().await, Ok(LogHead::default()));
}

pub(crate) async fn leaves_get_their_places_once_and_in_order(store: Shared) {
    let mut world = World::new();
    let first = people(&store, &mut world, 3).await;
    assert!(grow(&store, 2).await);
    assert_eq!(store.log_waiting(9).await, Ok(vec![first[2]]));
    let second = people(&store, &mut world, 2).await;
    assert!(grow(&store, 9).await);
    assert_eq!(store.log_waiting(9).await, Ok(vec![]));
    let mut all = first[..2].to_vec();
    let mut rest = [vec![first[2]], second].concat();
    rest.sort();
    all.extend(rest);
    let places: Vec<_> = (0..5).map(|place| Some(LogPlace::At(place))).collect();
    assert_eq!(store.log_places(&all).await, Ok(places));
    assert_eq!(store.log_head().await, Ok(LogHead { size: 5, published: None }));
    let body: Vec<u8> = all.iter().flat_map(|entry| entry.0).collect();
    let asked = [TileId { level: 1, index: 0 }, TileId { level: 0, index: 0 }, TileId { level: 0, index: u64::MAX }];
    assert_eq!(store.log_tiles(&asked).await, Ok(vec![None, Some(body), None]));
}

pub(crate) async fn an_append_for_another_size_writes_nothing(store: Shared) {
    let mut world = World::new();
    people(&store, &mut world, 2).await;
    let (first, _) = ready(&store, 1).await;
    let mut beyond = first.clone();
    beyond.from = 1;
    assert_eq!(store.log_append(beyond).await, Ok(false));
    assert_eq!(store.log_append(first.clone()).await, Ok(true));
    assert_eq!(store.log_append(first).await, Ok(false), "this very one, again");
    assert_eq!(store.log_head().await.map(|head| head.size), Ok(1));
    assert_eq!(store.log_waiting(9).await.map(|waiting| waiting.len()), Ok(1));
}

pub(crate) async fn an_entry_that_does_not_wait_refuses_the_whole_append(store: Shared) {
    let mut world = World::new();
    let entries = people(&store, &mut world, 3).await;
    assert!(grow(&store, 1).await);
    let tiles = vec![(TileId { level: 0, index: 0 }, vec![7; 64])];
    for bad in [vec![entries[1], entries[0]], vec![entries[1], digest(9_999)], vec![entries[1], entries[1]]] {
        let append = LogAppend { from: 1, entries: bad, tiles: tiles.clone() };
        assert!(matches!(store.log_append(append).await, Err(StoreError::Damaged(_))));
    }
    assert_eq!(store.log_head().await.map(|head| head.size), Ok(1));
    assert_eq!(store.log_places(&entries[1..]).await, Ok(vec![Some(LogPlace::Waiting); 2]));
    assert_eq!(store.log_tiles(&[tiles[0].0]).await, Ok(vec![Some(entries[0].0.to_vec())]));
}

pub(crate) async fn a_checkpoint_is_published_forwards_only(store: Shared) {
    let mut world = World::new();
    assert_eq!(store.log_publish(published(1, 10)).await, Ok(false), "the log is not that far");
    assert_eq!(store.log_publish(published(0, 10)).await, Ok(true), "an empty log has a checkpoint");
    people(&store, &mut world, 3).await;
    grow(&store, 9).await;
    assert_eq!(store.log_publish(published(3, 20)).await, Ok(true));
    assert_eq!(store.log_publish(published(2, 30)).await, Ok(false), "back");
    assert_eq!(store.log_publish(published(4, 30)).await, Ok(false), "ahead");
    let again = Published { note: "the same, cosigned\n".into(), ..published(3, 40) };
    assert_eq!(store.log_publish(again.clone()).await, Ok(true));
    assert_eq!(store.log_head().await, Ok(LogHead { size: 3, published: Some(again.clone()) }));
    people(&store, &mut world, 1).await;
    grow(&store, 9).await;
    assert_eq!(store.log_head().await, Ok(LogHead { size: 4, published: Some(again) }), "what is published stays while the log grows");
}

pub(crate) async fn the_log_outlives_the_accounts(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let due = at(77_000);
    world.done(&store, &mut person, What::DeletionScheduled { due }, Change::ScheduleDeletion(due)).await;
    grow(&store, 1).await;
    let before = (store.log_head().await, store.log_waiting(9).await);
    assert_eq!(store.delete_account(person.account, due).await, Ok(true));
    assert_eq!((store.log_head().await, store.log_waiting(9).await), before);
}
