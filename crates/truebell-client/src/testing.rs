//! A server in memory, honest until a test says otherwise: it signs heads, stores commits, countersigns acts. It holds what a real one
//! holds, and can be told to lose, cut, delay or lie.

#![expect(
    clippy::unwrap_in_result,
    clippy::too_many_lines,
    reason = "a test's server: a broken test may panic, and routes read best in one list"
)]

use super::transport::{Method, Request, Response, Transport};
use super::{Clock, World};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use truebell_core::account::AccountPublic;
use truebell_core::cbor;
use truebell_core::chance::{Chance, make_array};
use truebell_core::event::{
    Act, Chain, NewRetraction, Of, Reason as Why, What, check_act, countersign, inner_act, read_public, sign_retraction,
};
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, Head, Reason, Status, VaultMark};
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, ServerId, SessionId, VaultId};
use truebell_core::log::{Checkpoint, Origin, Tiles, append, cosign, derive_entry, prove_consistency, prove_inclusion};
use truebell_core::opaque::ServerSetup;
use truebell_core::outcome::Failure;
use truebell_core::secret::Secret;
use truebell_core::sign::{PublicKey, Purpose, SigningKey};
use truebell_core::status::{Entry, Said, Status as StatusDocument, StatusId};
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_core::totp::Totp;
use truebell_core::vault::{Commit, Kind, Revision, SignedVaultHead};
use truebell_core::wire::account::{self as wire, Record, Recorded, Session, SignedRecord};
use truebell_core::wire::device::{DeviceInfo, Devices, Enrol, Enrolled, NewDevice, Revoke, SessionInfo, Sessions};
use truebell_core::wire::log::{AskProofs, EventProof, Proofs};
use truebell_core::wire::server::{ServerInfo, SignUpMode};
use truebell_core::wire::sync::{Frame, Have};
use truebell_core::wire::vault::{Committed, NewVault, VaultInfo};
use truebell_core::wire::{sign_in, sign_up};

/// What goes wrong with the next exchange.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The request never arrives.
    Lost,
    /// It arrives and is done; the answer is lost.
    AnswerLost,
    /// Somebody else answers.
    Stranger(&'static str),
    /// Somebody else answers, with any status and anything in it.
    Anyone(u16, Vec<u8>),
    /// Our server is busy until then.
    Busy(UnixMillis),
    /// Our server says this, whatever was asked.
    Says(Status),
    /// Our server says it is done, with this, and nothing is.
    Pretends(Vec<u8>),
    /// It is done, and the head of the answer is not as it must be.
    Twisted(Twist),
    /// The body ends early.
    Cut(usize),
}

/// What is wrong with a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    /// Another server's id.
    Server,
    /// Another database.
    Generation,
    /// A restore that did not happen.
    EpochUp,
    /// The answer to another request.
    Nonce,
    /// Another key signed it.
    Key,
    /// A clock that is so many seconds late.
    Late(u64),
    /// Nothing happened to the account, ever.
    NoEvents,
    /// It is another body's.
    Body,
}

/// What the server does with its transparency log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogMood {
    /// Every event is in it.
    Honest,
    /// It has no checkpoint.
    Silent,
    /// New events do not get in.
    Slow,
    /// It gives no proof of consistency.
    Unproven,
    /// It shows another history of the same length.
    Forked,
    /// It shows less than it did.
    Behind,
}

/// Changes the frames of a sync before they are sent.
pub(super) type Tamper = fn(&mut Vec<Frame>);

#[derive(Clone, Default)]
struct Vault {
    info: Option<VaultInfo>,
    seq: u64,
    revisions: Vec<(u64, Revision)>,
    idempotency: BTreeMap<[u8; 16], u64>,
}

#[derive(Clone)]
struct Account {
    public: AccountPublic,
    opaque: Vec<u8>,
    record: Record,
    chain: Chain,
    events: Vec<String>,
    vaults: BTreeMap<VaultId, Vault>,
    devices: Vec<(DeviceInfo, PublicKey)>,
    sessions: Vec<(Session, DeviceId)>,
    chunks: BTreeMap<(AttachmentId, u64), Vec<u8>>,
    totp: Option<Totp>,
}

/// What a backup holds.
#[derive(Clone)]
struct State {
    accounts: BTreeMap<AccountId, Account>,
    /// Digests of events, in the order of the log.
    log: Vec<Hash32>,
    restore_epoch: u64,
    generation: [u8; 16],
}

