//! A server in this process, with a clock and chance of its own, and people with real keys who talk to it. Every reply is checked as
//! a client checks it: signed by our key, for this request, and its body the one that was signed.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tower::ServiceExt;
use truebell_core::chance::Chance;
use truebell_core::hash::Hash32;
use truebell_core::head::{Head, Status};
use truebell_core::ids::ServerId;
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::sign::SigningKey;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_core::wire::server::{Problem, SignUpMode};
use truebell_server::chance::ChanceSource;
use truebell_server::clock::Clock;
use truebell_server::metrics::Metrics;
use truebell_server::serve::routes;
use truebell_server::{App, ServerKeys, Settings};
use truebell_store::Store;
use truebell_store::rows::Identity;

/// When all stories begin: 2026-11-23T00:00:00Z.
pub(crate) const BEGIN: UnixMillis = UnixMillis(1_795_392_000_000);

/// A clock the test moves.
pub(crate) struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

/// Chance from a counter: each request gets the next seed.
struct TestChance(AtomicU64);

impl ChanceSource for TestChance {
    fn chance(&self) -> Box<dyn Chance + Send> {
        Box::new(Seeded::new(1_000_000 + self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

/// A server and everything around it.
pub(crate) struct World {
    pub store: Arc<dyn Store>,
    pub faults: super::backend::Faults,
    pub identity: Identity,
    pub clock: Arc<TestClock>,
    pub app: Arc<App>,
    pub metrics: Arc<Metrics>,
    router: Router,
    nonces: AtomicU64,
    _kept: super::backend::Kept,
}

impl World {
    /// A server that takes anybody.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A server with settings changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings { sign_up: SignUpMode::Open, ..Settings::default() };
        change(&mut settings);
        let (store, faults, kept) = super::backend::open().await;
        let mut chance = Seeded::new(7);
        let signing = SigningKey::make_random(&mut chance);
        let opaque = ServerSetup::make_random(&mut chance);
        let sealing = SealKey::make_random(&mut chance);
        let (server, key) = (ServerId([0x5e; 16]), signing.public());
        let identity = Identity { server, key, generation: [0x9e; 16], restore_epoch: 0, created: BEGIN };
        store.create_identity(&identity).await.unwrap();
        let clock = Arc::new(TestClock(AtomicU64::new(BEGIN.0)));
        let keys = ServerKeys { signing, opaque, sealing };
        let chance = Arc::new(TestChance(AtomicU64::new(0)));
        let app = Arc::new(App::new(store.clone(), keys, identity.clone(), settings, clock.clone(), chance));
        let metrics = Arc::new(Metrics::default());
        let router = routes(app.clone(), metrics.clone(), true);
        Self { store, faults, identity, clock, app, metrics, router, nonces: AtomicU64::new(1), _kept: kept }
    }

    /// The time here.
    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.clock.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Sets the clock back.
    pub(crate) fn turn_back(&self, time: Duration) {
        self.clock.0.fetch_sub(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// A request, not yet sent.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let nonce = u128::from(self.nonces.fetch_add(1, Ordering::SeqCst)).to_be_bytes();
        let text = data_encoding::BASE64URL_NOPAD.encode(&nonce);
        let request = Request::builder().method(method).uri(path).header("truebell-nonce", text).body(Body::empty()).unwrap();
        Ask { world: self, nonce, request }
    }

    /// `GET` of a page for people, which carries no head: status and text.
    pub(crate) async fn page(&self, path: &str) -> (u16, String) {
        let request = Request::builder().uri(path).header("accept", "text/html").body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    /// A request of a system that is no client: the reply carries no head. Status, headers, body.
    pub(crate) async fn plain(&self, request: Request<Body>) -> (u16, HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        assert!(parts.headers.get("truebell-head").is_none());
        (parts.status.as_u16(), parts.headers, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    /// `GET`.
    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    /// `POST` of JSON.
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Ask<'_> {
        self.ask(Method::POST, path).body(serde_json::to_vec(body).unwrap())
    }

    /// `POST` of CBOR.
    pub(crate) fn post_cbor(&self, path: &str, body: &impl minicbor::Encode<()>) -> Ask<'_> {
        self.ask(Method::POST, path).body(truebell_core::cbor::to_vec(body))
    }
}

/// A request to be sent.
pub(crate) struct Ask<'a> {
    world: &'a World,
    pub nonce: [u8; 16],
    pub request: Request<Body>,
}

impl Ask<'_> {
    /// With this body, and its length where it has one, as clients send it.
    pub(crate) fn body(mut self, bytes: impl Into<Body>) -> Self {
        *self.request.body_mut() = bytes.into();
        match axum::body::HttpBody::size_hint(self.request.body()).exact() {
            Some(length) => self.header("content-length", &length.to_string()),
            None => self,
        }
    }

    /// With this header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    /// With this token.
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// From this address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        let peer: SocketAddr = address.parse().unwrap();
        self.request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        self
    }

    /// Sends it and gives the reply before its body is read.
    pub(crate) async fn begin(self) -> Begun {
        let response = self.world.router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let value = parts.headers.get("truebell-head").expect("every reply has a head").to_str().unwrap().to_owned();
        let head = Head::verify(&value, &self.world.identity.key).expect("every head is signed by our key");
        assert_eq!(head.nonce, self.nonce, "the head answers this request");
        assert_eq!((head.server, head.at), (self.world.identity.server, self.world.now()));
        assert_eq!(parts.headers.get("cache-control").unwrap(), "no-store");
        Begun { status: parts.status.as_u16(), headers: parts.headers, head, body }
    }

    /// Sends it and reads the whole reply.
    pub(crate) async fn send(self) -> Reply {
        let begun = self.begin().await;
        let whole = begun.body.collect().await;
        let (body, cut) = whole.map_or((Vec::new(), true), |body| (body.to_bytes().to_vec(), false));
        if let Some(digest) = begun.head.body {
            assert_eq!(digest, Hash32::derive_plain(&body), "the signed body is the one that came");
        }
        let reply = Reply { status: begun.status, headers: begun.headers, head: begun.head, body, cut };
        reply.check_consistent();
        reply
    }
}

/// A reply whose body is still to be read.
pub(crate) struct Begun {
    pub status: u16,
    pub headers: HeaderMap,
    pub head: Head,
    pub body: Body,
}

/// A reply whose head was verified.
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub head: Head,
    pub body: Vec<u8>,
    /// Whether the stream broke off.
    pub cut: bool,
}

impl Reply {
    /// Status line, problem and head say the same thing.
    fn check_consistent(&self) {
        let (http, word) = match &self.head.status {
            Status::Ok => (200, None),
            Status::Busy { .. } => (503, Some("busy")),
            Status::Maintenance { .. } => (503, Some("maintenance")),
            Status::Outdated { .. } => (403, Some("outdated")),
            Status::Refused { reason, .. } => (reason.http_status(), Some(reason.word())),
        };
        assert_eq!(self.status, http);
        if let Some(word) = word {
            let problem: Problem = serde_json::from_slice(&self.body).unwrap();
            assert_eq!((problem.kind, problem.status), (format!("https://truebell.org/problems/{word}"), http));
            assert_eq!(self.headers["content-type"], "application/problem+json");
        }
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The JSON body of a request that was done.
    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.head.status, Status::Ok, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    /// What became of the request, in a word.
    pub(crate) fn word(&self) -> &'static str {
        match &self.head.status {
            Status::Ok => "ok",
            Status::Busy { .. } => "busy",
            Status::Maintenance { .. } => "maintenance",
            Status::Outdated { .. } => "outdated",
            Status::Refused { reason, .. } => reason.word(),
        }
    }
}
