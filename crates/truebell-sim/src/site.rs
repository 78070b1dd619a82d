//! The server's side: real [`App`]s over a real store in memory, and everything an operator or a machine does to them. One request goes
//! in, one answer comes out, on one thread.

mod operator;

use crate::dice::{Dice, Spring};
use crate::fault::DbFault;
use crate::heads;
use crate::relay::Relay;
use crate::time::{Time, Watch};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use truebell_client::Method;
use truebell_core::hash::Hash32;
use truebell_core::head::{HEADER, NONCE_HEADER};
use truebell_core::ids::ServerId;
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::secret::Secret;
use truebell_core::sign::SigningKey;
use truebell_core::wire::server::SignUpMode;
use truebell_server::mail::{Carrier, Composer, Signer, sender};
use truebell_server::{App, ServerKeys, Settings, jobs};
use truebell_store::memory::{Fault as StoreFault, Memory};
use truebell_store::rows::{DumpRow, Identity};
use truebell_store::{Store, StoreError};

/// Where the simulated server is.
pub const ADDRESS: &str = "https://vault.example.org";
/// Where its status page is, in worlds where it has one.
pub const STATUS_ADDRESS: &str = "https://status.example.org";
/// Methods of the store that only read: a replica may answer them.
const READS: [&str; 12] = [
    "account_by_address",
    "account",
    "enrolment",
    "device",
    "devices",
    "session",
    "sessions",
    "changes",
    "revisions",
    "dropped_since",
    "chunk",
    "event_by_code",
];

/// A request on its way.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) line: usize,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
    pub(crate) nonce: String,
    pub(crate) token: Option<Secret>,
}

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) via: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// How the server is, as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It serves.
    Up,
    /// It is stopped, or refuses to start: whoever stands before it answers with this page of the bank, or nobody does.
    Down(Option<u16>),
    /// Somebody started it with another signing key, over a copy of its database: over its own it refuses to start.
    OtherKey,
    /// Started, by force, over another and empty database.
    OtherDatabase,
    /// Its disk is full.
    DiskFull,
    /// Its database is fenced: the last moment of a move.
    Fenced,
}

/// What the database does wrong in the exchange at hand.
#[derive(Default)]
struct DbPlan {
    planned: Option<(u8, DbFault)>,
    /// From this look on the process is dead.
    dies_at: Option<u8>,
    always: Option<StoreError>,
    /// News are read from the replica.
    behind: bool,
    calls: u8,
    fired: bool,
    /// The condition it is in failed the request at hand.
    condition_fired: bool,
}

impl DbPlan {
    fn next(&mut self, method: &'static str) -> Option<StoreFault> {
        let reads = READS.contains(&method);
        if let Some(error) = self.always
            && (!reads || error == StoreError::Unavailable)
        {
            self.condition_fired = true;
            return Some(StoreFault::NotPersisted(error));
        }
        if self.behind && matches!(method, "changes" | "revisions" | "dropped_since") {
            return Some(StoreFault::Behind);
        }
        let number = self.calls;
        self.calls = self.calls.saturating_add(1);
        if self.dies_at.is_some_and(|at| number >= at) {
            self.fired = true;
            return Some(StoreFault::NotPersisted(StoreError::Unavailable));
        }
        let (at, how) = self.planned?;
        let fitting = match how {
            DbFault::Behind => reads,
            DbFault::Full | DbFault::ReadOnly | DbFault::Written => !reads,
            DbFault::Unavailable => true,
        };
        if self.calls <= at || !fitting {
            return None;
        }
        (self.planned, self.fired) = (None, true);
        Some(match how {
            DbFault::Unavailable => StoreFault::NotPersisted(StoreError::Unavailable),
            DbFault::Full => StoreFault::NotPersisted(StoreError::Full),
            DbFault::ReadOnly => StoreFault::NotPersisted(StoreError::ReadOnly),
            DbFault::Written => StoreFault::Persisted,
            DbFault::Behind => StoreFault::Behind,
        })
    }
}

/// One process of the server.
struct Instance {
    app: Arc<App>,
    router: Router,
    /// Whether it is of the next version.
    is_newer: bool,
}

