//! The log of a server over a store in memory, with witnesses that the test plays.

use super::*;
use crate::chance::MachineChance;
use crate::clock::Clock;
use crate::jobs::advance;
use crate::{App, ServerKeys, Settings, router};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use data_encoding::BASE64;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use truebell_core::hash::Hash32;
use truebell_core::ids::ServerId;
use truebell_core::log::{
    Checkpoint, Consistency, Policy, Proof, Witness, check_consistency, check_inclusion, cosign, derive_entry, derive_leaf,
};
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::sign::SigningKey;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_core::wire::log::{AskProofs, Proofs};
use truebell_store::Store;
use truebell_store::memory::{Fault, Memory};

const AT: UnixMillis = UnixMillis(1_795_415_000_000);

struct TestClock(Mutex<UnixMillis>);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        *self.0.lock()
    }
}

struct World {
    app: Arc<App>,
    store: Arc<Memory>,
    clock: Arc<TestClock>,
    chance: Seeded,
    publisher: Publisher,
    people: u32,
}

fn nobody() -> Ask {
    Arc::new(|_, _| Box::pin(async { None }))
}

fn app(store: Arc<Memory>, clock: Arc<TestClock>, restore_epoch: u64) -> Arc<App> {
    let chance = &mut Seeded::new(7);
    let signing = SigningKey::make_random(chance);
    let identity = Identity { server: ServerId([1; 16]), key: signing.public(), generation: [2; 16], restore_epoch, created: AT };
    let keys = ServerKeys { signing, opaque: ServerSetup::make_random(chance), sealing: SealKey::make_random(chance) };
    Arc::new(App::new(store, keys, identity, Settings::default(), clock, Arc::new(MachineChance)))
}

impl World {
    fn new() -> Self {
        Self::with(Witnesses::default(), 0, nobody())
    }

    fn with(witnesses: Witnesses, needed: usize, ask: Ask) -> Self {
        let (store, clock) = (Arc::new(Memory::new()), Arc::new(TestClock(Mutex::new(AT))));
        let app = app(store.clone(), clock.clone(), 0);
        Self { app, store, clock, chance: Seeded::new(1), publisher: Publisher::new(witnesses, needed, ask), people: 0 }
    }

    async fn sign_up(&mut self, count: u32) {
        for _ in 0..count {
            self.people += 1;
            let address = format!("person{}@example.org", self.people);
            crate::testing::sign_up(&*self.store, &mut self.chance, AT, &address).await;
        }
    }

    async fn advance(&mut self) {
        assert_eq!(advance(&self.app, &mut self.publisher).await, Ok(()));
    }

    fn pass(&self, time: Duration) {
        let mut now = self.clock.0.lock();
        *now = *now + time;
    }

    async fn checkpoint(&self) -> Option<Checkpoint> {
        let note = current(&*self.store, &self.app.identity).await.unwrap()?.note;
        Some(Checkpoint::verify(&note, self.app.identity.server, &self.app.identity.key).unwrap())
    }

