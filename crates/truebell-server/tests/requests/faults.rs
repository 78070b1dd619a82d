//! A store that fails, at each call of each request, both ways: nothing written, or written and the answer lost. It is told as 503,
//! 507 or 500 and never as 401, 403 or 404; nothing is half done; and the same request again ends as if nothing had happened.

use super::person::{Device, Person};
use super::world::{Reply, World};
use axum::http::Method;
use truebell_core::event::What;
use truebell_core::ids::{AttachmentId, ItemId};
use truebell_core::testing::Seeded;
use truebell_core::wire::account::{ChangeAddress, Deletion};
use truebell_core::wire::device::{Revoke, Sessions};
use truebell_core::wire::sign_in::{Challenge, Lookup};
use truebell_core::wire::sync::Have;
use truebell_store::StoreError;
use truebell_store::memory::Fault;

/// One request as it goes over the wire, so that it can be repeated.
struct Wire {
    name: &'static str,
    method: Method,
    path: String,
    token: String,
    body: Vec<u8>,
    /// What is answered when it is sent again after it was done and its answer lost.
    again: &'static str,
}

impl Wire {
    async fn send(&self, world: &World) -> Reply {
        world.ask(self.method.clone(), &self.path).body(self.body.clone()).token(&self.token).send().await
    }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// Everything that can be asked, as it stands in a fresh world: always the same bytes.
async fn requests(world: &World) -> Vec<Wire> {
    let mut ada = Person::sign_up(world, "ada", 1).await;
    ada.write(world, vec![ada.revision(ItemId([1; 16]), 1, Default::default(), 100)]).await;
    let phone = ada.enrol(world, "phone").await;
    let finish = ada.begin_sign_in(world).await;
    let enrolment = ada.sign_in(world).await.enrolment;
    let tablet = Device::make("tablet", &mut Seeded::new(12));
    let change = ada.begin_password_change(world, [42; 32]).await;
    let prove = ada.prove(world, &phone).await;
    let (mut eve, start, registration) = super::person::prepare(world, "eve", 2);
    eve.register(world, registration, &world.post("/v1/sign-up/start", &start).send().await.json());
    let sessions: Sessions = world.get("/v1/sessions").token(&phone.token).send().await.json();
    let session = sessions.sessions.iter().find(|session| session.current).unwrap().session;
    let act = |what| ada.signed(world, what);
    let (laptop, token) = (phone.new.device, ada.laptop.token.clone());
    let revoked = What::DeviceRevoked { revoked: laptop, revoked_name: "phone".into() };
    let ended = What::SessionRevoked { session, of_device: phone.new.device, of_device_name: "phone".into() };
    let moved = What::AddressChanged { from_masked: "a…@example.org".into(), to_masked: "n…@example.org".into() };
    let due = world.now() + std::time::Duration::from_hours(14 * 24);
    let commit = ada.commit(world, vec![ada.revision(ItemId([2; 16]), 1, Default::default(), 100)]);
    let chunk = ada.vault_path(&format!("/attachments/{}/chunks/0", AttachmentId([1; 16])));
    let wire = |name, method: Method, path: &str, body: Vec<u8>, again| Wire {
        name,
        method,
        path: path.into(),
        token: token.clone(),
        body,
        again,
    };
    let post = |name, path: &str, body: Vec<u8>, again| wire(name, Method::POST, path, body, again);
    vec![
        post("lookup", "/v1/sign-in/lookup", json(&Lookup { email: "ada@example.org".into() }), "ok"),
        post("challenge", "/v1/sessions/challenge", json(&Challenge { device: laptop }), "ok"),
        post("sign-up start", "/v1/sign-up/start", json(&start), "ok"),
        post("sign-up finish", "/v1/sign-up/finish", json(&eve.sign_up), "ok"),
        // The token of the lost answer is lost; the client starts again.
        post("sign-in finish", "/v1/sign-in/finish", json(&finish), "sign-in-over"),
        post("open session", "/v1/sessions", json(&prove), "ok"),
        Wire { token: enrolment.expose().into(), ..post("enrol", "/v1/devices", json(&ada.enrolment(world, &tablet)), "ok") },
        wire("devices", Method::GET, "/v1/devices", vec![], "ok"),
        wire("sessions", Method::GET, "/v1/sessions", vec![], "ok"),
        post("revoke device", &format!("/v1/devices/{laptop}/revoke"), json(&Revoke { act: act(revoked) }), "ok"),
        post("revoke session", &format!("/v1/sessions/{session}/revoke"), json(&Revoke { act: act(ended) }), "ok"),
        post("credentials", "/v1/account/credentials/finish", json(&change), "ok"),
        post("address", "/v1/account/address", json(&ChangeAddress { email: "new@example.org".into(), act: act(moved) }), "ok"),
        post("deletion", "/v1/account/deletion", json(&Deletion { act: act(What::DeletionScheduled { due }) }), "ok"),
        post("commit", &ada.vault_path("/commits"), truebell_core::cbor::to_vec(&commit), "ok"),
        post("sync", "/v1/sync", truebell_core::cbor::to_vec(&Have::default()), "ok"),
        wire("put chunk", Method::PUT, &chunk, vec![1; 200], "ok"),
        wire("read chunk", Method::GET, &chunk, vec![], "not-found"),
        wire("notice", Method::GET, "/v1/notices/7KQ4F-2M9XB", vec![], "ok"),
        post("sign-out", "/v1/sign-out", vec![], "no-session"),
    ]
}

const METHODS: [&str; 21] = [
    "account",
    "account_by_address",
    "sign_up",
    "record",
    "start_enrolment",
    "enrolment",
    "device",
    "devices",
    "open_session",
    "session",
    "sessions",
    "close_session",
    "create_vault",
    "commit",
    "changes",
    "revisions",
    "dropped_since",
    "put_chunk",
    "chunk",
    "event_by_code",
    "delete_attachment",
];

async fn dump(world: &World) -> Vec<truebell_store::rows::DumpRow> {
    let mut rows = Vec::new();
    world
        .store
        .dump(&mut |row| {
            rows.push(row);
            true
        })
        .await
        .unwrap();
    rows
}

/// How often each method is called by a request that goes well.
async fn calls(place: usize) -> Vec<(&'static str, u32)> {
    let world = World::new().await;
    let request = requests(&world).await.swap_remove(place);
    let before = METHODS.map(|method| world.faults.calls(method));
    request.send(&world).await;
    METHODS
        .iter()
        .zip(before)
        .map(|(method, before)| (*method, world.faults.calls(method) - before))
        .filter(|(_, calls)| *calls > 0)
        .collect()
}

#[tokio::test]
async fn a_store_that_fails_is_never_told_as_a_refusal_and_leaves_nothing_half_done() {
    let names: Vec<_> = requests(&World::new().await).await.iter().map(|request| request.name).collect();
    let mut tried = 0;
    for (place, name) in names.iter().enumerate() {
        for (method, times) in calls(place).await {
            for nth in 1..=times {
                for fault in [Fault::NotPersisted(StoreError::Unavailable), Fault::Persisted] {
                    check(place, name, method, nth, fault).await;
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 100, "{tried} faults tried");
}

async fn check(place: usize, name: &str, method: &'static str, nth: u32, fault: Fault) {
    let told = format!("{name}: call {nth} of {method} fails {fault:?}");
    let world = World::new().await;
    let request = requests(&world).await.swap_remove(place);
    let before = dump(&world).await;
    world.faults.fail_call(method, nth, fault);
    let reply = request.send(&world).await;
    world.faults.heal();
    // After the change is made, reading where the account stands may fail: then the reply leaves it out.
    let done = reply.word() == "ok" && reply.head.account.is_none();
    assert!(reply.word() == "busy" || done, "{told}: {}", reply.word());
    let writes = matches!(method, "sign_up" | "record" | "start_enrolment" | "open_session" | "close_session" | "commit" | "put_chunk");
    let persisted = done || (writes && matches!(fault, Fault::Persisted));
    if !persisted {
        assert!(dump(&world).await == before, "{told}: nothing was changed");
    }
    let again = request.send(&world).await;
    let expected = if persisted || request.again == "not-found" { request.again } else { "ok" };
    assert_eq!(again.word(), expected, "{told}: and again");
}

#[tokio::test]
async fn a_full_or_read_only_database_refuses_writes_with_507_and_goes_on_reading() {
    for (error, word, status) in [
        (StoreError::Full, "storage-full", 507),
        (StoreError::ReadOnly, "storage-full", 507),
        (StoreError::Unavailable, "busy", 503),
        (StoreError::Unknown, "busy", 503),
        (StoreError::Damaged("a test"), "internal", 500),
    ] {
        let world = World::new().await;
        let requests = requests(&world).await;
        let commit = requests.iter().find(|request| request.name == "commit").unwrap();
        world.faults.fail_next("commit", Fault::NotPersisted(error));
        let reply = commit.send(&world).await;
        assert_eq!((reply.word(), reply.status), (word, status));
        assert!(!reply.text().contains("a test") && !reply.text().contains("database"), "what is inside stays inside");
        let devices = requests.iter().find(|request| request.name == "devices").unwrap();
        assert_eq!(devices.send(&world).await.word(), "ok");
        assert_eq!(commit.send(&world).await.word(), "ok");
    }
}

#[tokio::test]
async fn a_store_that_fails_in_the_middle_of_a_stream_cuts_it() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    for number in 0..10 {
        ada.write(&world, vec![ada.revision(ItemId([number; 16]), 1, Default::default(), 100_000)]).await;
    }
    world.faults.fail_call("revisions", 3, Fault::NotPersisted(StoreError::Unavailable));
    let reply = world.post_cbor("/v1/sync", &Have::default()).token(&ada.laptop.token).send().await;
    assert!(reply.cut && reply.word() == "ok");
}

#[tokio::test]
async fn a_store_that_fails_never_says_that_a_notice_was_not_sent() {
    let world = World::new().await;
    world.faults.fail_all(StoreError::Unavailable);
    let reply = world.get("/v1/notices/7KQ4F-2M9XB").send().await;
    assert_eq!((reply.word(), reply.status), ("busy", 503));
}