struct Inner {
    key: SigningKey,
    setup: ServerSetup,
    chance: Seeded,
    state: State,
    backup: Option<State>,
    pending: BTreeMap<Vec<u8>, (AccountId, Vec<u8>)>,
    enrolments: BTreeMap<String, AccountId>,
    now: UnixMillis,
    faults: Vec<(String, Fault)>,
    tamper: Option<Tamper>,
    offline: bool,
    requests: Vec<String>,
    log: LogMood,
    said: Vec<Entry>,
    page: Option<Vec<u8>>,
    hints: Vec<u8>,
}

/// The server, and the clock everybody in a test goes by.
#[derive(Clone)]
pub(super) struct Fake(Arc<Mutex<Inner>>);

pub(super) const SERVER: ServerId = ServerId([0x5e; 16]);
/// Another host, which has the server's status page.
pub(super) const PAGE: &str = "https://status.example.org";
pub(super) const URL: &str = "http://127.0.0.1:8484";

type Done = Result<Vec<u8>, Reason>;

impl Fake {
    pub(super) fn new() -> Self {
        let mut chance = Seeded::new(1);
        let key = SigningKey::make_random(&mut chance);
        let setup = ServerSetup::make_random(&mut chance);
        let state = State { accounts: BTreeMap::new(), log: vec![], restore_epoch: 0, generation: [7; 16] };
        let inner = Inner {
            key,
            setup,
            chance,
            state,
            backup: None,
            pending: BTreeMap::new(),
            enrolments: BTreeMap::new(),
            now: UnixMillis(1_795_442_520_000),
            faults: vec![],
            tamper: None,
            hints: Vec::new(),
            offline: false,
            requests: vec![],
            log: LogMood::Honest,
            said: vec![],
            page: None,
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    pub(super) fn world(&self, seed: u64) -> World {
        World { transport: Arc::new(self.clone()), clock: Arc::new(self.clone()), chance: Box::new(Seeded::new(seed)) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// The next request whose path begins so meets a fault.
    pub(super) fn fail_next(&self, path: &str, fault: Fault) {
        self.inner().faults.push((path.to_owned(), fault));
    }

    /// What was to go wrong and has not had its turn goes right.
    pub(super) fn forget_faults(&self) {
        self.inner().faults.clear();
    }

    pub(super) fn tamper(&self, tamper: Option<Tamper>) {
        self.inner().tamper = tamper;
    }

    /// Has another keyset in the one account's record, under the same number; the one that was there.
    pub(super) fn exchange_keyset(&self, keyset: Vec<u8>) -> Vec<u8> {
        let mut inner = self.inner();
        let account = inner.state.accounts.values_mut().next().unwrap();
        std::mem::replace(&mut account.record.keyset, keyset)
    }

    pub(super) fn log(&self, mood: LogMood) {
        self.inner().log = mood;
    }

    /// An event of somebody else.
    pub(super) fn log_another(&self) {
        let mut inner = self.inner();
        let digest = Hash32(make_array(&mut inner.chance));
        inner.state.log.push(digest);
    }

    /// The operator says something.
    pub(super) fn say(&self, said: Said) -> StatusId {
        let mut inner = self.inner();
        let entry = Entry { entry: make_array(&mut inner.chance), at: inner.now, said };
        let id = StatusId::derive(&entry.entry);
        inner.said.push(entry);
        id
    }

    /// The signed status document.
    pub(super) fn signed(&self) -> Vec<u8> {
        self.inner().document()
    }

    /// The operator writes the status page, as `with` makes it of the signed document.
    pub(super) fn write_page(&self, with: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let mut inner = self.inner();
        inner.page = Some(with(inner.document()));
    }

    pub(super) fn offline(&self, offline: bool) {
        self.inner().offline = offline;
    }

    /// What whoever listens to hints is told, all at once.
    pub(super) fn hints(&self, bytes: &[u8]) {
        self.inner().hints = bytes.to_vec();
    }

    pub(super) fn pass(&self, seconds: u64) {
        let mut inner = self.inner();
        inner.now = UnixMillis(inner.now.0 + seconds * 1000);
    }

    pub(super) fn back_up(&self) {
        let mut inner = self.inner();
        inner.backup = Some(inner.state.clone());
    }

    /// As an operator does it: the backup comes back, and the restore epoch is raised.
    pub(super) fn restore(&self) {
        let mut inner = self.inner();
        let epoch = inner.state.restore_epoch + 1;
        inner.state = State { restore_epoch: epoch, ..inner.backup.clone().unwrap() };
    }

    /// As a dishonest one does it: the backup comes back and nothing is said.
    pub(super) fn roll_back(&self) {
        let mut inner = self.inner();
        inner.state = inner.backup.clone().unwrap();
    }

    /// Another server answers at the same address.
    pub(super) fn replace(&self) {
        let mut inner = self.inner();
        inner.key = SigningKey::from_seed(&[0x66; 32]);
    }

    pub(super) fn end_sessions(&self) {
        self.inner().state.accounts.values_mut().for_each(|account| account.sessions.clear());
    }

    pub(super) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().requests)
    }

    pub(super) fn revisions(&self) -> usize {
        self.inner().state.accounts.values().flat_map(|account| account.vaults.values()).map(|vault| vault.revisions.len()).sum()
    }

    pub(super) fn chunks(&self) -> usize {
        self.inner().state.accounts.values().map(|account| account.chunks.len()).sum()
    }

    /// The operator takes back the notice of the one account's event in this place.
    pub(super) fn retract(&self, seq: usize) {
        let mut inner = self.inner();
        let (key, at, id) = (inner.key.clone(), inner.now, EventId::make_random(&mut inner.chance));
        let account = inner.state.accounts.values_mut().next().unwrap();
        let event = read_public(&account.events[seq - 1], SERVER, &key.public(), &account.public.signing).unwrap();
        let new =
            NewRetraction { id, account: account.public.account, chain: account.chain, of: Of::event(&event), reason: Why::Fault, at };
        let signed = sign_retraction(new, SERVER, &key).unwrap();
        account.chain = Chain { seq: account.chain.seq + 1, digest: signed.digest, epoch: account.chain.epoch };
        account.events.push(signed.set);
    }

    /// Swaps two stored chunks.
    pub(super) fn swap_chunks(&self) {
        let mut inner = self.inner();
        let account = inner.state.accounts.values_mut().next().unwrap();
        let (first, last) = (*account.chunks.keys().next().unwrap(), *account.chunks.keys().next_back().unwrap());
        let (one, other) = (account.chunks[&first].clone(), account.chunks[&last].clone());
        account.chunks.insert(first, other);
        account.chunks.insert(last, one);
    }

    /// Loses the last chunk of the one attachment.
    pub(super) fn cut_chunks(&self) {
        self.inner().state.accounts.values_mut().for_each(|account| drop(account.chunks.pop_last()));
    }
}

impl Clock for Fake {
    fn now(&self) -> UnixMillis {
        self.inner().now
    }
}

impl Transport for Fake {
    fn exchange(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let mut inner = self.inner();
        inner.requests.push(request.path.to_owned());
        if request.server == PAGE {
            return inner.page.clone().map(page).ok_or(Failure::Connect);
        }
        if inner.offline {
            return Err(Failure::Connect);
        }
        let place = inner.faults.iter().position(|(path, _)| request.path.starts_with(path.as_str()));
        let fault = place.map(|place| inner.faults.remove(place).1);
        let nonce = BASE64URL_NOPAD.decode(request.nonce.as_bytes()).unwrap().try_into().unwrap();
        let mut respond = match &fault {
            Some(Fault::Lost) => return Err(Failure::Timeout),
            Some(Fault::Stranger(page)) => return Ok(stranger(403, page.as_bytes())),
            Some(Fault::Anyone(status, body)) => return Ok(stranger(*status, body)),
            Some(Fault::Says(status)) => Answered::status(status.clone()),
            Some(Fault::Pretends(body)) => Answered { body: body.clone(), ..Answered::status(Status::Ok) },
            Some(Fault::Busy(until)) => Answered::status(Status::Busy { until: *until }),
            _ => inner.answer(request),
        };
        if let Some(Fault::AnswerLost) = fault {
            return Err(Failure::Broken);
        }
        let body = respond.body.clone();
        if let Some(Fault::Cut(len)) = fault {
            respond.body.truncate(len);
        }
        let twist = if let Some(Fault::Twisted(twist)) = fault { Some(twist) } else { None };
        Ok(inner.sign(respond, &body, nonce, twist))
    }
}

fn page(body: Vec<u8>) -> Response {
    Response { status: 200, head: None, content_type: None, via: None, ray: None, body: Box::new(std::io::Cursor::new(body)) }
}

fn stranger(status: u16, page: &[u8]) -> Response {
    Response {
        status,
        head: None,
        content_type: Some("text/html".into()),
        via: None,
        ray: None,
        body: Box::new(std::io::Cursor::new(page.to_vec())),
    }
}

struct Answered {
    status: Status,
    body: Vec<u8>,
    stream: bool,
    account: Option<AccountHead>,
}

impl Answered {
    fn status(status: Status) -> Self {
        Self { status, body: b"{}".to_vec(), stream: false, account: None }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reason> {
    serde_json::from_slice(body).map_err(|_| Reason::Malformed)
}

fn json(value: &impl Serialize) -> Done {
    Ok(serde_json::to_vec(value).unwrap())
}

impl Inner {
    fn document(&self) -> Vec<u8> {
        StatusDocument::derive(SERVER, &self.said, self.now, None).sign(&self.key).expect("words have a form").into_bytes()
    }

    fn sign(&self, answered: Answered, body: &[u8], nonce: [u8; 16], twist: Option<Twist>) -> Response {
        let is_hints = answered.stream && answered.body == self.hints;
        let status = match &answered.status {
            Status::Ok => 200,
            Status::Refused { reason, .. } => reason.http_status(),
            _ => 503,
        };
        let mut head = Head {
            server: SERVER,
            generation: self.state.generation,
            restore_epoch: self.state.restore_epoch,
            at: self.now,
            nonce,
            status: answered.status,
            account: answered.account,
            pace_ms: 1_000,
            body: (!answered.stream).then(|| Hash32::derive_plain(body)),
        };
        let mut key = self.key.clone();
        match twist {
            None => {}
            Some(Twist::Server) => head.server = ServerId([1; 16]),
            Some(Twist::Generation) => head.generation = [1; 16],
            Some(Twist::EpochUp) => head.restore_epoch += 1,
            Some(Twist::Nonce) => head.nonce = [1; 16],
            Some(Twist::Key) => key = SigningKey::from_seed(&[1; 32]),
            Some(Twist::Late(seconds)) => head.at = UnixMillis(head.at.0.saturating_sub(seconds * 1000)),
            Some(Twist::NoEvents) => head.account.iter_mut().for_each(|account| account.chain = Chain::default()),
            Some(Twist::Body) => head.body = Some(Hash32([1; 32])),
        }
        Response {
            status,
            head: Some(head.sign(&key)),
            content_type: Some(if is_hints { "text/event-stream" } else { "application/json" }.into()),
            via: None,
            ray: None,
            body: Box::new(std::io::Cursor::new(answered.body)),
        }
    }

    fn answer(&mut self, request: &Request<'_>) -> Answered {
        let parts: Vec<&str> = request.path.split('/').skip(2).collect();
        let open = self.open_route(&parts, request);
        let (done, session) = match open {
            Some(done) => (done, None),
            None => match self.session(request.token) {
                Ok((account, device)) => (self.session_route(&parts, request, account, device), Some(account)),
                Err(reason) => (Err(reason), None),
            },
        };
        let account = session.map(|account| head_of(&self.state.accounts[&account]));
        match done {
            Ok(body) => Answered { status: Status::Ok, body, stream: parts == ["sync"] || parts == ["hints"], account },
            Err(reason) => Answered { account, ..Answered::status(Status::Refused { reason, retry_at: UnixMillis(0) }) },
        }
    }

    fn open_route(&mut self, parts: &[&str], request: &Request<'_>) -> Option<Done> {
        let body = request.body;
        Some(match parts {
            ["server"] => json(&ServerInfo {
                server: SERVER,
                key: self.key.public(),
                generation: self.state.generation.to_vec().into(),
                restore_epoch: self.state.restore_epoch,
                version: "0.1.0".into(),
                sign_up: SignUpMode::Open,
                attachment_bytes_max: 100 << 20,
                client_floor: None,
                status_url: Some(PAGE.into()),
            }),
            ["status"] => Ok(self.document()),
            ["sign-up", "start"] => read::<sign_up::Start>(body).and_then(|start| {
                let opaque = self.setup.registration_response(start.account, &start.opaque).map_err(|_| Reason::Malformed)?;
                json(&sign_up::Started { opaque: opaque.into() })
            }),
            ["sign-up", "finish"] => read(body).and_then(|finish| self.sign_up(finish)),
            ["sign-in", "lookup"] => read::<sign_in::Lookup>(body).and_then(|lookup| {
                let found = self.state.accounts.values().find(|account| account.record.email == lookup.email);
                json(&sign_in::Looked { account: found.map_or(AccountId([0; 16]), |found| found.public.account) })
            }),
            ["sign-in", "start"] => read(body).and_then(|start| self.sign_in_start(start)),
            ["sign-in", "finish"] => read(body).and_then(|finish| self.sign_in_finish(finish)),
            ["devices"] if request.method == Method::Post => read(body).and_then(|enrol| self.enrol(request.token, enrol)),
            ["sessions", "challenge"] => json(&sign_in::Challenged { challenge: b"challenge".to_vec().into() }),
            ["sessions"] if request.method == Method::Post => read(body).and_then(|prove| self.prove(prove)),
            ["log", "proofs"] => read(body).and_then(|asked| self.prove_log(&asked)),
            ["notices", code] => json(&self.check(code)),
            _ => return None,
        })
    }

    /// The log, taken in at the moment it is asked for.
    fn prove_log(&mut self, asked: &AskProofs) -> Done {
        if self.log == LogMood::Silent {
            return Err(Reason::NotFound);
        }
        if self.log != LogMood::Slow {
            let sets = self.state.accounts.values().flat_map(|account| &account.events);
            let digests: Vec<Hash32> = sets.map(|set| Hash32::derive_plain(set.as_bytes())).collect();
            let new: Vec<Hash32> = digests.into_iter().filter(|digest| !self.state.log.contains(digest)).collect();
            self.state.log.extend(new);
        }
        let mut digests = self.state.log.clone();
        match self.log {
            LogMood::Forked => digests[0] = Hash32([0xf0; 32]),
            LogMood::Behind => digests.truncate(1),
            _ => {}
        }
        let entries: Vec<Hash32> = digests.iter().map(derive_entry).collect();
        let appended = append(0, &[], &entries).unwrap();
        let mut tiles = Tiles::default();
        appended.tiles.iter().for_each(|(tile, kept)| tiles.put(*tile, kept));
        let origin = Origin { server: SERVER, restore_epoch: self.state.restore_epoch };
        let from = if asked.origin == origin.to_string() { asked.size.min(appended.size) } else { 0 };
        let mut consistency = prove_consistency(&tiles, from, appended.size).unwrap();
        if self.log == LogMood::Unproven {
            consistency.clear();
        }
        let place = |digest: &Hash32| digests.iter().position(|known| known == digest).map(|index| index as u64);
        let prove = |digest: &Hash32| {
            let index = place(digest)?;
            Some(EventProof { digest: *digest, index, path: prove_inclusion(&tiles, index, appended.size)? })
        };
        let events = asked.events.iter().filter_map(prove).collect();
        let checkpoint = Checkpoint { origin, size: appended.size, root: appended.root };
        let cosignature = cosign(&checkpoint.text(), "w.example", &SigningKey::from_seed(&[8; 32]), self.now);
        let checkpoint = checkpoint.sign(&self.key) + &cosignature;
        json(&Proofs { checkpoint, consistency, events })
    }

    /// What an honest server says of a code.
    fn check(&self, code: &str) -> serde_json::Value {
        let key = self.key.public();
        for account in self.state.accounts.values() {
            let read = |set: &String| read_public(set, SERVER, &key, &account.public.signing).ok();
            let Some(event) = account.events.iter().filter_map(read).find(|event| event.code().as_str() == code) else { continue };
            let takes_back = |set: &&String| {
                let seq = match read(set) {
                    Some(event) => match &event.act.what {
                        What::Acknowledged { of, .. } => Some(of.seq),
                        _ => None,
                    },
                    None => truebell_core::event::read_retraction(set, SERVER, &key).ok().map(|retraction| retraction.of.seq),
                };
                seq == Some(event.act.seq)
            };
            let retractions: Vec<&String> = account.events.iter().filter(takes_back).collect();
            let set = account.events.iter().find(|set| Hash32::derive_plain(set.as_bytes()) == event.digest);
            let verdict = if retractions.is_empty() { "genuine" } else { "retracted" };
            return serde_json::json!({
                "code": code, "verdict": verdict, "retractions": retractions, "kind": event.act.what.word(), "at": event.at, "server": SERVER,
                "server_key": key, "account": account.public.account, "account_key": account.public.signing, "event": set,
            });
        }
        serde_json::json!({ "code": code, "verdict": "never-sent" })
    }

    fn new_session(&mut self, account: AccountId, device: DeviceId) -> Session {
        let token: [u8; 16] = make_array(&mut self.chance);
        let session = Session {
            session: SessionId::make_random(&mut self.chance),
            token: Secret::new(BASE64URL_NOPAD.encode(&token)),
            expires: UnixMillis(self.now.0 + 3_600_000),
        };
        self.state.accounts.get_mut(&account).unwrap().sessions.push((session.clone(), device));
        session
    }

    fn session(&self, token: Option<&Secret>) -> Result<(AccountId, DeviceId), Reason> {
        for (id, account) in &self.state.accounts {
            if let Some((session, device)) = account.sessions.iter().find(|(session, _)| Some(&session.token) == token) {
                return if session.expires > self.now { Ok((*id, *device)) } else { Err(Reason::SessionExpired) };
            }
        }
        Err(Reason::NoSession)
    }

    fn sign_up(&mut self, finish: sign_up::Finish) -> Done {
        let id = finish.public.account;
        if !self.state.accounts.contains_key(&id) {
            if self.state.accounts.values().any(|account| account.record.email == finish.email) {
                return Err(Reason::AddressTaken);
            }
            let head: SignedVaultHead = cbor::from_slice(&finish.vault.head).map_err(|_| Reason::Malformed)?;
            let vault = vault(&finish.vault, head);
            let mut account = Account {
                opaque: self.setup.registration_record(&finish.opaque).map_err(|_| Reason::Malformed)?,
                record: Record {
                    number: 1,
                    email: finish.email,
                    epoch: 1,
                    keyset: finish.keyset.0,
                    second_factors: vec![],
                    deletion_due: None,
                },
                chain: Chain::default(),
                events: vec![],
                vaults: BTreeMap::from([(finish.vault.vault, vault)]),
                devices: vec![(device(&finish.device, self.now), finish.device.key)],
                sessions: vec![],
                chunks: BTreeMap::new(),
                totp: None,
                public: finish.public,
            };
            record(&mut account, &finish.act, &self.key, &mut self.chance, self.now)?;
            self.state.accounts.insert(id, account);
        }
        json(&sign_up::Finished { session: self.new_session(id, finish.device.device) })
    }

    fn sign_in_start(&mut self, start: sign_in::Start) -> Done {
        let record = self.state.accounts.get(&start.account).map(|account| account.opaque.clone());
        let started = self.setup.sign_in_start(SERVER, start.account, record.as_deref(), &start.ke1, &mut self.chance);
        let (state, ke2) = started.map_err(|_| Reason::Malformed)?;
        let handle = make_array::<16>(&mut self.chance).to_vec();
        self.pending.insert(handle.clone(), (start.account, state.to_vec()));
        json(&sign_in::Started { ke2: ke2.into(), state: handle.into() })
    }

    fn sign_in_finish(&mut self, finish: sign_in::Finish) -> Done {
        let (id, state) = self.pending.get(&finish.state.0).cloned().ok_or(Reason::SignInOver)?;
        self.setup.sign_in_finish(SERVER, id, &state, &finish.ke3).map_err(|_| Reason::WrongCredentials)?;
        let account = &self.state.accounts[&id];
        match (&account.totp, &finish.totp) {
            (Some(_), None) => return Err(Reason::SecondFactorNeeded),
            (Some(totp), Some(code)) if totp.verify(code, self.now).is_none() => return Err(Reason::SecondFactorWrong),
            _ => {}
        }
        let token = BASE64URL_NOPAD.encode(&make_array::<16>(&mut self.chance));
        self.enrolments.insert(token.clone(), id);
        json(&sign_in::Finished {
            enrolment: Secret::new(token),
            email: account.record.email.clone(),
            public: account.public.clone(),
            keyset: account.record.keyset.clone().into(),
            chain: account.chain,
        })
    }

    fn enrol(&mut self, token: Option<&Secret>, enrol: Enrol) -> Done {
        let id = *token.and_then(|token| self.enrolments.get(token.expose())).ok_or(Reason::NoSession)?;
        let account = self.state.accounts.get_mut(&id).unwrap();
        record(account, &enrol.act, &self.key, &mut self.chance, self.now)?;
        account.devices.push((device(&enrol.device, self.now), enrol.device.key));
        json(&Enrolled { session: self.new_session(id, enrol.device.device) })
    }

    fn prove(&mut self, prove: sign_in::Prove) -> Done {
        let found = self.state.accounts.iter().find_map(|(id, account)| {
            account.devices.iter().find(|(info, _)| info.device == prove.device && !info.revoked).map(|(_, key)| (*id, *key))
        });
        let (id, key) = found.ok_or(Reason::DeviceUnknown)?;
        key.verify(Purpose::DeviceProof, &prove.challenge, &prove.signature).map_err(|_| Reason::BadSignature)?;
        json(&sign_in::Proved { session: self.new_session(id, prove.device) })
    }

    fn session_route(&mut self, parts: &[&str], request: &Request<'_>, id: AccountId, by: DeviceId) -> Done {
        let (key, now, tamper) = (self.key.clone(), self.now, self.tamper);
        let chance = &mut self.chance;
        let account = self.state.accounts.get_mut(&id).unwrap();
        let body = request.body;
        let mut act = |account: &mut Account, signed: &str| record(account, signed, &key, chance, now);
        match parts {
            ["sync"] => {
                let have: Have = cbor::from_slice(body).map_err(|_| Reason::Malformed)?;
                let mut frames = frames(account, &have, &key);
                if let Some(tamper) = tamper {
                    tamper(&mut frames);
                }
                Ok(frames.iter().flat_map(Frame::to_bytes).collect())
            }
            ["hints"] => Ok(self.hints.clone()),
            ["vaults"] => {
                let new: NewVault = read(body)?;
                let head: SignedVaultHead = cbor::from_slice(&new.head).map_err(|_| Reason::Malformed)?;
                account.vaults.entry(new.vault).or_insert_with(|| vault(&new, head));
                json(&serde_json::json!({}))
            }
            ["vaults", at, "commits"] => commit(account, at.parse().map_err(|_| Reason::NotFound)?, body),
            ["vaults", _, "attachments", attachment] => {
                let attachment: AttachmentId = attachment.parse().map_err(|_| Reason::NotFound)?;
                account.chunks.retain(|(there, _), _| *there != attachment);
                json(&serde_json::json!({}))
            }
            ["vaults", _, "attachments", attachment, "chunks", place] => {
                let at = (attachment.parse().map_err(|_| Reason::NotFound)?, place.parse().map_err(|_| Reason::NotFound)?);
                if request.method == Method::Get {
                    return account.chunks.get(&at).cloned().ok_or(Reason::NotFound);
                }
                account.chunks.insert(at, body.to_vec());
                json(&serde_json::json!({}))
            }
            ["devices"] => json(&Devices { devices: account.devices.iter().map(|(info, _)| info.clone()).collect() }),
            ["devices", device, "revoke"] => {
                let recorded = act(account, &read::<Revoke>(body)?.act)?;
                let device: DeviceId = device.parse().map_err(|_| Reason::NotFound)?;
                account.devices.iter_mut().filter(|(info, _)| info.device == device).for_each(|(info, _)| info.revoked = true);
                account.sessions.retain(|(_, of)| *of != device);
                json(&recorded)
            }
            ["sessions"] => json(&Sessions { sessions: account.sessions.iter().map(|(session, of)| info(session, *of, by)).collect() }),
            ["account", "acknowledge"] => json(&act(account, &read::<Revoke>(body)?.act)?),
            ["sign-out"] => json(&serde_json::json!({})),
            ["account", "credentials", "start"] => {
                let start: wire::CredentialsStart = read(body)?;
                let started = self.setup.sign_in_start(SERVER, id, Some(&account.opaque), &start.ke1, &mut self.chance);
                let (state, ke2) = started.map_err(|_| Reason::Malformed)?;
                let opaque = self.setup.registration_response(id, &start.opaque).map_err(|_| Reason::Malformed)?;
                json(&wire::CredentialsStarted { ke2: ke2.into(), state: state.to_vec().into(), opaque: opaque.into() })
            }
            ["account", "credentials", "finish"] => {
                let finish: wire::CredentialsFinish = read(body)?;
                if let Some(event) = repeated(account, &finish.act) {
                    return json(&event);
                }
                self.setup.sign_in_finish(SERVER, id, &finish.state, &finish.ke3).map_err(|_| Reason::WrongCredentials)?;
                let opaque = self.setup.registration_record(&finish.opaque).map_err(|_| Reason::Malformed)?;
                let recorded = act(account, &finish.act)?;
                account.opaque = opaque;
                account.record.keyset = finish.keyset.0;
                account.record.epoch = account.chain.epoch;
                account.record.number += 1;
                json(&recorded)
            }
            ["account", "address"] => {
                let change: wire::ChangeAddress = read(body)?;
                let recorded = act(account, &change.act)?;
                account.record.email = change.email;
                account.record.number += 1;
                json(&recorded)
            }
            ["account", "deletion" | "keep"] => {
                let recorded = act(account, &read::<wire::Deletion>(body)?.act)?;
                account.record.deletion_due = (parts[1] == "deletion").then_some(now);
                account.record.number += 1;
                json(&recorded)
            }
            ["account", "second-factors"] => {
                let add: wire::AddSecondFactor = read(body)?;
                let totp = Totp::parse(add.totp_uri.expose()).map_err(|_| Reason::Malformed)?;
                totp.verify(&add.code, now).ok_or(Reason::SecondFactorWrong)?;
                let recorded = act(account, &add.act)?;
                account.totp = Some(totp);
                account.record.second_factors = vec!["totp".into()];
                account.record.number += 1;
                json(&recorded)
            }
            _ => Err(Reason::NoSuchRoute),
        }
    }
}

fn vault(new: &NewVault, head: SignedVaultHead) -> Vault {
    let info = VaultInfo { vault: new.vault, key: new.key.0.clone(), name_revision: 1, name: new.name.0.clone(), head };
    Vault { info: Some(info), ..Vault::default() }
}

fn device(new: &NewDevice, now: UnixMillis) -> DeviceInfo {
    DeviceInfo { device: new.device, name: new.name.clone(), platform: new.platform.clone(), enrolled: now, seen: now, revoked: false }
}

fn info(session: &Session, device: DeviceId, by: DeviceId) -> SessionInfo {
    SessionInfo { session: session.session, device, opened: session.expires, expires: session.expires, current: device == by }
}

fn head_of(account: &Account) -> AccountHead {
    let mark =
        |(vault, state): (&VaultId, &Vault)| VaultMark { vault: *vault, seq: state.seq, head: state.info.as_ref().unwrap().head.digest() };
    AccountHead {
        account: account.public.account,
        chain: account.chain,
        vaults: account.vaults.iter().map(mark).collect(),
        record: account.record.number,
    }
}

fn repeated(account: &Account, signed: &str) -> Option<Recorded> {
    let event = account.events.iter().find(|event| inner_act(event).as_deref() == Some(signed))?;
    Some(Recorded { event: event.clone() })
}

fn record(account: &mut Account, signed: &str, key: &SigningKey, chance: &mut dyn Chance, now: UnixMillis) -> Result<Recorded, Reason> {
    if let Some(recorded) = repeated(account, signed) {
        return Ok(recorded);
    }
    let act = check_act(signed, account.public.account, &account.public.signing, &account.chain).map_err(|_| Reason::ChainMoved)?;
    let made = countersign(act, EventId::make_random(chance), now, SERVER, key).map_err(|_| Reason::Malformed)?;
    account.chain = Chain { seq: made.act.seq, digest: made.digest, epoch: made.act.epoch };
    account.events.push(made.set.clone());
    Ok(Recorded { event: made.set.clone() })
}

fn commit(account: &mut Account, at: VaultId, body: &[u8]) -> Done {
    let commit: Commit = cbor::from_slice(body).map_err(|_| Reason::Malformed)?;
    let vault = account.vaults.get_mut(&at).ok_or(Reason::NotFound)?;
    let head = commit.head.verify(&account.public.signing).map_err(|_| Reason::BadSignature)?;
    if let Some(seq) = vault.idempotency.get(&commit.idempotency) {
        return if *seq == head.seq { json(&Committed { seq: *seq }) } else { Err(Reason::Conflict) };
    }
    let info = vault.info.as_mut().unwrap();
    if head.seq != vault.seq + 1 || head.prev != info.head.digest() {
        return Err(Reason::Conflict);
    }
    for revision in commit.revisions {
        if revision.kind == Kind::Tombstone {
            vault.revisions.retain(|(_, there)| there.item != revision.item);
        }
        vault.revisions.push((head.seq, revision));
    }
    vault.seq = head.seq;
    info.head = commit.head;
    vault.idempotency.insert(commit.idempotency, head.seq);
    json(&Committed { seq: head.seq })
}

fn frames(account: &Account, have: &Have, key: &SigningKey) -> Vec<Frame> {
    let skip = usize::try_from(have.events).unwrap();
    let mut frames: Vec<Frame> = account.events.iter().skip(skip).cloned().map(Frame::Event).collect();
    if have.record != account.record.number {
        frames.push(Frame::Record(SignedRecord::sign(account.record.clone(), account.public.account, key)));
    }
    for (id, vault) in &account.vaults {
        let had = have.vaults.iter().find(|had| had.vault == *id);
        let info = vault.info.clone().unwrap();
        if had.is_some_and(|had| had.seq == vault.seq) {
            continue;
        }
        if had.is_none() {
            frames.push(Frame::Vault(info.clone()));
        }
        let since = had.map_or(0, |had| had.seq);
        let new: Vec<Revision> = vault.revisions.iter().filter(|(seq, _)| *seq > since).map(|(_, revision)| revision.clone()).collect();
        for page in new.chunks(3) {
            frames.push(Frame::Revisions(*id, page.to_vec()));
        }
        frames.push(Frame::Head(*id, info.head));
    }
    frames.push(Frame::End);
    frames
}

/// Where a [`What`] would be the next act of nobody: for tests that need a forged event.
pub(super) fn forged_event() -> String {
    let key = SigningKey::from_seed(&[1; 32]);
    let act = Act {
        account: AccountId([1; 16]),
        device: DeviceId([1; 16]),
        device_name: "somewhere".into(),
        seq: 3,
        prev: Hash32::default(),
        epoch: 2,
        at: UnixMillis(0),
        what: What::PasswordChanged {},
    };
    truebell_core::testing::countersign_anything(act, "a.b.c", EventId([1; 16]), UnixMillis(0), SERVER, &key).set.clone()
}
