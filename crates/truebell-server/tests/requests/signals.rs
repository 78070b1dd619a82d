//! Signals as their receivers see them: discovery, streams, push and poll, and what each wrong request is answered.

use super::person::Person;
use super::world::World;
use axum::body::Body;
use axum::http::Request;
use data_encoding::BASE64URL_NOPAD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use truebell_core::event::What;
use truebell_core::signal::Kind;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Deletion;
use truebell_core::wire::device::Revoke;
use truebell_server::signals::operate::{self, NewReceiver, NewStream, NotAdded};
use truebell_server::signals::{NotPosted, Post, Posted, Round, Setup, deliver_due, trim};
use truebell_store::signals::NewNote;

const FINISH: &str = "/v1/account/credentials/finish";
const PUSH: &str = "urn:ietf:rfc:8935";
const POLL: &str = "urn:ietf:rfc:8936";

fn new(name: &str) -> NewReceiver {
    NewReceiver {
        name: name.into(),
        audience: format!("https://{name}.example.org"),
        events: vec![],
        subjects: "account".into(),
        everyone: true,
        read_only: false,
        algorithm: None,
        stream: None,
    }
}

/// A receiver with a token.
struct Receiver<'a> {
    world: &'a World,
    token: String,
}

impl<'a> Receiver<'a> {
    async fn add(world: &'a World, new: &NewReceiver) -> Self {
        let mut chance = Seeded::new(900 + new.name.len() as u64);
        let added = operate::add(&*world.store, (&Setup::default(), "http://127.0.0.1:8484"), new, world.now(), &mut chance).await.unwrap();
        Self { world, token: added.token.expose().to_owned() }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let (status, headers, text) = self.world.plain(request.body(body).unwrap()).await;
        assert_eq!(headers["cache-control"], "no-store");
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// Makes its stream.
    async fn create(&self, body: Value) -> Value {
        let (status, made) = self.ask("POST", "/v1/signals/stream", body).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    async fn poll(&self, stream: &Value, body: Value) -> Value {
        let path = stream["delivery"]["endpoint_url"].as_str().unwrap().trim_start_matches("http://127.0.0.1:8484");
        let (status, answer) = self.ask("POST", path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

/// A poster that keeps what it is given and answers what it is told to.
#[derive(Default)]
struct Fake {
    posted: Mutex<Vec<(String, Option<String>, String)>>,
    answer: Mutex<Option<Result<Posted, NotPosted>>>,
}

impl Post for Fake {
    fn post(&self, url: &str, authorization: Option<&str>, set: &str) -> Result<Posted, NotPosted> {
        self.posted.lock().push((url.to_owned(), authorization.map(str::to_owned), set.to_owned()));
        self.answer.lock().clone().unwrap_or(Ok(Posted { status: 202, retry_after_s: None, body: vec![] }))
    }
}

impl Fake {
    fn answers(&self, status: u16, body: &str) {
        *self.answer.lock() = Some(Ok(Posted { status, retry_after_s: None, body: body.into() }));
    }

    fn tokens(&self) -> Vec<String> {
        self.posted.lock().drain(..).map(|(_, _, set)| set).collect()
    }
}

async fn deliver(world: &World, fake: &Arc<Fake>) -> Round {
    let by: Arc<dyn Post> = fake.clone();
    deliver_due(&world.app, &by).await.unwrap()
}

fn claims(set: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(set.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap()
}

/// The type of a token, by its last part.
fn word(set: &str) -> String {
    let said = claims(set);
    let (uri, _) = said["events"].as_object().unwrap().iter().next().unwrap();
    uri.rsplit(['/', ':']).next().unwrap().to_owned()
}

async fn change_password(world: &World, person: &mut Person, to: u8) {
    let change = person.begin_password_change(world, [to; 32]).await;
    let reply = person.post(world, FINISH, &change).send().await;
    person.recorded(&reply);
    person.password = [to; 32];
}

fn push(url: &str) -> Value {
    json!({"delivery": {"method": PUSH, "endpoint_url": url, "authorization_header": "Bearer hunter2"}})
}

#[tokio::test]
async fn a_transmitter_is_found_with_its_keys_and_without_a_token() {
    let world = World::new().await;
    let get = async |path: &str| world.plain(Request::builder().uri(path).body(Body::empty()).unwrap()).await;
    let (status, headers, text) = get("/.well-known/ssf-configuration").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/json"));
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&found["issuer"], &found["spec_version"]), (&json!("http://127.0.0.1:8484"), &json!("1_0")));
    let (status, _, keys) = get(found["jwks_uri"].as_str().unwrap().trim_start_matches("http://127.0.0.1:8484")).await;
    let keys: Value = serde_json::from_str(&keys).unwrap();
    assert_eq!((status, &keys["keys"][0]["alg"], keys["keys"].as_array().unwrap().len()), (200, &json!("EdDSA"), 1));
    assert_eq!(keys["keys"][0]["x"], json!(BASE64URL_NOPAD.encode(&world.identity.key.0)));
}

#[tokio::test]
async fn a_password_change_is_pushed_once_proven_and_nothing_else_is() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let stream = siem.create(push("https://siem.example.org/in")).await;
    let fake = Arc::new(Fake::default());
    assert_eq!(deliver(&world, &fake).await, Round::default(), "what was before the stream is not told");
    change_password(&world, &mut ada, 7).await;
    // What changes nothing about the account's security is no signal.
    world.get("/v1/devices").token(&ada.laptop.token).send().await;
    let prove = ada.prove(&world, &ada.laptop).await;
    world.post("/v1/sessions", &prove).send().await;
    ada.sign_in(&world).await;
    assert_eq!(deliver(&world, &fake).await, Round { sent: 1, ..Round::default() });
    assert_eq!(deliver(&world, &fake).await, Round::default());
    let posted = fake.posted.lock().clone();
    let [(url, authorization, set)] = posted.as_slice() else { panic!("{posted:?}") };
    assert_eq!((url.as_str(), authorization.as_deref()), ("https://siem.example.org/in", Some("Bearer hunter2")));
    let said = claims(set);
    assert_eq!(said["aud"], json!("https://siem.example.org"));
    assert_eq!(said["iss"], stream["iss"]);
    assert_eq!(said["sub_id"], json!({"format": "iss_sub", "iss": stream["iss"], "sub": ada.keys.account()}));
    assert_eq!(said["events"][Kind::CredentialChange.uri()]["credential_type"], json!("password"));
    assert!(!set.contains("act") && !said.to_string().contains("laptop") && !said.to_string().contains("example.org/in"));
}

#[tokio::test]
async fn a_removed_device_an_ended_session_and_an_account_that_goes_are_told_as_what_they_are() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let stream = siem.create(json!({})).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let phone = ada.enrol(&world, "phone").await;
    let act = ada.signed(&world, What::DeviceRevoked { revoked: phone.new.device, revoked_name: "phone".into() });
    let reply = ada.post(&world, &format!("/v1/devices/{}/revoke", phone.new.device), &Revoke { act }).send().await;
    ada.recorded(&reply);
    let due = UnixMillis(world.now().0 + 14 * 24 * 3_600_000);
    let act = ada.signed(&world, What::DeletionScheduled { due });
    let reply = ada.post(&world, "/v1/account/deletion", &Deletion { act }).send().await;
    ada.recorded(&reply);
    world.wait(Duration::from_hours(15 * 24));
    assert_eq!(world.store.delete_account(ada.keys.account(), world.now()).await, Ok(true));
    let answer = siem.poll(&stream, json!({"returnImmediately": true})).await;
    let sets: Vec<String> = answer["sets"].as_object().unwrap().values().map(|set| set.as_str().unwrap().to_owned()).collect();
    let mut words: Vec<_> = sets.iter().map(|set| word(set)).collect();
    words.sort();
    assert_eq!(words, ["account-created", "account-purged", "credential-change", "deletion-scheduled", "session-revoked"]);
    let revoked = sets.iter().find(|set| word(set) == "session-revoked").unwrap();
    assert_eq!(claims(revoked)["sub_id"]["device"], json!({"format": "opaque", "id": phone.new.device}), "of one device and not of all");
    assert!(answer.get("moreAvailable").is_none());
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_it_later_and_a_crash_in_between_sends_the_same_token_again() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    siem.create(push("https://siem.example.org/in")).await;
    let fake = Arc::new(Fake::default());
    fake.answers(503, "");
    change_password(&world, &mut ada, 7).await;
    change_password(&world, &mut ada, 8).await;
    assert_eq!(deliver(&world, &fake).await, Round { postponed: 1, ..Round::default() });
    assert_eq!(deliver(&world, &fake).await, Round::default(), "the stream waits, and the second does not overtake the first");
    let shown = operate::list(&*world.store).await.unwrap().remove(0).stream.unwrap();
    assert_eq!((shown.waiting, shown.tries, shown.failure.as_deref()), (2, 1, Some("it answered 503")));
    world.wait(Duration::from_secs(13));
    // The server dies after the receiver took it: nothing was recorded.
    let claimed = world.store.claim_signal(world.now(), world.now() + Duration::from_secs(30)).await.unwrap().unwrap();
    fake.answers(202, "");
    assert_eq!(deliver(&world, &fake).await, Round::default(), "claimed");
    world.wait(Duration::from_secs(31));
    assert_eq!(deliver(&world, &fake).await, Round { sent: 2, ..Round::default() });
    let tokens = fake.tokens();
    assert_eq!(tokens.len(), 3);
    assert_eq!(tokens[0], tokens[1], "the same token, byte for byte");
    assert_eq!(claims(&tokens[0])["jti"], json!(claimed.waiting.signal));
    assert_ne!(claims(&tokens[1])["jti"], claims(&tokens[2])["jti"]);
    let shown = operate::list(&*world.store).await.unwrap().remove(0).stream.unwrap();
    assert_eq!((shown.waiting, shown.tries, shown.delivered, shown.next_try), (0, 0, 2, None));
}

#[tokio::test]
async fn what_no_event_proves_is_not_sent_whoever_put_it_there() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let stream = siem.create(push("https://siem.example.org/in")).await["stream_id"].as_str().unwrap().parse().unwrap();
    let mut chance = Seeded::new(77);
    let mut forge = async |kind, body: &str| {
        let signal = truebell_core::ids::SignalId::make_random(&mut chance);
        assert_eq!(world.store.add_note(&NewNote { stream, signal, kind, at: world.now(), body: body.into() }).await, Ok(true));
    };
    forge(Kind::CredentialChange, "a row that somebody wrote into the database").await;
    forge(Kind::AccountPurged, "x.eyJldmVudHMiOnt9fQ.y").await;
    forge(Kind::StreamUpdated, "everything was stolen").await;
    forge(Kind::Verification, "not JSON").await;
    let fake = Arc::new(Fake::default());
    assert_eq!(deliver(&world, &fake).await, Round { refused: 4, ..Round::default() });
    assert_eq!(fake.tokens(), Vec::<String>::new());
}

#[tokio::test]
async fn a_poll_is_acknowledged_refused_and_comes_again_until_then() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let stream = siem.create(json!({"delivery": {"method": POLL}})).await;
    for to in 1..=3 {
        change_password(&world, &mut ada, to).await;
    }
    let now = json!({"returnImmediately": true});
    let first = siem.poll(&stream, json!({"returnImmediately": true, "maxEvents": 2})).await;
    assert_eq!((first["sets"].as_object().unwrap().len(), &first["moreAvailable"]), (2, &json!(true)));
    let again = siem.poll(&stream, now.clone()).await;
    assert_eq!(again["sets"].as_object().unwrap().len(), 3, "nothing was acknowledged");
    for (id, set) in first["sets"].as_object().unwrap() {
        assert_eq!((&again["sets"][id], claims(set.as_str().unwrap())["jti"].as_str()), (set, Some(id.as_str())));
    }
    let ids: Vec<_> = again["sets"].as_object().unwrap().keys().cloned().collect();
    let settle = json!({"maxEvents": 0, "ack": [ids[0], "unknown"], "setErrs": {&ids[1]: {"err": "invalid_request", "description": "no"}}});
    assert_eq!(siem.poll(&stream, settle).await, json!({"sets": {}}));
    let left = siem.poll(&stream, now.clone()).await;
    assert_eq!(left["sets"].as_object().unwrap().keys().collect::<Vec<_>>(), [&ids[2]]);
    siem.poll(&stream, json!({"maxEvents": 0, "ack": [ids[2]]})).await;
    assert_eq!(siem.poll(&stream, now).await, json!({"sets": {}}));
    let shown = operate::list(&*world.store).await.unwrap().remove(0).stream.unwrap();
    assert_eq!((shown.delivered, shown.refused, shown.failure.as_deref()), (2, 1, Some("invalid_request: no")));
}

