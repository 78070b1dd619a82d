//! The pair service as its clients see it: every answer of one size, every refusal with its reason, and a budget.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tower::ServiceExt;
use truebell_core::address::Address;
use truebell_core::chance::make_array;
use truebell_core::pair::{About, Doubt, FileId, PairKey, Place, Question, Reply, Stretcher, Verdict, answer_bytes};
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_corpus::pairs::{PairHeader, write_pairs};
use truebell_server::chance::MachineChance;
use truebell_server::clock::Clock;
use truebell_server::config::Networks;
use truebell_server::pairs::{Budget, KeyFileError, PairService, PairShelf, PairShelfError, Rates, router};

const ADA: &str = "ada@example.org";

#[derive(Clone, Default)]
struct TestClock(Arc<AtomicU64>);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_000_000_000 + self.0.load(Ordering::SeqCst))
    }
}

/// Writes a file with Ada's password and its key.
fn make(folder: &Path, seed: u64) {
    make_of(folder, seed, &[(ADA.to_owned(), "letmein".to_owned())], 0);
}

/// Writes a file with these pairs among so many entries that nobody can ask for, and its key.
fn make_of(folder: &Path, seed: u64, pairs: &[(String, String)], others: usize) {
    let (key, mut chance) = (PairKey::make_random(&mut Seeded::new(seed)), Seeded::new(seed));
    let id = FileId([u8::try_from(seed).unwrap(); 16]);
    let mut entries: Vec<(u32, [u8; 16])> =
        (0..others).map(|_| (u32::from_be_bytes(make_array(&mut chance)) >> 12, make_array(&mut chance))).collect();
    for (address, password) in pairs {
        let address = Address::parse(address).unwrap();
        let told = key.tell(&id, &Stretcher::new().exact(&address, password.as_bytes()));
        entries.push((Place::of(&address).number(), told.entry(2)));
    }
    entries.sort_unstable();
    let header = PairHeader { bits: 0, has_near: false, id: id.0, public_key: *key.public().bytes(), pairs: 1, made_at_ms: 5, entries: 0 };
    let mut out = Vec::new();
    let mut beacon = |bucket, entries: &[u8]| key.beacon(&id, bucket, entries);
    write_pairs(header, &entries, &mut beacon, &mut |bytes| bytes.fill(9), &mut out).unwrap();
    // As a careful operator does: each whole, the key first.
    for (name, bytes) in [("key", key.expose_text().as_bytes()), ("pairs", &out)] {
        fs::write(folder.join("new"), bytes).unwrap();
        fs::set_permissions(folder.join("new"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(folder.join("new"), folder.join(name)).unwrap();
    }
}

struct World {
    folder: tempfile::TempDir,
    clock: TestClock,
    service: Arc<PairService>,
}

fn networks(text: &str) -> Networks {
    Networks(vec![text.parse().unwrap()])
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), 1);
        Self::of(folder)
    }

    fn of(folder: tempfile::TempDir) -> Self {
        let shelf = PairShelf::open(&folder.path().join("pairs"), &folder.path().join("key")).unwrap();
        let budget = Budget::new(Rates::new(2, Duration::from_secs(30)), networks("203.0.113.0/24"), networks("10.0.0.0/8"));
        let clock = TestClock::default();
        let service = Arc::new(PairService::new(shelf, budget, clock.clone(), MachineChance));
        Self { folder, clock, service }
    }

    async fn send(&self, method: &str, path: &str, who: &str, body: Vec<u8>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::builder().method(method).uri(path).header("x-forwarded-for", who).body(Body::from(body)).unwrap();
        let mut request = request;
        request.extensions_mut().insert(axum::extract::ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 80))));
        let response = router(self.service.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, to_bytes(body, 1 << 20).await.unwrap().to_vec())
    }

    async fn about(&self) -> About {
        serde_json::from_slice(&self.send("GET", "/pair", "192.0.2.1", vec![]).await.2).unwrap()
    }

    fn question(about: &About, password: &str) -> Question {
        Question::make(about, &Address::parse(ADA).unwrap(), &Secret::new(password), &mut Stretcher::new(), &mut Seeded::new(3)).unwrap()
    }
}