/// A server with its database, its relay and its operator.
pub struct Site {
    time: Time,
    /// The server's clock.
    pub watch: Watch,
    /// Its mail relay.
    pub relay: Relay,
    seed: u64,
    store: Arc<Memory>,
    plan: Arc<Mutex<DbPlan>>,
    identity: Identity,
    settings: Settings,
    spring: Arc<Spring>,
    instances: Vec<Instance>,
    odd: Option<Instance>,
    condition: Condition,
    backup: Option<Memory>,
    /// Answers that a process of the next version gave.
    pub(crate) answers_of_next_version: u64,
    /// A mutation: what a backup brings back is sent again.
    pub(crate) replays_outbox: bool,
    /// A mutation: a restore is not told.
    pub(crate) hides_restore: bool,
    /// A mutation: this device hears no news.
    withheld: Option<usize>,
    /// Requests whose path begins so are not known: the server is of before.
    unknown: Option<&'static str>,
    /// What the status page says, on its own host.
    page: Option<Vec<u8>>,
    runtime: Runtime,
    dice: Dice,
}

type Keys = (SigningKey, ServerSetup, SealKey);

fn make_keys(seed: u64) -> Keys {
    let mut dice = Dice::new(seed);
    (SigningKey::make_random(&mut dice), ServerSetup::make_random(&mut dice), SealKey::make_random(&mut dice))
}

/// The server's own keys are the same in every world, so that accounts are.
static KEYS: LazyLock<Keys> = LazyLock::new(|| make_keys(0x5e));
/// The keys of somebody else's server.
static OTHER_KEYS: LazyLock<Keys> = LazyLock::new(|| make_keys(0x66));

/// The server's id, in every world.
pub(crate) const SERVER: ServerId = ServerId([0x5e; 16]);

pub(crate) fn signing_key() -> SigningKey {
    KEYS.0.clone()
}

pub(crate) fn other_signing_key() -> SigningKey {
    OTHER_KEYS.0.clone()
}

/// What a future of the store in memory gives: it is always ready.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

