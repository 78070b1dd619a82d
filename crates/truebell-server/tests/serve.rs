//! A whole server on real sockets: it starts, answers, takes the operator's commands, speaks TLS, stops, and starts again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is a test: a panic is how it fails")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use truebell_server::config::{Given, Sources, load};
use truebell_server::control::{Answer, Asked, ask};
use truebell_server::serve::{Ready, ServeError, serve};

/// A server in this process.
struct Running {
    ready: Ready,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    async fn end(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(15), self.ended).await.expect("it stops in time").unwrap().unwrap();
    }
}

async fn start(data: &Path, settings: &[(&str, &str)]) -> Result<Running, ServeError> {
    let own = [("data", data.to_str().unwrap()), ("listen", "127.0.0.1:0"), ("metrics_listen", "127.0.0.1:0"), ("stop_grace", "5s")];
    let flags =
        own.iter().chain(settings).map(|(name, text)| Given { name: (*name).into(), text: (*text).into(), flag: "--set" }).collect();
    let config = load(&Sources { flags, ..Sources::default() }).unwrap().config;
    let (stop, stopped) = oneshot::channel::<()>();
    let (say, hear) = oneshot::channel();
    let ended = tokio::spawn(serve(config, false, move |ready| drop(say.send(ready)), async move { drop(stopped.await) }));
    match hear.await {
        Ok(ready) => Ok(Running { ready, stop, ended }),
        Err(_) => Err(ended.await.unwrap().unwrap_err()),
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A TLS peer that closes without saying so has said all the same.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(address: SocketAddr, path: &str) -> String {
    exchange(TcpStream::connect(address).await.unwrap(), path).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_answers_stops_and_is_the_same_server_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = start(&data, &[]).await.unwrap();
    assert!(first.ready.is_new && first.ready.address.port() != 0);
    assert_eq!(first.ready.public_url, format!("http://{}", first.ready.address));
    assert!(first.ready.remarks.iter().any(|remark| remark.setting == "mail_relay"), "that mail is off is said at each start");
    let info = get(first.ready.address, "/v1/server").await;
    assert!(info.starts_with("HTTP/1.1 200") && info.to_lowercase().contains("truebell-head: ") && info.contains("srv_"), "{info}");
    assert!(get(first.ready.address, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get(first.ready.address, "/metrics").await.starts_with("HTTP/1.1 404"));
    let metrics = get(first.ready.metrics.unwrap(), "/metrics").await;
    assert!(metrics.contains(r#"truebell_requests_total{route="/v1/server",method="GET",outcome="done"} 1"#), "{metrics}");
    let (server, fingerprint) = (first.ready.server, first.ready.fingerprint.clone());
    first.end().await;
    assert!(!data.join("control.sock").exists());
    let second = start(&data, &[]).await.unwrap();
    assert_eq!((second.ready.server, second.ready.fingerprint.clone(), second.ready.is_new), (server, fingerprint, false));
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_made_through_the_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let running = start(&data, &[]).await.unwrap();
    let asked = Asked::Invite { good_for_ms: 60_000 };
    let socket = data.clone();
    let answer = tokio::task::spawn_blocking(move || ask(&socket, &asked)).await.unwrap().unwrap();
    let Some(Answer::Invited(invitation)) = answer else { panic!("{answer:?}") };
    assert!(invitation.code.starts_with("INV-") && invitation.code.len() == 23, "{}", invitation.code);
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(data.join("control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else can open the door");
    running.end().await;
    assert_eq!(ask(&data, &Asked::Invite { good_for_ms: 1 }).unwrap(), None, "nobody serves any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_spoken_with_the_configured_certificate() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail/testdata");
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (testdata.join("relay.pem"), testdata.join("relay.key"));
    let settings = [("tls_certificate", certificate.to_str().unwrap()), ("tls_key", key.to_str().unwrap())];
    let running = start(folder.path(), &settings).await.unwrap();
    assert!(running.ready.public_url.starts_with("https://"));
    let answer = get_tls(running.ready.address, &testdata.join("authority.pem"), "/v1/server").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    running.end().await;
}

async fn get_tls(address: SocketAddr, authority: &Path, path: &str) -> String {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(address).await.unwrap();
    exchange(connector.connect("localhost".try_into().unwrap(), stream).await.unwrap(), path).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_server_from_starting_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let running = start(&data, &[]).await.unwrap();
    let taken = running.ready.address.to_string();
    for (settings, says) in [
        (vec![], "another process is using the database: stop that server first"),
        (
            vec![("data", folder.path().join("other").to_str().unwrap().to_owned()), ("listen", taken)],
            "cannot be listened on (address in use)",
        ),
        (vec![("data", "/proc/truebell".to_owned())], "the data folder /proc/truebell cannot be made or used"),
        (
            vec![
                ("data", folder.path().join("third").to_str().unwrap().to_owned()),
                ("tls_certificate", "/nonexistent.pem".to_owned()),
                ("tls_key", "/nonexistent.key".to_owned()),
            ],
            "TLS cannot be started with /nonexistent.pem and /nonexistent.key",
        ),
    ] {
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let error = start(&data, &settings).await.err().expect("it does not start").to_string();
        assert!(error.contains(says), "{error}");
    }
    running.end().await;
    std::fs::remove_file(data.join("server-key")).unwrap();
    let error = start(&data, &[]).await.err().expect("it does not start").to_string();
    assert!(error.starts_with("the signing key ") && error.contains("is missing: put it back from the backup"), "{error}");
}

/// Asks again until the answer has what is waited for.
async fn get_until(address: SocketAddr, path: &str, wanted: impl Fn(&str) -> bool) -> String {
    for _try in 0..150 {
        let answer = get(address, path).await;
        if wanted(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} did not come to that");
}

/// A witness that believes everybody, on a socket of its own: its address and verifier key.
async fn witness() -> (SocketAddr, String) {
    use truebell_core::log::{Checkpoint, Consistency, Witness, cosign};
    let key = truebell_core::sign::SigningKey::from_seed(&[8; 32]);
    let verifier = Witness::new("w.example", key.public()).unwrap().to_string();
    let answer = move |body: String| {
        let key = key.clone();
        async move {
            let asked = Consistency::parse(&body).expect("what witnesses take");
            let text = Checkpoint::read_unverified(&asked.checkpoint).unwrap().text();
            cosign(&text, "w.example", &key, truebell_core::time::UnixMillis(1_800_000_000_000))
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = axum::Router::new().route("/w1/add-checkpoint", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (address, verifier)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_publishes_its_log_with_the_cosignatures_of_its_witnesses() {
    let folder = tempfile::tempdir().unwrap();
    let (address, verifier) = witness().await;
    let witnesses = format!("http://{address}/w1 {verifier}");
    let running = start(folder.path(), &[("log_witnesses", &witnesses)]).await.unwrap();
    let origin = format!("truebell.log/{}/0\n0\n", running.ready.server);
    let answer = get_until(running.ready.address, "/v1/log/checkpoint", |answer| answer.starts_with("HTTP/1.1 200")).await;
    assert!(answer.contains(&origin) && answer.contains("\n— w.example "), "{answer}");
    assert!(answer.to_lowercase().contains("cache-control: public, max-age=5"), "{answer}");
    let metrics = get(running.ready.metrics.unwrap(), "/metrics").await;
    assert!(metrics.contains("truebell_log_entries 0") && metrics.contains("truebell_log_waiting 0"), "{metrics}");
    running.end().await;
}