#[tokio::test]
async fn a_waiting_poll_hears_of_an_event_when_it_happens() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let stream = siem.create(json!({})).await;
    let (answer, ()) = tokio::join!(siem.poll(&stream, json!({})), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(siem.poll(&stream, json!({})).await, json!({"sets": {}}), "a second one does not wait");
        change_password(&world, &mut ada, 9).await;
    });
    assert_eq!(answer["sets"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stream_is_read_changed_replaced_paused_and_deleted() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    assert_eq!(siem.ask("GET", "/v1/signals/stream", Value::Null).await, (200, json!([])));
    let made = siem.create(push("https://siem.example.org/in")).await;
    assert!(made.to_string().contains("https://siem.example.org/in") && !made.to_string().contains("hunter2"), "the header is not shown");
    let id = made["stream_id"].as_str().unwrap().to_owned();
    let one = format!("/v1/signals/stream?stream_id={id}");
    assert_eq!(siem.ask("GET", &one, Value::Null).await, (200, made.clone()));
    assert_eq!(siem.ask("GET", "/v1/signals/stream", Value::Null).await, (200, json!([made])));
    assert_eq!(siem.ask("POST", "/v1/signals/stream", json!({})).await.0, 409);
    let wanted = json!({"stream_id": id, "events_requested": [Kind::SessionRevoked.uri()], "description": "ours"});
    let (status, changed) = siem.ask("PATCH", "/v1/signals/stream", wanted).await;
    assert_eq!((status, &changed["events_delivered"]), (200, &json!([Kind::SessionRevoked.uri()])));
    // The header it did not name is kept.
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let fake = Arc::new(Fake::default());
    siem.ask("PATCH", "/v1/signals/stream", json!({"stream_id": id, "events_requested": null})).await;
    change_password(&world, &mut ada, 3).await;
    deliver(&world, &fake).await;
    assert_eq!(fake.posted.lock()[0].1.as_deref(), Some("Bearer hunter2"));
    let (status, replaced) = siem.ask("PUT", "/v1/signals/stream", json!({"stream_id": id})).await;
    assert_eq!((status, &replaced["delivery"]["method"], replaced.get("description")), (200, &json!(POLL), None));
    let status_of = format!("/v1/signals/status?stream_id={id}");
    assert_eq!(siem.ask("GET", &status_of, Value::Null).await, (200, json!({"stream_id": id, "status": "enabled"})));
    let paused = json!({"stream_id": id, "status": "paused", "reason": "lunch"});
    assert_eq!(siem.ask("POST", "/v1/signals/status", paused.clone()).await, (200, paused));
    change_password(&world, &mut ada, 4).await;
    let now = json!({"returnImmediately": true});
    assert_eq!(siem.poll(&replaced, now.clone()).await, json!({"sets": {}}), "paused");
    siem.ask("POST", "/v1/signals/status", json!({"stream_id": id, "status": "enabled"})).await;
    assert_eq!(siem.poll(&replaced, now.clone()).await["sets"].as_object().unwrap().len(), 1, "held meanwhile");
    siem.ask("POST", "/v1/signals/status", json!({"stream_id": id, "status": "disabled"})).await;
    change_password(&world, &mut ada, 5).await;
    siem.ask("POST", "/v1/signals/status", json!({"stream_id": id, "status": "enabled"})).await;
    assert_eq!(siem.poll(&replaced, now).await, json!({"sets": {}}), "not held");
    assert_eq!(siem.ask("DELETE", &one, Value::Null).await, (204, Value::Null));
    assert_eq!(siem.ask("DELETE", &one, Value::Null).await.0, 404);
}

#[tokio::test]
async fn subjects_are_named_taken_out_and_never_given_away() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &NewReceiver { everyone: false, ..new("siem") }).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let stream = siem.create(json!({})).await;
    let now = json!({"returnImmediately": true});
    change_password(&world, &mut ada, 1).await;
    assert_eq!(siem.poll(&stream, now.clone()).await, json!({"sets": {}}), "nobody was named");
    let subject = |email: &str| json!({"stream_id": stream["stream_id"], "subject": {"format": "email", "email": email}});
    let known = siem.ask("POST", "/v1/signals/subjects/add", subject("ADA@example.org")).await;
    let unknown = siem.ask("POST", "/v1/signals/subjects/add", subject("nobody@example.org")).await;
    assert_eq!((&known, known.0), (&unknown, 200), "who has an account cannot be found out");
    change_password(&world, &mut ada, 2).await;
    assert_eq!(siem.poll(&stream, now.clone()).await["sets"].as_object().unwrap().len(), 1);
    let account =
        json!({"stream_id": stream["stream_id"], "subject": {"format": "iss_sub", "iss": stream["iss"], "sub": ada.keys.account()}});
    assert_eq!(siem.ask("POST", "/v1/signals/subjects/remove", account).await, (204, Value::Null));
    change_password(&world, &mut ada, 3).await;
    assert_eq!(siem.poll(&stream, now).await["sets"].as_object().unwrap().len(), 1, "no more since");
}