impl Site {
    #[expect(clippy::expect_used, reason = "a runtime without sockets needs nothing that a machine could lack")]
    pub(crate) fn new(seed: u64, time: &Time) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime on this thread");
        let identity = Identity { server: SERVER, key: signing_key().public(), generation: [7; 16], restore_epoch: 0, created: time.now() };
        let settings = Settings { sign_up: SignUpMode::Open, session_lifetime: Duration::from_hours(6), ..Settings::default() };
        let mut site = Self {
            time: time.clone(),
            watch: Watch::new(time),
            relay: Relay::new(seed),
            seed,
            store: Arc::new(Memory::new()),
            plan: Arc::default(),
            identity,
            settings,
            spring: Arc::new(Spring::new(seed)),
            instances: Vec::new(),
            odd: None,
            condition: Condition::Up,
            backup: None,
            answers_of_next_version: 0,
            replays_outbox: false,
            hides_restore: false,
            withheld: None,
            unknown: None,
            page: None,
            runtime,
            dice: Dice::about(seed, 0x5173),
        };
        let _created = ready(site.store.create_identity(&site.identity));
        site.store.mark();
        site.take_store(site.store.clone());
        site
    }

    fn plan(&self) -> MutexGuard<'_, DbPlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves this store from now on, with fresh processes.
    fn take_store(&mut self, store: Arc<Memory>) {
        self.store.faults().heal();
        let plan = self.plan.clone();
        store.faults().decide_by(Box::new(move |method| plan.lock().unwrap_or_else(PoisonError::into_inner).next(method)));
        self.store = store;
        let (count, newer) = (self.instances.len().max(1), self.instances.iter().map(|instance| instance.is_newer).collect::<Vec<_>>());
        self.instances = (0..count).map(|number| self.instance(newer.get(number).copied().unwrap_or(false))).collect();
    }

    fn instance(&self, is_newer: bool) -> Instance {
        self.instance_over(self.store.clone(), self.identity.clone(), &KEYS, is_newer)
    }

    fn instance_over(&self, store: Arc<Memory>, identity: Identity, keys: &Keys, is_newer: bool) -> Instance {
        let (signing, opaque, sealing) = keys.clone();
        let keys = ServerKeys { signing, opaque, sealing };
        let app = App::new(store, keys, identity, self.settings.clone(), Arc::new(self.watch.clone()), self.spring.clone());
        let app = Arc::new(app);
        Instance { router: truebell_server::router(app.clone()), app, is_newer }
    }

    /// The database, for an observer. Whoever looks calls [`Self::look`].
    pub(crate) fn store(&self) -> &Arc<Memory> {
        &self.store
    }

    /// Looks into the database without meeting a fault, and without leaving a trace.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Memory) -> T) -> T {
        self.store.faults().quiet(true);
        let seen = look(&self.store);
        self.store.faults().quiet(false);
        seen
    }

    /// How often the database was asked to change anything about an account's security.
    pub(crate) fn security_writes(&self) -> u32 {
        let faults = self.store.faults();
        ["record", "sign_up", "delete_account", "open_session", "close_session"].iter().map(|method| faults.calls(method)).sum()
    }

    /// How the server is.
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// Makes it so.
    pub fn set_condition(&mut self, condition: Condition) {
        self.condition = condition;
        self.plan().always = match condition {
            Condition::DiskFull => Some(StoreError::Full),
            Condition::Fenced => Some(StoreError::Unavailable),
            _ => None,
        };
        self.odd = match condition {
            Condition::OtherKey => {
                // Acts it takes and signs with a key that nobody knows must not end up in the true chain.
                Some(self.instance_over(Arc::new(self.store.fork()), self.identity.clone(), &OTHER_KEYS, false))
            }
            Condition::OtherDatabase => {
                let (store, identity) = (Arc::new(Memory::new()), Identity { generation: [9; 16], ..self.identity.clone() });
                let _created = ready(store.create_identity(&identity));
                Some(self.instance_over(store, identity, &KEYS, false))
            }
            _ => None,
        };
    }

    /// Stops every process and starts it again: what was only in memory is gone.
    pub fn restart(&mut self) {
        self.take_store(self.store.clone());
    }

    /// Serves with so many processes, the last of which may be of the next version.
    pub fn scale(&mut self, count: usize, with_newer: bool) {
        self.instances = (0..count.max(1)).map(|number| self.instance(with_newer && number + 1 == count)).collect();
    }

    /// Remembers the database as it is now, for reads from a replica that is behind.
    pub fn let_replica_catch_up(&mut self) {
        self.store.mark();
    }

    pub(crate) fn withhold_from(&mut self, line: usize) {
        self.withheld = Some(line);
    }

    /// Makes a backup.
    pub fn back_up(&mut self) {
        self.backup = Some(self.store.fork());
    }

    /// Restores the last backup, as `truebell restore` does. False if there is none.
    pub fn restore(&mut self) -> bool {
        let Some(backup) = &self.backup else { return false };
        let mut rows: Vec<DumpRow> = Vec::new();
        let _dumped = ready(backup.dump(&mut |row| {
            rows.push(row);
            true
        }));
        if !self.hides_restore {
            self.identity.restore_epoch += 1;
        }
        let replays = self.replays_outbox;
        let restored = Arc::new(Memory::new());
        let mut rows = rows.into_iter().map(|row| if replays { row } else { row.as_restored() });
        let _loaded = ready(restored.load(&self.identity, &mut rows));
        restored.mark();
        self.take_store(restored);
        true
    }

    /// Moves to another store: everything that was there is there, in another database.
    pub fn move_store(&mut self) {
        let copy = Arc::new(self.store.fork());
        copy.mark();
        self.store.faults().fail_all(StoreError::Unavailable);
        self.take_store(copy);
        self.set_condition(Condition::Up);
    }

    /// A mutation's doing: tables named are put back to what they were.
    pub(crate) fn splice(&mut self, before: &Memory, tables: &[&str]) {
        let dump = |memory: &Memory| {
            let mut rows: Vec<DumpRow> = Vec::new();
            let _dumped = ready(memory.dump(&mut |row| {
                rows.push(row);
                true
            }));
            rows
        };
        let now = self.look(dump).into_iter().filter(|row| !tables.contains(&row.table.as_str()));
        let old = dump(before).into_iter().filter(|row| tables.contains(&row.table.as_str()));
        let mut rows: Vec<DumpRow> = now.chain(old).collect();
        let spliced = Arc::new(Memory::new());
        let _loaded = ready(spliced.load(&self.identity, &mut rows.drain(..)));
        spliced.mark();
        self.take_store(spliced);
    }

    /// Does what servers do without being asked: sends mails, deletes accounts whose time has come, sweeps.
    pub(crate) fn work(&mut self) {
        if matches!(self.condition, Condition::Down(_)) {
            return;
        }
        let watch = self.watch.clone();
        let composer = composer();
        let carrier = Carrier::Given(Box::new(self.relay.clone()));
        let store = self.store.clone();
        self.runtime.block_on(async {
            // A store that fails a job is asked again at its next turn.
            let _round = sender::send_due(&*store, &carrier, &composer, &|| watch.shows()).await;
            let _deleted = jobs::delete_due(&*store, watch.shows()).await;
            let _swept = jobs::sweep(&*store, watch.shows()).await;
        });
    }

    /// Plans what the database does wrong in the next exchange; `None` for nothing.
    pub(crate) fn plan_database(&self, fault: Option<(u8, DbFault)>) {
        let mut plan = self.plan();
        (plan.planned, plan.dies_at, plan.calls, plan.fired) = (fault, None, 0, false);
    }

    /// The process that takes the next request dies at this look at the database.
    pub(crate) fn plan_death(&self, at: u8) {
        let mut plan = self.plan();
        (plan.planned, plan.dies_at, plan.calls, plan.fired) = (None, Some(at), 0, false);
    }

    /// Whether the condition the database is in failed anything since.
    pub(crate) fn condition_failed(&self) -> bool {
        self.plan().condition_fired
    }

    /// Whether it did something wrong since.
    pub(crate) fn database_failed(&self) -> bool {
        self.plan().fired
    }

    /// One request, answered. `None` where nobody listens.
    pub(crate) fn answer(&mut self, question: &Question) -> Option<Answer> {
        if let Condition::Down(page) = self.condition {
            return page.and_then(crate::net::page);
        }
        {
            let mut plan = self.plan();
            (plan.behind, plan.condition_fired) = (self.withheld == Some(question.line) && question.path == "/v1/sync", false);
        }
        let place = self.dice.place(self.instances.len());
        let instance = self.odd.as_ref().or_else(|| self.instances.get(place))?;
        let (router, is_newer) = (instance.router.clone(), instance.is_newer);
        let request = to_http(question, self.unknown)?;
        let answer = self.runtime.block_on(async move {
            let response = router.oneshot(request).await.ok()?;
            let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let (status, head, content_type) = (response.status().as_u16(), header(HEADER), header("content-type"));
            let mut body = response.into_body();
            let mut bytes = Vec::new();
            // A stream that the server gives up ends early: what came is what the device gets.
            while let Some(Ok(frame)) = body.frame().await {
                if let Ok(data) = frame.into_data() {
                    bytes.extend_from_slice(&data);
                }
            }
            Some(Answer { status, head, content_type, via: None, body: bytes })
        })?;
        self.answers_of_next_version += u64::from(is_newer);
        Some(if is_newer { of_next_version(answer) } else { answer })
    }

    /// The same seed, for whoever needs dice of their own.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The true time.
    pub(crate) fn time(&self) -> &Time {
        &self.time
    }
}