    async fn ask(&self, request: Request) -> (StatusCode, String, Vec<u8>) {
        let response = router(self.app.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let cache = response.headers()[header::CACHE_CONTROL].to_str().unwrap().to_owned();
        (status, cache, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    async fn get(&self, path: &str) -> (StatusCode, String, Vec<u8>) {
        let mut request = Request::builder().uri(format!("/v1/log/{path}")).body(Body::empty()).unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        self.ask(request).await
    }

    async fn text(&self, path: &str) -> String {
        let (status, _, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        String::from_utf8(body).unwrap()
    }

    async fn prove(&self, asked: &AskProofs) -> Proofs {
        let body = Body::from(serde_json::to_vec(asked).unwrap());
        let builder = Request::builder().method("POST").uri("/v1/log/proofs").header(header::CONTENT_TYPE, "application/json");
        let (status, _, body) = self.ask(builder.body(body).unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        serde_json::from_slice(&body).unwrap()
    }

    /// The digests of all events, as accounts have them.
    async fn digests(&self) -> Vec<Hash32> {
        let mut digests = Vec::new();
        for number in 1..=self.people {
            let account = self.store.account_by_address(&format!("person{number}@example.org")).await.unwrap().unwrap();
            digests.push(self.store.account(account).await.unwrap().unwrap().chain.digest);
        }
        digests
    }
}

#[tokio::test]
async fn every_event_gets_into_the_log_and_the_checkpoint_says_so() {
    let mut world = World::new();
    world.advance().await;
    assert_eq!(world.checkpoint().await.unwrap().size, 0, "an empty log has a checkpoint");
    world.sign_up(3).await;
    assert_eq!(world.checkpoint().await.unwrap().size, 0);
    world.advance().await;
    let first = world.checkpoint().await.unwrap();
    world.sign_up(2).await;
    world.advance().await;
    let second = world.checkpoint().await.unwrap();
    assert_eq!((first.size, second.size), (3, 5));
    world.advance().await;
    assert_eq!(world.checkpoint().await, Some(second), "nothing new, nothing signed");

    let digests = world.digests().await;
    let unknown = Hash32([9; 32]);
    let asked = AskProofs { origin: first.origin.to_string(), size: 3, events: [digests.clone(), vec![unknown]].concat() };
    let proofs = world.prove(&asked).await;
    check_consistency((first.size, &first.root), (second.size, &second.root), &proofs.consistency).unwrap();
    assert_eq!(proofs.events.iter().map(|event| event.digest).collect::<Vec<_>>(), digests);
    for event in &proofs.events {
        check_inclusion(&derive_leaf(&derive_entry(&event.digest)), event.index, 5, &event.path, &second.root).unwrap();
    }
    let alone = Proof::parse(&world.text(&format!("proofs/{}", digests[0])).await).unwrap();
    assert_eq!(alone.verify(&digests[0], world.app.identity.server, &world.app.identity.key).unwrap().checkpoint, second);
}

#[tokio::test]
async fn the_log_is_served_as_the_specification_says() {
    let mut world = World::new();
    world.sign_up(2).await;
    world.advance().await;
    let (status, cache, body) = world.get("checkpoint").await;
    assert_eq!((status, cache.as_str()), (StatusCode::OK, "public, max-age=5"));
    let checkpoint = Checkpoint::read_unverified(std::str::from_utf8(&body).unwrap()).unwrap();
    let (status, cache, tile) = world.get("tile/0/000.p/2").await;
    assert_eq!((status, cache.as_str()), (StatusCode::OK, "public, max-age=31536000, immutable"));
    let (left, right) = (Hash32::from_bytes(&tile[..32]).unwrap(), Hash32::from_bytes(&tile[32..]).unwrap());
    assert_eq!(truebell_core::log::derive_node(&left, &right), checkpoint.root);
    let (_, _, bundle) = world.get("tile/entries/000.p/2").await;
    let mut entries: Vec<Hash32> = world.digests().await.iter().map(derive_entry).collect();
    entries.sort();
    assert_eq!(bundle, entries.iter().flat_map(|entry| [&[0, 32], entry.0.as_slice()].concat()).collect::<Vec<u8>>());
    let hashes = world.text("consistency/1/2").await;
    assert_eq!(hashes, format!("{}\n", BASE64.encode(&right.0)));

    world.sign_up(1).await;
    grow(&*world.store).await.unwrap();
    for (path, expected) in [
        ("tile/0/000.p/3", 404),
        ("tile/0/000", 404),
        ("tile/1/000.p/1", 404),
        ("tile/0/0", 400),
        ("consistency/2/1", 404),
        ("consistency/2/3", 404),
        ("proofs/0", 400),
        ("proofs/00000-00000", 404),
    ] {
        let (status, cache, _) = world.get(path).await;
        assert_eq!((status.as_u16(), cache.as_str()), (expected, "no-store"), "{path}");
    }
    let last = world.digests().await[2];
    assert_eq!(world.get(&format!("proofs/{last}")).await.0, StatusCode::NOT_FOUND, "it has a place, and is not published yet");
}

#[tokio::test]
async fn nothing_is_lost_or_logged_twice_whatever_the_store_does() {
    for fault in [Fault::NotPersisted(StoreError::Unavailable), Fault::Persisted] {
        for method in ["log_head", "log_waiting", "log_tiles", "log_append", "log_publish"] {
            let mut world = World::new();
            world.sign_up(2).await;
            world.advance().await;
            world.sign_up(2).await;
            world.store.faults().fail_next(method, fault);
            assert!(advance(&world.app, &mut world.publisher).await.is_err(), "{method}");
            let before = world.checkpoint().await.unwrap();
            world.advance().await;
            let after = world.checkpoint().await.unwrap();
            assert_eq!(after.size, 4, "{method}");
            let asked = AskProofs { origin: before.origin.to_string(), size: before.size, events: world.digests().await };
            let proofs = world.prove(&asked).await;
            check_consistency((before.size, &before.root), (4, &after.root), &proofs.consistency).unwrap();
            assert_eq!(proofs.events.len(), 4, "{method}");
        }
    }
}

#[tokio::test]
async fn two_servers_over_one_database_make_one_log() {
    let mut world = World::new();
    let other = app(world.store.clone(), world.clock.clone(), 0);
    let mut publisher = Publisher::new(Witnesses::default(), 0, nobody());
    for _ in 0..10 {
        world.sign_up(3).await;
        let (one, two) = tokio::join!(advance(&world.app, &mut world.publisher), advance(&other, &mut publisher));
        assert_eq!((one, two), (Ok(()), Ok(())));
    }
    world.advance().await;
    assert_eq!(world.checkpoint().await.unwrap().size, 30);
    let asked = AskProofs { events: world.digests().await, ..AskProofs::default() };
    assert_eq!(world.prove(&asked).await.events.len(), 30);
}

#[tokio::test]
async fn a_restored_server_begins_another_log_and_says_so() {
    let mut world = World::new();
    world.sign_up(3).await;
    world.advance().await;
    let before = world.checkpoint().await.unwrap();
    world.app = app(world.store.clone(), world.clock.clone(), 1);
    assert_eq!(world.checkpoint().await, None, "what was published is another log's");
    assert_eq!(world.get("checkpoint").await.0, StatusCode::NOT_FOUND);
    world.advance().await;
    let after = world.checkpoint().await.unwrap();
    assert_eq!((after.origin.restore_epoch, after.size, after.root), (1, 3, before.root), "from the leaves the backup had");
    let asked = AskProofs { origin: before.origin.to_string(), size: 2, events: Vec::new() };
    assert!(world.prove(&asked).await.consistency.is_empty(), "nothing is promised between the two");
}

#[tokio::test]
async fn a_database_that_does_not_continue_what_was_published_gets_no_signature() {
    let mut world = World::new();
    world.sign_up(3).await;
    world.advance().await;
    let published = world.store.log_head().await.unwrap().published.unwrap();
    // Another database of the same server, in which other things happened: as if an older copy had been put back.
    let mut other = World::new();
    other.chance = Seeded::new(2);
    other.sign_up(4).await;
    grow(&*other.store).await.unwrap();
    assert!(other.store.log_publish(published.clone()).await.unwrap());
    assert_eq!(other.publisher.publish(&other.app).await, Err(Refused::WouldFork));
    assert_eq!(other.store.log_head().await.unwrap().published, Some(published));
    assert!(advance(&other.app, &mut other.publisher).await.is_err());
}

#[tokio::test]
async fn an_older_copy_of_the_database_put_back_by_hand_gets_no_signature_and_a_restored_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = || Publisher::new(Witnesses::default(), 0, nobody()).remembering(folder.path().join("log-checkpoint"));
    let mut world = World::new();
    world.publisher = publisher();
    world.sign_up(2).await;
    world.advance().await;
    let mut rows = Vec::new();
    let mut sink = |row| {
        rows.push(row);
        true
    };
    world.store.dump(&mut sink).await.unwrap();
    world.sign_up(2).await;
    world.advance().await;
    assert_eq!(world.checkpoint().await.unwrap().size, 4);

    // Other things happen on the copy: it would sign another history.
    let put_back = async |restore_epoch| {
        let mut other = World::new();
        other.chance = Seeded::new(2);
        other.people = 100;
        other.app = app(other.store.clone(), other.clock.clone(), restore_epoch);
        other.store.load(&other.app.identity, &mut rows.clone().into_iter()).await.unwrap();
        other.sign_up(3).await;
        other.publisher = publisher();
        grow(&*other.store).await.unwrap();
        (other.publisher.publish(&other.app).await, other.checkpoint().await.map(|checkpoint| checkpoint.size))
    };
    assert_eq!(put_back(0).await, (Err(Refused::WouldFork), Some(2)));
    assert_eq!(put_back(1).await, (Ok(true), Some(5)), "a restore says that it is one");
    world.sign_up(1).await;
    world.publisher = publisher();
    world.advance().await;
    assert_eq!(world.checkpoint().await.unwrap().size, 5, "the right one goes on");
}

#[tokio::test]
async fn what_was_published_and_cannot_be_read_stops_the_signing_and_what_never_was_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log-checkpoint");
    let mut world = World::new();
    world.publisher = Publisher::new(Witnesses::default(), 0, nobody()).remembering(file.clone());
    world.sign_up(1).await;
    world.advance().await;
    let whole = std::fs::read(&file).unwrap();
    let mut bent = whole.clone();
    let last = bent.len() - 8;
    bent[last] ^= 1;
    for damaged in [&b""[..], &b"\xff"[..], &bent, &whole[..whole.len() / 2]] {
        std::fs::write(&file, damaged).unwrap();
        world.sign_up(1).await;
        grow(&*world.store).await.unwrap();
        assert_eq!(world.publisher.publish(&world.app).await, Err(Refused::Forgotten(file.clone())), "{}", damaged.len());
    }
    assert_eq!(world.checkpoint().await.unwrap().size, 1);
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(world.publisher.publish(&world.app).await, Ok(true));
    std::fs::remove_file(&file).unwrap();
    world.sign_up(1).await;
    grow(&*world.store).await.unwrap();
    assert_eq!(world.publisher.publish(&world.app).await, Ok(true));
}

/// A witness as the specification has it, with its own memory.
fn witness(seed: u64, name: &'static str, away: Arc<Mutex<bool>>) -> (WitnessAt, Ask) {
    let key = SigningKey::make_random(&mut Seeded::new(seed));
    let at = WitnessAt { url: format!("https://{name}/"), witness: Witness::new(name, key.public()).unwrap() };
    let seen: Arc<Mutex<Option<Checkpoint>>> = Arc::default();
    let (server, server_key) = (ServerId([1; 16]), SigningKey::make_random(&mut Seeded::new(7)).public());
    let ask: Ask = Arc::new(move |url, body| {
        let (key, seen, away) = (key.clone(), seen.clone(), away.clone());
        Box::pin(async move {
            assert_eq!(url, format!("https://{name}/add-checkpoint"));
            if *away.lock() {
                return None;
            }
            let asked = Consistency::parse(&body).unwrap();
            let Ok(next) = Checkpoint::verify(&asked.checkpoint, server, &server_key) else { return Some((403, String::new())) };
            let mut seen = seen.lock();
            let (size, root) = seen.as_ref().map_or((0, truebell_core::log::empty_root()), |seen| (seen.size, seen.root));
            if size != asked.from {
                return Some((409, format!("{size}\n")));
            }
            if check_consistency((size, &root), (next.size, &next.root), &asked.path).is_err() {
                return Some((422, String::new()));
            }
            *seen = Some(next);
            let stranger = cosign(&next.text(), "stranger.example", &SigningKey::make_random(&mut Seeded::new(99)), AT);
            Some((200, stranger + &cosign(&next.text(), name, &key, AT)))
        })
    });
    (at, ask)
}

/// Two witnesses; the flag says whether the second is away.
fn two_witnesses() -> (Witnesses, Ask, Arc<Mutex<bool>>) {
    let away: Arc<Mutex<bool>> = Arc::default();
    let (one, ask_one) = witness(11, "one.example", Arc::default());
    let (two, ask_two) = witness(12, "two.example", away.clone());
    let ask: Ask = Arc::new(move |url, body| if url.contains("one.example") { ask_one(url, body) } else { ask_two(url, body) });
    (Witnesses(vec![one, two]), ask, away)
}

async fn cosigned_by(world: &World, policy: &Policy) -> Vec<String> {
    policy.count(&current(&*world.store, &world.app.identity).await.unwrap().unwrap().note).by
}

#[tokio::test]
async fn a_published_checkpoint_carries_the_cosignatures_of_the_witnesses_and_of_nobody_else() {
    let (witnesses, ask, _) = two_witnesses();
    let policy = witnesses.policy(2);
    let mut world = World::with(witnesses, 2, ask);
    for size in [2, 4] {
        world.sign_up(2).await;
        world.advance().await;
        assert_eq!(world.checkpoint().await.unwrap().size, size);
        assert_eq!(cosigned_by(&world, &policy).await, ["one.example", "two.example"]);
        assert!(!world.text("checkpoint").await.contains("stranger"));
    }
}

#[tokio::test]
async fn a_witness_that_is_away_delays_the_log_a_minute_and_no_more() {
    let (witnesses, ask, away) = two_witnesses();
    let policy = witnesses.policy(2);
    let mut world = World::with(witnesses, 2, ask);
    world.sign_up(2).await;
    world.advance().await;
    *away.lock() = true;
    world.sign_up(2).await;
    world.advance().await;
    assert_eq!(world.checkpoint().await.unwrap().size, 2, "it waits for them");
    world.pass(Duration::from_secs(61));
    world.advance().await;
    assert_eq!(world.checkpoint().await.unwrap().size, 4, "and then goes on without");
    assert_eq!(cosigned_by(&world, &policy).await, ["one.example"]);
    *away.lock() = false;
    world.advance().await;
    assert_eq!(cosigned_by(&world, &policy).await, ["one.example"], "it is not asked every second");
    world.pass(Duration::from_secs(31));
    world.advance().await;
    assert_eq!(cosigned_by(&world, &policy).await, ["one.example", "two.example"]);
    assert_eq!(world.checkpoint().await.unwrap().size, 4);
}