#[tokio::test]
async fn a_verification_comes_back_with_its_state_and_not_too_often() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let stream = siem.create(json!({})).await;
    let ask = json!({"stream_id": stream["stream_id"], "state": "VGhpcw"});
    assert_eq!(siem.ask("POST", "/v1/signals/verify", ask.clone()).await, (204, Value::Null));
    let answer = siem.poll(&stream, json!({"returnImmediately": true})).await;
    let set = answer["sets"].as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
    let said = claims(&set);
    assert_eq!(said["events"], json!({Kind::Verification.uri(): {"state": "VGhpcw"}}));
    assert_eq!((&said["sub_id"], said.get("txn")), (&json!({"format": "opaque", "id": stream["stream_id"]}), None));
    let (status, problem) = siem.ask("POST", "/v1/signals/verify", ask.clone()).await;
    assert_eq!((status, &problem["type"]), (429, &json!("https://truebell.org/problems/too-many-attempts")));
    world.wait(Duration::from_secs(60));
    assert_eq!(siem.ask("POST", "/v1/signals/verify", ask).await.0, 204);
}

#[tokio::test]
async fn what_is_dropped_is_said_before_what_is_left() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let stream = siem.create(json!({})).await;
    change_password(&world, &mut ada, 1).await;
    world.wait(Duration::from_hours(8 * 24));
    change_password(&world, &mut ada, 2).await;
    trim(&world.app).await.unwrap();
    let answer = siem.poll(&stream, json!({"returnImmediately": true})).await;
    let sets: Vec<_> = answer["sets"].as_object().unwrap().values().map(|set| set.as_str().unwrap().to_owned()).collect();
    let updated = sets.iter().find(|set| word(set) == "stream-updated").expect("a word about it");
    assert_eq!(
        claims(updated)["events"][Kind::StreamUpdated.uri()],
        json!({"status": "enabled", "reason": "Signals dropped since this stream was made: 1. It holds at most 10,000, for at most 7 days."})
    );
    assert_eq!(sets.len(), 2);
}