/// Makes the mails of this server.
#[expect(clippy::expect_used, reason = "a constant address")]
pub(crate) fn composer() -> Composer {
    let from = "Truebell <notices@vault.example.org>".parse().expect("a mail address");
    Composer::new(from, ADDRESS.to_owned(), None, Signer { server: SERVER, key: signing_key() })
}

fn to_http(question: &Question, unknown: Option<&str>) -> Option<Request<Body>> {
    let method = match question.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    // What a server of before is asked for is, for it, like what no server knows.
    let is_unknown = unknown.is_some_and(|begins| question.path.starts_with(begins));
    let path = if is_unknown { "/v1/of-a-later-version" } else { &question.path };
    let mut request = Request::builder().method(method).uri(path).header(NONCE_HEADER, &question.nonce);
    if !question.content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, &question.content_type);
    }
    if let Some(token) = &question.token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    let mut request = request.body(Body::from(question.body.clone())).ok()?;
    let host = u8::try_from(question.line % 250).unwrap_or(0);
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), 443)));
    Some(request)
}

/// What the next version would answer: the same, with more in it.
fn of_next_version(answer: Answer) -> Answer {
    let key = signing_key();
    let Some(mut head) = answer.head.as_deref().and_then(|head| heads::open(head, &key)) else { return answer };
    let mut body = answer.body;
    if head.body.is_some() && body.first() == Some(&b'{') && body.len() > 2 {
        body.splice(1..1, br#""of_the_next_version":[1,{"a":null}],"#.iter().copied());
        head.body = Some(Hash32::derive_plain(&body));
    }
    Answer { head: Some(heads::of_next_version(&head, &key)), body, ..answer }
}
