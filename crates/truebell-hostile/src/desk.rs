//! The operator's desk: the honest server behind, the notebook on it, and what is told to it under `/hostile/`.
//!
//! | request | does |
//! |---|---|
//! | `POST /hostile/mark` | remembers the database as it is now, for a later roll-back |
//! | `POST /hostile/begin?attack=NAME` | begins an attack; without a name, the one it was started with |
//! | `POST /hostile/end` | is honest again |
//! | `GET /hostile/heard` | every request so far: method, path, bytes of body; of a commit, the bytes of what is sealed in it |
//! | `GET /hostile/repeats` | how many uploads were the same bytes as another |
//! | `POST /hostile/search` | in how many requests the posted bytes were |

use crate::answer::{Answer, Heard};
use crate::attacks::{Attack, Bend, find};
use crate::notebook::Notebook;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::response::Response;
use axum::routing::{get, post};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use truebell_core::cbor;
use truebell_core::chance::make_array;
use truebell_core::head::NONCE_HEADER;
use truebell_core::ids::ServerId;
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::sign::SigningKey;
use truebell_core::vault::Commit;
use truebell_core::wire::server::SignUpMode;
use truebell_server::chance::{ChanceSource, MachineChance};
use truebell_server::clock::{Clock, MachineClock};
use truebell_server::metrics::Metrics;
use truebell_server::serve::routes;
use truebell_server::{App, ServerKeys, Settings};
use truebell_store::Store;
use truebell_store::memory::Memory;
use truebell_store::rows::{DumpRow, Identity};

/// Longest request that is read.
const BODY_BYTES_MAX: usize = 64 << 20;

/// One database with an honest server on it.
struct World {
    store: Arc<Memory>,
    router: Router,
}

/// What the server has to be itself.
struct Own {
    signing: SigningKey,
    opaque: Vec<u8>,
    sealing: [u8; 32],
    identity: Identity,
}

/// The server.
pub struct Desk {
    own: Own,
    state: Mutex<Now>,
    notebook: Mutex<Notebook>,
    default: Option<&'static Attack>,
}

/// What is in force.
struct Now {
    /// What everybody sees; with a fork, what one device sees.
    main: Arc<World>,
    /// What all others see.
    branch: Option<(String, Arc<World>)>,
    marked: Vec<DumpRow>,
    attack: Option<&'static Attack>,
}

impl Desk {
    /// A new server. Honest until [`Desk::begin`].
    ///
    /// # Panics
    /// If there is no attack by that name.
    pub async fn open(attack: Option<&str>) -> Self {
        let mut chance = MachineChance.chance();
        let signing = SigningKey::make_random(&mut *chance);
        let opaque = ServerSetup::make_random(&mut *chance).expose_bytes().to_vec();
        let identity = Identity {
            server: ServerId::make_random(&mut *chance),
            key: signing.public(),
            generation: make_array(&mut *chance),
            restore_epoch: 0,
            created: MachineClock.now(),
        };
        let sealing = make_array(&mut *chance);
        let notebook = Mutex::new(Notebook::new(signing.clone(), identity.server));
        let own = Own { signing, opaque, sealing, identity };
        let main = Arc::new(own.world(0, Vec::new()).await);
        let state = Mutex::new(Now { main, branch: None, marked: Vec::new(), attack: None });
        Self { own, state, notebook, default: attack.map(|name| find(name).unwrap()) }
    }

    /// Begins an attack.
    ///
    /// # Panics
    /// If there is no attack by that name, or none was named at all.
    pub async fn begin(&self, name: Option<&str>) {
        let attack = name.map_or(self.default, find).unwrap();
        let (main, marked) = {
            let state = self.state.lock();
            (state.main.clone(), state.marked.clone())
        };
        let (mut next, mut branch) = (main.clone(), None);
        match attack.bend {
            Bend::RollBack { restore_epoch } => next = Arc::new(self.own.world(restore_epoch, marked).await),
            Bend::Fork => {
                let last = self.notebook.lock().heard.iter().rev().find_map(|heard| heard.token.clone()).unwrap();
                branch = Some((last, Arc::new(self.own.world(0, dump(&main.store).await).await)));
            }
            Bend::Reply(_) | Bend::Instead(_) => {}
        }
        let mut state = self.state.lock();
        (state.main, state.branch, state.attack) = (next, branch, Some(attack));
    }

    fn end(&self) {
        let mut state = self.state.lock();
        (state.attack, state.branch) = (None, None);
    }

    fn world_for(&self, heard: &Heard) -> (Arc<World>, Option<&'static Attack>) {
        let state = self.state.lock();
        let is_branch = state.branch.as_ref().filter(|(device, _)| heard.token.as_ref() != Some(device));
        (is_branch.map_or(&state.main, |(_, world)| world).clone(), state.attack)
    }
}