#[tokio::test]
async fn every_wrong_request_has_the_status_of_the_framework_and_one_sentence() {
    let world = World::new().await;
    let siem = Receiver::add(&world, &new("siem")).await;
    let reader = Receiver::add(&world, &NewReceiver { read_only: true, stream: Some(NewStream { endpoint: None }), ..new("reader") }).await;
    let nobody = Receiver { world: &world, token: "tbr_nobody".into() };
    let session = Receiver { world: &world, token: "tbs_session".into() };
    let id = siem.create(json!({})).await["stream_id"].clone();
    let theirs = reader.ask("GET", "/v1/signals/stream", Value::Null).await.1[0]["stream_id"].clone();
    let with = |more: Value| {
        let mut body = more;
        body["stream_id"] = id.clone();
        body
    };
    let delivery = |url: &str| with(json!({"delivery": {"method": PUSH, "endpoint_url": url}}));
    let poll = format!("/v1/signals/poll/{}", id.as_str().unwrap());
    for (who, method, path, body, expected, says) in [
        (&nobody, "GET", "/v1/signals/stream", Value::Null, 401, "is no receiver's"),
        (&session, "GET", "/v1/signals/stream", Value::Null, 401, "is no receiver's"),
        (&reader, "POST", "/v1/signals/stream", json!({}), 403, "may read and poll"),
        (&reader, "PATCH", "/v1/signals/stream", json!({"stream_id": theirs}), 403, "may read and poll"),
        (&reader, "POST", "/v1/signals/status", json!({"stream_id": theirs, "status": "paused"}), 403, "may read and poll"),
        (&reader, "POST", "/v1/signals/verify", json!({"stream_id": theirs}), 403, "may read and poll"),
        (&siem, "GET", "/v1/signals/stream?stream_id=str_x", Value::Null, 404, "no such stream"),
        (&siem, "PATCH", "/v1/signals/stream", json!({"stream_id": theirs}), 404, "no such stream"),
        (&siem, "POST", "/v1/signals/status", json!({"stream_id": theirs, "status": "paused"}), 404, "no such stream"),
        (&siem, "DELETE", "/v1/signals/stream", Value::Null, 400, "Name the stream"),
        (&siem, "GET", "/v1/signals/status", Value::Null, 400, "Name the stream"),
        (&siem, "POST", "/v1/signals/status", with(json!({"status": "asleep"})), 400, "not what this route takes"),
        (&siem, "PATCH", "/v1/signals/stream", json!([]), 400, "not what this route takes"),
        (&siem, "PATCH", "/v1/signals/stream", with(json!({"aud": "https://other"})), 400, "the transmitter's"),
        (&siem, "PUT", "/v1/signals/stream", delivery("http://siem.example.org/"), 400, "http, which is taken for loopback"),
        (&siem, "PUT", "/v1/signals/stream", delivery("https://169.254.169.254/latest"), 400, "not on the public internet"),
        (&siem, "PUT", "/v1/signals/stream", delivery("https://[::1]/"), 400, "not on the public internet"),
        (&siem, "PUT", "/v1/signals/stream", delivery("https://user@siem.example.org/"), 400, "without a user name"),
        (&siem, "PUT", "/v1/signals/stream", with(json!({"delivery": {"method": "carrier pigeon"}})), 400, "urn:ietf:rfc:8935"),
        (&siem, "POST", "/v1/signals/subjects/add", with(json!({"subject": {"format": "phone_number"}})), 400, "iss_sub, opaque or email"),
        (&siem, "POST", "/v1/signals/subjects/add", with(json!({"subject": {"format": "email"}})), 400, "lacks a member"),
        (&siem, "POST", "/v1/signals/verify", with(json!({"state": "x".repeat(1025)})), 400, "at most 1024"),
        (&siem, "POST", &poll, json!({"maxEvents": "many"}), 400, "not what this route takes"),
        (&reader, "POST", &poll, json!({}), 404, "no such stream"),
    ] {
        let (status, problem) = who.ask(method, path, body).await;
        let text = problem.to_string();
        assert!(status == expected && text.contains(says), "{method} {path}: {status} {text}");
        assert_eq!(problem["status"], json!(expected));
    }
    let (status, headers, _) = world.plain(Request::builder().uri("/v1/signals/stream").body(Body::empty()).unwrap()).await;
    assert_eq!((status, headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    let polled = reader.ask("POST", &format!("/v1/signals/poll/{}", theirs.as_str().unwrap()), json!({"returnImmediately": true})).await;
    assert_eq!(polled.0, 200, "reading and polling is what its token is for");
}

#[tokio::test]
async fn an_operator_hears_what_is_wrong_with_a_receiver() {
    let world = World::new().await;
    let seeds = std::cell::Cell::new(0);
    let add = async |new: NewReceiver| {
        seeds.set(seeds.get() + 1);
        let mut chance = Seeded::new(seeds.get());
        operate::add(&*world.store, (&Setup::default(), "http://127.0.0.1:8484"), &new, world.now(), &mut chance)
            .await
            .map_err(|why| why.to_string())
            .err()
    };
    assert_eq!(add(new("siem")).await, None);
    for (wrong, why) in [
        (new("siem"), NotAdded::NameTaken.to_string()),
        (new("a b"), NotAdded::Name.to_string()),
        (NewReceiver { audience: "a\nb".into(), ..new("x") }, NotAdded::Audience.to_string()),
        (NewReceiver { subjects: "phone".into(), ..new("x") }, NotAdded::Subjects.to_string()),
        (NewReceiver { algorithm: Some("none".into()), ..new("x") }, NotAdded::Algorithm.to_string()),
        (NewReceiver { algorithm: Some("rs256".into()), ..new("x") }, NotAdded::NoKey.to_string()),
    ] {
        assert_eq!(add(wrong).await, Some(why));
    }
    let unknown = add(NewReceiver { events: vec!["identifier-changed".into()], ..new("x") }).await.unwrap();
    assert!(unknown.contains("`identifier-changed` is no type of signal for these subjects"), "{unknown}");
    let inside = add(NewReceiver { stream: Some(NewStream { endpoint: Some("https://10.0.0.1/".into()) }), ..new("x") }).await.unwrap();
    assert!(inside.contains("not on the public internet"), "{inside}");
    let some = NewReceiver { events: vec!["session-revoked".into(), Kind::CredentialChange.uri()], ..new("some") };
    assert_eq!(add(some).await, None);
    let listed = operate::list(&*world.store).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["siem", "some"]);
    assert_eq!(listed[1].events, ["credential-change", "session-revoked"]);
    assert_eq!(operate::remove(&*world.store, "some").await, Ok(true));
}