fn code(body: &[u8]) -> String {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap();
    said["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_pair_is_found_and_another_is_not_in_answers_of_one_size_that_nobody_keeps() {
    let world = World::new();
    let about = world.about().await;
    for (password, expect, who) in [("letmein", Verdict::Exposed { flags: 2 }, "192.0.2.1"), ("letmeout", Verdict::Clean, "192.0.2.2")] {
        let question = World::question(&about, password);
        let (status, headers, body) = world.send("POST", &question.path(), who, question.body()).await;
        assert_eq!((status, body.len()), (StatusCode::OK, answer_bytes(about.bucket_entries)));
        assert_eq!(
            (&headers["cache-control"], &headers["content-type"]),
            (&"no-store".parse().unwrap(), &"application/octet-stream".parse().unwrap())
        );
        assert_eq!(question.conclude(Reply::Answer { status: 200, body: &body }), expect);
    }
}

#[tokio::test]
async fn a_pair_is_found_in_whatever_bucket_it_is_and_its_halves_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let pairs: Vec<(String, String)> = (0..12).map(|n| (format!("person{n}@example.org"), format!("password {}", n * 7))).collect();
    make_of(folder.path(), 4, &pairs, 5_000);
    let world = World::of(folder);
    let about = world.about().await;
    assert_eq!(about.bucket_bits, 3);
    let mut buckets = std::collections::BTreeSet::new();
    for (number, (address, password)) in pairs.iter().enumerate() {
        let others = &pairs[(number + 1) % pairs.len()];
        for (address, password, is_there) in [(address, password, true), (address, &others.1, false), (&others.0, password, false)] {
            let (address, password) = (Address::parse(address).unwrap(), Secret::new(password.as_str()));
            let question = Question::make(&about, &address, &password, &mut Stretcher::new(), &mut Seeded::new(5)).unwrap();
            let (_, _, body) = world.send("POST", &question.path(), "203.0.113.1", question.body()).await;
            let expect = if is_there { Verdict::Exposed { flags: 2 } } else { Verdict::Clean };
            assert_eq!(question.conclude(Reply::Answer { status: 200, body: &body }), expect);
            buckets.insert(question.path());
        }
    }
    assert!(buckets.len() > 3, "{buckets:?}");
    // The answer to one bucket is none to another, although all is genuine.
    let question = World::question(&about, "letmein");
    let other = buckets.iter().find(|path| **path != question.path()).unwrap();
    let (_, _, body) = world.send("POST", other, "203.0.113.1", question.body()).await;
    assert_eq!(question.conclude(Reply::Answer { status: 200, body: &body }), Verdict::Unknown(Doubt::Beacon));
}