impl Own {
    /// An honest server on a database of these rows.
    async fn world(&self, restore_epoch: u64, rows: Vec<DumpRow>) -> World {
        let store = Arc::new(Memory::new());
        let identity = Identity { restore_epoch, ..self.identity.clone() };
        if rows.is_empty() {
            store.create_identity(&identity).await.unwrap();
        } else {
            store.load(&identity, &mut rows.into_iter()).await.unwrap();
        }
        let keys = ServerKeys {
            signing: self.signing.clone(),
            opaque: ServerSetup::from_bytes(&self.opaque).unwrap(),
            sealing: SealKey::from_bytes(self.sealing),
        };
        let settings = Settings { sign_up: SignUpMode::Open, pace: Duration::from_millis(100), ..Settings::default() };
        let app = App::new(store.clone(), keys, identity, settings, Arc::new(MachineClock), Arc::new(MachineChance));
        World { store, router: routes(Arc::new(app), Arc::new(Metrics::default()), false) }
    }
}

async fn dump(store: &Memory) -> Vec<DumpRow> {
    let mut rows = Vec::new();
    store
        .dump(&mut |row| {
            rows.push(row);
            true
        })
        .await
        .unwrap();
    rows
}

/// Everything it answers.
pub fn front(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/hostile/mark", post(mark))
        .route("/hostile/begin", post(begin))
        .route("/hostile/end", post(end))
        .route("/hostile/heard", get(heard))
        .route("/hostile/search", post(search))
        .route("/hostile/repeats", get(repeats))
        .fallback(answer)
        .with_state(desk)
}

async fn mark(State(desk): State<Arc<Desk>>) {
    let main = desk.state.lock().main.clone();
    let rows = dump(&main.store).await;
    desk.state.lock().marked = rows;
}

async fn begin(State(desk): State<Arc<Desk>>, Query(query): Query<BTreeMap<String, String>>) {
    desk.begin(query.get("attack").map(String::as_str)).await;
}

async fn end(State(desk): State<Arc<Desk>>) {
    desk.end();
}

async fn heard(State(desk): State<Arc<Desk>>) -> axum::Json<serde_json::Value> {
    let notebook = desk.notebook.lock();
    axum::Json(notebook.heard.iter().map(line).collect())
}

fn line(heard: &Heard) -> serde_json::Value {
    let commit: Option<Commit> = heard.path.ends_with("/commits").then(|| cbor::from_slice(&heard.body).ok()).flatten();
    let sealed = commit.map(|commit| commit.revisions.iter().map(|revision| revision.overview.len() + revision.detail.len()).sum());
    let bytes: usize = sealed.unwrap_or(heard.body.len());
    serde_json::json!({ "method": heard.method, "path": heard.path, "bytes": bytes })
}

async fn search(State(desk): State<Arc<Desk>>, needle: Bytes) -> String {
    let holds = |bytes: &[u8]| bytes.windows(needle.len().max(1)).any(|window| window == needle);
    let notebook = desk.notebook.lock();
    notebook.heard.iter().filter(|heard| holds(&heard.body) || holds(heard.path.as_bytes())).count().to_string()
}

async fn repeats(State(desk): State<Arc<Desk>>) -> String {
    let notebook = desk.notebook.lock();
    let uploads: Vec<&Heard> = notebook.heard.iter().filter(|heard| heard.method == "PUT").collect();
    let seen: BTreeSet<&[u8]> = uploads.iter().map(|upload| upload.body.as_slice()).collect();
    (uploads.len() - seen.len()).to_string()
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let word = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let nonce = word(NONCE_HEADER).and_then(|nonce| data_encoding::BASE64URL_NOPAD.decode(nonce.as_bytes()).ok());
    let heard = Heard {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        token: word(header::AUTHORIZATION.as_str()).map(str::to_owned),
        nonce: nonce.and_then(|nonce| nonce.try_into().ok()).unwrap_or_default(),
        body: body.to_vec(),
    };
    desk.notebook.lock().heard.push(heard.clone());
    let (world, attack) = desk.world_for(&heard);
    let key = desk.own.identity.key;
    if let Some(Attack { bend: Bend::Instead(instead), .. }) = attack
        && let Some(made_up) = instead(&heard, &mut desk.notebook.lock())
    {
        return made_up.into_response(&desk.own.signing);
    }
    let Ok(response) = world.router.clone().oneshot(Request::from_parts(parts, Body::from(body))).await;
    if heard.path == "/v1/hints" {
        return response;
    }
    let mut answer = Answer::read(response, &key).await;
    let mut notebook = desk.notebook.lock();
    match attack {
        Some(Attack { bend: Bend::Reply(bend), .. }) => bend(&heard, &mut answer, &mut notebook),
        _ => notebook.keep(&heard, &answer),
    }
    answer.into_response(&desk.own.signing)
}
