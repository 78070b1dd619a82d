//! Two databases, people who write through the switch and remember what was acknowledged, and a clock of their own.

use crate::chance::ChanceSource;
use crate::clock::Clock;
use crate::moving::means::Hook;
use crate::moving::served::became_live;
use crate::moving::{End, MachineRest, Means, Move, Next, Stop};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use truebell_core::chance::{Chance, make_array};
use truebell_core::hash::Hash32;
use truebell_core::ids::{ServerId, SessionId};
use truebell_core::seal::SealKey;
use truebell_core::secret::Secret;
use truebell_core::sign::PublicKey;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_store::memory::Memory;
use truebell_store::moving::{Movable, MoveRow, Role};
use truebell_store::rows::{Identity, NewSession};
use truebell_store::switch::Switch;
use truebell_store::{Location, Store, open_movable};

pub(super) const KEEP: Duration = Duration::from_hours(1_000_000);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

/// Goes on by a second with each look.
pub(super) struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.fetch_add(1_000, Ordering::Relaxed))
    }
}

struct SeededSource(AtomicU64);

impl ChanceSource for SeededSource {
    fn chance(&self) -> Box<dyn Chance + Send> {
        Box::new(Seeded::new(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

pub(super) fn means(hook: Option<Hook>) -> Means {
    Means {
        clock: Arc::new(Ticking(AtomicU64::new(1_000_000))),
        chance: Arc::new(SeededSource(AtomicU64::new(77))),
        rest: Arc::new(MachineRest),
        key: SealKey::from_bytes([9; 32]),
        hook,
    }
}

pub(super) fn identity() -> Identity {
    Identity { server: ServerId([1; 16]), key: PublicKey([2; 32]), generation: [3; 16], restore_epoch: 4, created: UnixMillis(5) }
}

/// Where one database is. It outlives whoever opens it.
pub(super) struct Side {
    memory: Option<Arc<Memory>>,
    pub location: Location,
    folder: Option<tempfile::TempDir>,
    database: Option<String>,
}

fn server() -> String {
    std::env::var("TRUEBELL_TEST_POSTGRES").expect("TRUEBELL_TEST_POSTGRES names no PostgreSQL: run these tests through `cargo xtask test`")
}

pub(super) async fn admin(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the tests' PostgreSQL answers");
    tokio::spawn(connection);
    client
}

impl Side {
    pub(super) async fn new(kind: Kind) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        match kind {
            Kind::Memory => {
                let location = format!("sqlite:/memory/{number}").parse().unwrap();
                Self { memory: Some(Arc::new(Memory::new())), location, folder: None, database: None }
            }
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let location = Location::Sqlite(folder.path().join("truebell.db"));
                Self { memory: None, location, folder: Some(folder), database: None }
            }
            Kind::Postgres => {
                let name = format!("truebell_moving_{}_{number}", std::process::id());
                admin(&server()).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
                let url = server();
                let (base, query) = url.split_once('?').map_or((url.as_str(), String::new()), |(base, query)| (base, format!("?{query}")));
                let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
                let location = format!("{base}/{name}{query}").parse().unwrap();
                Self { memory: None, location, folder: None, database: Some(name) }
            }
        }
    }

    pub(super) fn memory(&self) -> &Memory {
        self.memory.as_deref().unwrap()
    }

    pub(super) async fn open(&self) -> (End, Option<MoveRow>) {
        let (store, row): (Arc<dyn Movable>, _) = match &self.memory {
            Some(memory) => (memory.clone(), memory.move_row().await.unwrap()),
            None => {
                let opened = open_movable(&self.location).await.unwrap();
                (opened.store, opened.row)
            }
        };
        let place = self.location.to_string();
        let url = match &self.location {
            Location::Sqlite(path) => format!("sqlite:{}", path.display()),
            Location::Postgres(url) => url.clone(),
        };
        (End { store, place, url: Secret::new(url) }, row)
    }

    pub(super) async fn remove(self) {
        drop(self.folder);
        if let Some(name) = self.database {
            admin(&server()).await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        }
    }
}

pub(super) async fn rows(store: &dyn Store) -> BTreeSet<(String, Vec<u8>)> {
    let mut rows = BTreeSet::new();
    let mut sink = |row: truebell_store::rows::DumpRow| rows.insert((row.table, row.columns));
    store.dump(&mut sink).await.unwrap();
    rows
}

/// A server with some people, on a first database, and an empty second one.
pub(super) struct World {
    pub sides: [Side; 2],
    pub switch: Arc<Switch>,
}

impl World {
    pub(super) async fn new(from: Kind, to: Kind, people: usize) -> (Self, Move) {
        Self::with_hook(from, to, people, None).await
    }

    pub(super) async fn with_hook(from: Kind, to: Kind, people: usize, hook: Option<Hook>) -> (Self, Move) {
        let (world, live, other) = Self::ready(from, to, people).await;
        let begun = Move::begin(world.switch.clone(), live, other, means(hook), KEEP).await.unwrap();
        (world, begun)
    }

    pub(super) async fn ready(from: Kind, to: Kind, people: usize) -> (Self, End, End) {
        let sides = [Side::new(from).await, Side::new(to).await];
        let (live, _) = sides[0].open().await;
        live.store.create_identity(&identity()).await.unwrap();
        let mut chance = Seeded::new(5);
        for person in 0..people {
            crate::testing::sign_up(&*live.store, &mut chance, UnixMillis(1_000), &format!("person-{person}@example.org")).await;
        }
        let switch = Arc::new(Switch::new(live.store.clone()));
        let (other, _) = sides[1].open().await;
        (Self { sides, switch }, live, other)
    }

    pub(super) async fn remove(self) {
        drop(self.switch);
        for side in self.sides {
            side.remove().await;
        }
    }

    /// Opens what a crash left, as a server that starts would: the switch on the database that counts, and the move.
    pub(super) async fn after_a_crash(&mut self) -> Result<Option<Move>, Stop> {
        let [first, second] = &self.sides;
        let (mut live, mut row) = first.open().await;
        let (mut other, there) = second.open().await;
        if row.as_ref().is_some_and(|row| row.role == Role::Moved) {
            std::mem::swap(&mut live, &mut other);
            let left = row;
            row = there;
            assert!(row.as_ref().is_some_and(|row| matches!(row.role, Role::Ready | Role::Live)), "one of the two counts");
            if let (Some(left), Some(ready)) = (left, row.take_if(|row| row.role == Role::Ready)) {
                let counts = became_live(ready, &left);
                live.store.put_move_row(Some(&counts)).await.unwrap();
                row = Some(counts);
            }
        }
        self.switch = Arc::new(Switch::new(live.store.clone()));
        match row {
            Some(row) => Move::take_up(self.switch.clone(), live, &row, other, means(None)).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Takes steps until one says something else than that there is more.
pub(super) async fn run(moving: &mut Move) -> Result<Next, Stop> {
    for _ in 0..5_000 {
        match moving.step().await? {
            Next::Again => tokio::task::yield_now().await,
            other => return Ok(other),
        }
    }
    panic!("it goes on for ever in {:?}", moving.phase());
}

/// What was acknowledged to people.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    sessions: Vec<Hash32>,
    invitations: Vec<Hash32>,
    accounts: Vec<String>,
}

/// People who write until they are told to stop.
pub(super) struct Writers {
    stop: Arc<AtomicBool>,
    written: Arc<Mutex<Acknowledged>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    pub(super) fn start(store: Arc<dyn Store>, many: u64) -> Self {
        Self::of_numbers(store, 0..many)
    }

    /// Others than those with other numbers.
    pub(super) fn of_numbers(store: Arc<dyn Store>, numbers: std::ops::Range<u64>) -> Self {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Acknowledged::default())));
        let tasks = numbers.map(|number| tokio::spawn(write(store.clone(), number, stop.clone(), written.clone()))).collect();
        Self { stop, written, tasks }
    }

    pub(super) fn count(&self) -> usize {
        let written = self.written.lock().unwrap();
        written.sessions.len() + written.invitations.len() + written.accounts.len()
    }

    pub(super) async fn more(&self, than: usize) {
        let wanted = self.count() + than;
        while self.count() < wanted && self.tasks.iter().all(|task| !task.is_finished()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(super) async fn stop(self) -> Acknowledged {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        Arc::into_inner(self.written).unwrap().into_inner().unwrap()
    }
}

async fn write(store: Arc<dyn Store>, number: u64, stop: Arc<AtomicBool>, written: Arc<Mutex<Acknowledged>>) {
    let mut chance = Seeded::new(1_000 + number);
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let address = format!("writer-{number}-{round}@example.org");
        let account = crate::testing::sign_up(&*store, &mut chance, UnixMillis(2_000), &address).await;
        written.lock().unwrap().accounts.push(address);
        let device = store.devices(account).await.unwrap()[0].device.device;
        let session = NewSession {
            session: SessionId::make_random(&mut chance),
            device,
            token: Hash32(make_array(&mut chance)),
            opened: UnixMillis(3_000),
            expires: UnixMillis(9_000_000_000),
        };
        assert_eq!(store.open_session(session.clone()).await, Ok(true), "a writer waits and is never refused");
        written.lock().unwrap().sessions.push(session.token);
        let invitation = Hash32(make_array(&mut chance));
        assert_eq!(store.invite(invitation, UnixMillis(9_000_000_000)).await, Ok(()));
        written.lock().unwrap().invitations.push(invitation);
        // What was just written is read again, wherever it is by now.
        assert!(store.session(session.token).await.unwrap().is_some(), "a person reads their own write");
        // Many at first, and then so few that a move in small steps gets ahead of them on the slowest machine.
        tokio::time::sleep(Duration::from_millis(if round < 15 { 2 } else { 150 })).await;
    }
}

impl Acknowledged {
    /// Whether all of it is there.
    pub(super) async fn check(&self, store: &dyn Store) {
        for session in &self.sessions {
            assert!(store.session(*session).await.unwrap().is_some(), "an acknowledged session is lost");
        }
        for address in &self.accounts {
            assert!(store.account_by_address(address).await.unwrap().is_some(), "an acknowledged account is lost");
        }
        let all = rows(store).await;
        let there = |invitation: &Hash32| {
            all.iter().any(|(table, columns)| table == "invitations" && columns.windows(32).any(|part| part == invitation.0))
        };
        assert!(self.invitations.iter().all(there), "an acknowledged invitation is lost");
    }
}