#[tokio::test]
async fn the_description_is_asked_for_again_by_its_version() {
    let world = World::new();
    let (status, headers, _) = world.send("GET", "/pair", "192.0.2.1", vec![]).await;
    assert_eq!((status, headers["etag"].to_str().unwrap()), (StatusCode::OK, format!("\"{}\"", "01".repeat(16)).as_str()));
    assert_eq!(headers["cache-control"], "no-cache");
    let mut request = Request::get("/pair").header("if-none-match", &headers["etag"]).body(Body::empty()).unwrap();
    request.extensions_mut().insert(axum::extract::ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 80))));
    assert_eq!(router(world.service.clone()).oneshot(request).await.unwrap().status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_is_no_question_is_refused_with_its_code_and_costs_nothing() {
    let world = World::new();
    let about = world.about().await;
    let question = World::question(&about, "letmein");
    let good = question.body();
    let bent = |at: usize| [&good[..at], &[0xff; 32], &good[at + 32..]].concat();
    for (path, body, status, expect) in [
        ("/pair/0000", good.clone(), 400, "bad-bucket"),
        ("/pair/000000", good.clone(), 400, "bad-bucket"),
        ("/pair/0000G", good.clone(), 400, "bad-bucket"),
        ("/pair/%2B0000", good.clone(), 400, "bad-bucket"),
        ("/pair/00001", good.clone(), 400, "bad-bucket"),
        ("/pair/00000", vec![], 400, "bad-question"),
        ("/pair/00000", good[1..].to_vec(), 400, "bad-question"),
        ("/pair/00000", bent(48), 400, "bad-question"),
        ("/pair/00000", [&good[..], &[0]].concat(), 413, "too-long"),
        ("/pair/00000", vec![0; 1 << 20], 413, "too-long"),
        ("/pair/00000", [&[9; 16], &good[16..]].concat(), 409, "other-version"),
        ("/range/00000", good.clone(), 404, "not-found"),
    ] {
        let (said, headers, answer) = world.send("POST", path, "192.0.2.1", body).await;
        assert_eq!(
            (said.as_u16(), code(&answer).as_str(), &headers["cache-control"]),
            (status, expect, &"no-store".parse().unwrap()),
            "{path}"
        );
    }
    assert_eq!(world.send("POST", "/pair/00000", "192.0.2.1", good).await.0, StatusCode::OK);
}

#[tokio::test]
async fn each_address_has_a_budget_its_surroundings_have_four_and_partners_have_none() {
    let world = World::new();
    let question = World::question(&world.about().await, "letmein");
    let ask = |who: &'static str| world.send("POST", "/pair/00000", who, question.body());
    for who in ["192.0.2.1", "2001:db8::1", "203.0.113.7"] {
        for _ in 0..2 {
            assert_eq!(ask(who).await.0, StatusCode::OK, "{who}");
        }
    }
    let (status, headers, body) = ask("192.0.2.1").await;
    assert_eq!((status.as_u16(), code(&body).as_str(), headers["retry-after"].to_str().unwrap()), (429, "too-many", "30"));
    assert_eq!(ask("2001:db8::2").await.0.as_u16(), 429, "the same /64");
    assert_eq!(ask("203.0.113.7").await.0, StatusCode::OK, "a partner");
    // Eight for a /24, of which two are gone.
    for who in ["192.0.2.2", "192.0.2.3", "192.0.2.4"] {
        for _ in 0..2 {
            assert_eq!(ask(who).await.0, StatusCode::OK, "{who}");
        }
    }
    assert_eq!(ask("192.0.2.5").await.0.as_u16(), 429);
    assert_eq!(ask("192.0.3.5").await.0, StatusCode::OK);
    world.clock.0.store(30_000, Ordering::SeqCst);
    assert_eq!(ask("192.0.2.1").await.0, StatusCode::OK);
    assert_eq!(ask("192.0.2.1").await.0.as_u16(), 429);
}

#[tokio::test]
async fn a_new_file_with_its_key_is_taken_up_and_one_without_leaves_the_old_in_service() {
    let world = World::new();
    let old = World::question(&world.about().await, "letmein");
    let key = fs::read(world.folder.path().join("key")).unwrap();
    make(world.folder.path(), 2);
    let new_key = fs::read(world.folder.path().join("key")).unwrap();
    fs::write(world.folder.path().join("key"), &key).unwrap();
    world.service.shelf().look_again();
    assert_eq!(world.send("POST", "/pair/00000", "192.0.2.1", old.body()).await.0, StatusCode::OK, "file and key do not fit each other");
    // Another length, so that the change is seen whatever the clock of the disk is.
    fs::write(world.folder.path().join("key"), [&new_key[..], b"\n"].concat()).unwrap();
    world.service.shelf().look_again();
    assert_eq!(code(&world.send("POST", "/pair/00000", "192.0.2.1", old.body()).await.2), "other-version");
    let new = World::question(&world.about().await, "letmein");
    let (_, _, body) = world.send("POST", "/pair/00000", "192.0.2.1", new.body()).await;
    assert_eq!(new.conclude(Reply::Answer { status: 200, body: &body }), Verdict::Exposed { flags: 2 });
}

#[tokio::test]
async fn a_damaged_bucket_is_an_error_that_costs_nothing_and_never_an_answer() {
    let world = World::new();
    let question = World::question(&world.about().await, "letmein");
    let mut bytes = fs::read(world.folder.path().join("pairs")).unwrap();
    bytes[260] ^= 1;
    fs::write(world.folder.path().join("pairs"), &bytes).unwrap();
    for _ in 0..3 {
        let (status, _, body) = world.send("POST", "/pair/00000", "192.0.2.1", question.body()).await;
        assert_eq!((status.as_u16(), code(&body).as_str()), (503, "damaged"));
    }
}

#[test]
fn a_key_that_others_can_read_and_one_of_another_file_are_refused() {
    let world = World::new();
    let (pairs, key) = (world.folder.path().join("pairs"), world.folder.path().join("key"));
    let other = PairKey::make_random(&mut Seeded::new(77)).expose_text();
    fs::write(&key, other.as_bytes()).unwrap();
    assert!(matches!(PairShelf::open(&pairs, &key), Err(PairShelfError::Foreign(..))));
    fs::write(&key, "password").unwrap();
    assert!(matches!(PairShelf::open(&pairs, &key), Err(PairShelfError::Key(_, KeyFileError::NotAKey(_)))));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(PairShelf::open(&pairs, &key), Err(PairShelfError::Key(_, KeyFileError::Open))));
}
