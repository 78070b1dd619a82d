//! The whole story of a signal: a real server, a person who changes their password, and systems of others that hear of it over HTTP and
//! check what they hear with code of others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod desk;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use desk::{Machine, PASSWORD, Server};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

const CREDENTIAL_CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/credential-change";

/// How the receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Takes what comes.
    Well,
    /// Down for a while.
    Down,
    /// Takes what comes, and its answer is lost.
    Silent,
}

/// A system of somebody else's that is pushed to: RFC 8935, in a thread of its own.
#[derive(Clone)]
struct Receiver {
    heard: Arc<Mutex<Vec<String>>>,
    mood: Arc<Mutex<Mood>>,
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, set: String) -> StatusCode {
    assert_eq!(headers["content-type"], "application/secevent+jwt");
    let authorized = headers["authorization"] == "Bearer receivers-own-secret";
    let mood = *receiver.mood.lock().unwrap();
    if mood == Mood::Down || !authorized {
        return if authorized { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::UNAUTHORIZED };
    }
    receiver.heard.lock().unwrap().push(set);
    if mood == Mood::Silent {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    StatusCode::ACCEPTED
}

impl Receiver {
    /// Starts it; its address.
    fn start() -> (Self, String) {
        let receiver = Self { heard: Arc::default(), mood: Arc::new(Mutex::new(Mood::Well)) };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let routes = axum::Router::new().route("/in", post(hear)).with_state(receiver.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), routes).await }).unwrap();
        });
        (receiver, url)
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Waits until it has heard so many in all.
    fn heard(&self, count: usize, at_most: Duration) -> Vec<String> {
        let end = Instant::now() + at_most;
        loop {
            let heard = self.heard.lock().unwrap().clone();
            if heard.len() >= count || Instant::now() > end {
                assert_eq!(heard.len(), count, "{:?}", heard.iter().map(|set| unchecked(set)).collect::<Vec<_>>());
                return heard;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn unchecked(set: &str) -> Value {
    let claims = data_encoding::BASE64URL_NOPAD.decode(set.split('.').nth(1).unwrap().as_bytes()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// A request as any HTTP client sends it: status and JSON.
fn ask(server: &Server, token: Option<&str>, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let host = server.url().trim_start_matches("http://").to_owned();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// As a receiver checks a token: by the key set the transmitter publishes, for the issuer it knows and the audience it is.
fn check(server: &Server, audience: &str, algorithm: Algorithm, set: &str) -> Value {
    let (status, found) = ask(server, None, "GET", "/.well-known/ssf-configuration", &Value::Null);
    assert_eq!((status, found["issuer"].as_str()), (200, Some(server.url().as_str())));
    let path = found["jwks_uri"].as_str().unwrap().trim_start_matches(&server.url()).to_owned();
    let keys: JwkSet = serde_json::from_value(ask(server, None, "GET", &path, &Value::Null).1).unwrap();
    let header = decode_header(set).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (algorithm, Some("secevent+jwt")));
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).expect("a published key")).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[server.url()]);
    validation.set_required_spec_claims(&["iss", "aud"]);
    validation.validate_exp = false;
    let claims = decode::<Value>(set, &key, &validation).expect("a token that verifies").claims;
    assert!(claims.get("exp").is_none() && claims.get("sub").is_none());
    // And the check can fail.
    let mut forged = set.to_owned().into_bytes();
    let place = set.find('.').unwrap() + 20;
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    assert!(decode::<Value>(String::from_utf8(forged).unwrap(), &key, &validation).is_err());
    claims
}

fn operator(server: &Server, words: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    let output = command.args(["signals"]).args(words).args(["--json", "--data"]).arg(server.folder()).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn change_password(machine: &Machine, old: &str, new: &str) {
    machine.run_with(&["password", "change", "--password-stdin", "--new-password-stdin", "--yes"], &format!("{old}\n{new}\n")).ok();
}

fn write_rsa_key(path: &std::path::Path) {
    std::fs::write(path, include_str!("files/signals-rsa.pem")).unwrap();
}

#[test]
fn a_password_change_reaches_other_systems_once_proven_and_whatever_goes_wrong_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("signals-rsa.pem");
    write_rsa_key(&key);
    let rsa = format!("signals_rsa_key_file={}", key.display());
    let mut server = Server::start_with(folder.path(), &["--set", "signals_networks=127.0.0.0/8", "--set", &rsa]);
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let (siem, url) = Receiver::start();

    // One that is pushed to, signed with RS256, and makes its stream itself; one that polls, signed with EdDSA, whose stream is made.
    let added = operator(&server, &["receiver", "add", "siem", "--audience", "https://siem.test", "--everyone"]);
    assert_eq!(added["algorithm"], "RS256");
    let token = added["token"].as_str().unwrap().to_owned();
    let poller = operator(
        &server,
        &["receiver", "add", "poller", "--audience", "poller", "--everyone", "--algorithm", "EdDSA", "--poll", "--scope", "read"],
    );
    let reading = poller["token"].as_str().unwrap().to_owned();
    let body =
        json!({"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": url, "authorization_header": "Bearer receivers-own-secret"}});
    let (status, made) = ask(&server, Some(&token), "POST", "/v1/signals/stream", &body);
    assert_eq!((status, &made["aud"]), (201, &json!("https://siem.test")), "{made}");
    let verify = json!({"stream_id": made["stream_id"], "state": "hello"});
    assert_eq!(ask(&server, Some(&token), "POST", "/v1/signals/verify", &verify).0, 204);
    let first = siem.heard(1, Duration::from_secs(20));
    assert_eq!(check(&server, "https://siem.test", Algorithm::RS256, &first[0])["events"].as_object().unwrap().len(), 1);

    // What a person does all day is no signal; a new password is one, and one only.
    ada.run(&["item", "create", "login", "--title", "Bank"]).ok();
    ada.run(&["sync"]).ok();
    change_password(&ada, PASSWORD, "correct horse battery staple two");
    ada.run(&["sync"]).ok();
    let heard = siem.heard(2, Duration::from_secs(20));
    let claims = check(&server, "https://siem.test", Algorithm::RS256, &heard[1]);
    assert_eq!(claims["events"][CREDENTIAL_CHANGE]["credential_type"], "password");
    assert_eq!(claims["sub_id"]["format"], "iss_sub");
    let path = format!("/v1/signals/poll/{}", poller["stream"].as_str().unwrap());
    let (status, polled) = ask(&server, Some(&reading), "POST", &path, &json!({"maxEvents": 10}));
    let sets = polled["sets"].as_object().unwrap();
    assert_eq!((status, sets.len()), (200, 1), "{polled}");
    let (jti, set) = sets.iter().next().unwrap();
    let same = check(&server, "poller", Algorithm::EdDSA, set.as_str().unwrap());
    assert_eq!((&same["jti"], &same["txn"]), (&json!(jti), &claims["txn"]), "the same event on another stream");
    assert_eq!(ask(&server, Some(&reading), "POST", &path, &json!({"ack": [jti], "returnImmediately": true})).1, json!({"sets": {}}));
    assert_eq!(
        ask(
            &server,
            Some(&reading),
            "DELETE",
            &format!("/v1/signals/stream?stream_id={}", poller["stream"].as_str().unwrap()),
            &Value::Null
        )
        .0,
        403
    );

    // The receiver is down for a while: it arrives after.
    siem.is(Mood::Down);
    change_password(&ada, "correct horse battery staple two", "correct horse battery staple three");
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let status = operator(&server, &["status"]);
        let stream = &status["receivers"][1]["stream"];
        if stream["failure"] == "it answered 503" && stream["waiting"] == 1 {
            break;
        }
        assert!(Instant::now() < end, "{status}");
        std::thread::sleep(Duration::from_millis(200));
    }
    siem.is(Mood::Silent);
    let heard = siem.heard(3, Duration::from_secs(40));

    // It took the token and the server died before that was recorded: the very same token comes again.
    server.kill();
    siem.is(Mood::Well);
    server.start_again();
    let again = siem.heard(4, Duration::from_secs(60));
    assert_eq!(again[3], heard[2], "byte for byte, so with the same jti");
    assert_ne!(unchecked(&again[3])["jti"], claims["jti"]);
    std::thread::sleep(Duration::from_secs(3));
    siem.heard(4, Duration::ZERO);
    let status = operator(&server, &["status"]);
    let stream = &status["receivers"][1]["stream"];
    assert_eq!((&stream["delivered"], &stream["waiting"], &stream["dropped"]), (&json!(3), &json!(0), &json!(0)), "{status}");

    assert_eq!(operator(&server, &["receiver", "rm", "siem"])["removed"], true);
    assert_eq!(ask(&server, Some(&token), "GET", "/v1/signals/stream", &Value::Null).0, 401);
}
