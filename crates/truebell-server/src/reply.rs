//! How every request is answered: under the signed head, with the request's nonce; refusals as RFC 9457 problems.
//!
//! Handlers return [`Reply`] or [`Refusal`]; [`seal`], the outermost layer, is the only place that writes a head.

use crate::error::{Outside, Refusal};
use crate::state::App;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use futures::FutureExt;
use parking_lot::Mutex;
use serde::Serialize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use truebell_core::chance::make_array;
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, HEADER, Head, NONCE_HEADER, Reason, Status};
use truebell_core::time::UnixMillis;
use truebell_core::wire::server::Problem;

/// Where problem types are explained; `docs/problems.md` is that page.
pub(crate) const PROBLEMS: &str = "https://truebell.org/problems/";
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// A request that was done.
#[derive(Debug)]
pub(crate) struct Reply {
    body: Body,
    kind: HeaderValue,
    /// Absent for streams.
    digest: Option<Hash32>,
    /// How long others may keep it; absent for not at all.
    cache: Option<HeaderValue>,
}

/// Marks a response as a [`Reply`].
#[derive(Clone)]
struct Done(Option<Hash32>);

impl Reply {
    /// A JSON body.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(value).map_err(|_| Refusal::fault("a reply does not serialise"))?;
        Ok(Self::whole(body.into(), JSON))
    }

    /// Done, and nothing to say: `{}`.
    pub(crate) fn empty() -> Self {
        Self::whole(Bytes::from_static(b"{}"), JSON)
    }

    /// Sealed bytes as they are.
    pub(crate) fn bytes(body: Vec<u8>) -> Self {
        Self::whole(body.into(), BYTES)
    }

    /// A text as it is.
    pub(crate) fn text(body: String) -> Self {
        Self::whole(body.into(), TEXT)
    }

    /// Whoever is on the way may keep it: public, and the same for everybody.
    pub(crate) fn cached(self, how: &'static str) -> Self {
        Self { cache: Some(HeaderValue::from_static(how)), ..self }
    }

    /// A JWS.
    pub(crate) fn jose(document: &str) -> Self {
        Self::whole(Bytes::copy_from_slice(document.as_bytes()), HeaderValue::from_static("application/jose"))
    }

    /// A stream that carries its own proofs.
    pub(crate) fn stream(body: Body, kind: &'static str) -> Self {
        Self { body, kind: HeaderValue::from_static(kind), digest: None, cache: None }
    }

    fn whole(body: Bytes, kind: HeaderValue) -> Self {
        let digest = Some(Hash32::derive_plain(&body));
        Self { body: body.into(), kind, digest, cache: None }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        response.headers_mut().insert(header::CONTENT_TYPE, self.kind);
        if let Some(cache) = self.cache {
            response.headers_mut().insert(header::CACHE_CONTROL, cache);
        }
        response.extensions_mut().insert(Done(self.digest));
        response
    }
}

/// Where the account stands that this request showed a session of; filled by whoever checked the session, read by [`seal`].
#[derive(Clone, Default)]
pub(crate) struct Standing(Arc<Mutex<Option<AccountHead>>>);

impl Standing {
    pub(crate) fn set(&self, head: Option<AccountHead>) {
        *self.0.lock() = head;
    }
}

/// The outermost layer: runs the request within its time, catches panics, signs what comes out.
pub(crate) async fn seal(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let nonce = read_nonce(request.headers());
    let standing = Standing::default();
    request.extensions_mut().insert(standing.clone());
    let running = tokio::time::timeout(app.settings.request_time_max, AssertUnwindSafe(next.run(request)).catch_unwind());
    let mut response = match running.await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Refusal::fault("a handler panicked").into_response(),
        Err(_elapsed) => Refusal::busy("a request took too long").into_response(),
    };
    let account = standing.0.lock().take();
    let (status, body) = match response.extensions_mut().remove::<Done>() {
        Some(Done(digest)) => (Status::Ok, digest),
        None => {
            let refusal = response.extensions_mut().remove::<Refusal>().unwrap_or_else(|| stranger(response.status()));
            let (problem, status, body) = refuse(&app, &refusal);
            response = problem;
            (status, Some(body))
        }
    };
    sign(&app, &mut response, nonce, status, account, body).await;
    response
}

/// Only the framework answers with neither a reply nor a refusal: it found no route.
fn stranger(status: StatusCode) -> Refusal {
    if status.is_client_error() { Reason::NoSuchRoute.into() } else { Refusal::fault("a response came from nowhere") }
}

fn read_nonce(headers: &HeaderMap) -> [u8; 16] {
    let mut nonce = [0; 16];
    if let Some(text) = headers.get(NONCE_HEADER).filter(|text| text.len() == 22) {
        // A nonce that does not read is a nonce the client will not recognise: the same as none.
        let mut read = [0; 16];
        if BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut read).is_ok() {
            nonce = read;
        }
    }
    nonce
}

fn refuse(app: &App, refusal: &Refusal) -> (Response, Status, Hash32) {
    let now = app.now();
    let (status, http, problem, retry_at) = match &refusal.outside {
        Outside::Refused(reason, until) => {
            let (reason, until) = (*reason, *until);
            let http = reason.http_status();
            let status = Status::Refused { reason, retry_at: until.unwrap_or_default() };
            (status, http, problem(reason.word(), reason.title(), http, &refusal.detail), until)
        }
        Outside::Busy => {
            let until = now + app.admission.away(make_array::<1>(&mut *app.chance.chance())[0]);
            let title = "The server has too much to do: it will be asked again in a moment.";
            (Status::Busy { until }, 503, problem("busy", title, 503, &refusal.detail), Some(until))
        }
        Outside::Maintenance(until, note) => {
            let title = "The server is being worked on: it will be asked again afterwards.";
            let status = Status::Maintenance { until: *until, note: note.clone() };
            // Not all at the moment it ends.
            (
                status,
                503,
                problem("maintenance", title, 503, &Some(note.clone())),
                Some(*until + app.admission.away(make_array::<1>(&mut *app.chance.chance())[0])),
            )
        }
        Outside::Outdated(needs) => {
            let title = "This client is older than the server speaks with: update Truebell.";
            (Status::Outdated { needs: needs.to_string() }, 403, problem("outdated", title, 403, &None), None)
        }
    };
    log(refusal, http);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let digest = Hash32::derive_plain(&body);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
    if let Some(seconds) = retry_at.map(|at| retry_after(at, now)) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    (response, status, digest)
}

fn problem(word: &str, title: &str, status: u16, detail: &Option<String>) -> Problem {
    Problem { kind: format!("{PROBLEMS}{word}"), title: title.to_owned(), status, detail: detail.clone() }
}

/// Whole seconds, rounded up: never too early.
fn retry_after(at: UnixMillis, now: UnixMillis) -> u64 {
    at.0.saturating_sub(now.0).div_ceil(1000)
}

fn log(refusal: &Refusal, http: u16) {
    match &refusal.inside {
        Some(inside) if http == 500 => tracing::error!(inside, http, "a request failed by our own fault"),
        Some(inside) => tracing::warn!(inside, http, "a request was put off"),
        None => {}
    }
}

async fn sign(app: &App, response: &mut Response, nonce: [u8; 16], status: Status, account: Option<AccountHead>, body: Option<Hash32>) {
    #[cfg(feature = "measuring")]
    if app.settings.without == Some(crate::Without::Heads) {
        return;
    }
    let pace = app.admission.pace(app.settings.pace);
    let head = Head {
        server: app.identity.server,
        generation: app.identity.generation,
        restore_epoch: app.identity.restore_epoch,
        at: app.now(),
        nonce,
        status,
        account,
        pace_ms: u32::try_from(pace.as_millis()).unwrap_or(u32::MAX),
        body,
    };
    // Base64url and a dot are always a header value; without one the client would say "intercepted", which is the safe reading.
    if let Some(Ok(value)) = app.sign(head).await.map(HeaderValue::try_from) {
        response.headers_mut().insert(HEADER, value);
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::app;
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    /// What a route of our own router must never do.
    async fn answer(path: &str) -> (StatusCode, Head, String) {
        let app = app();
        let router = Router::new()
            .route("/panics", get(async || -> Reply { panic!("of a test") }))
            .route("/unmarked", get(async || "a reply that is none of ours"))
            .layer(from_fn_with_state(app.clone(), seal))
            .with_state(app.clone());
        let response = router.oneshot(Request::builder().uri(path).body(Body::empty()).unwrap()).await.unwrap();
        let head = Head::verify(response.headers()[HEADER].to_str().unwrap(), &app.identity.key).unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(head.body, Some(Hash32::derive_plain(&body)));
        (status, head, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_and_a_reply_of_nobodys_become_a_signed_internal_problem() {
        for path in ["/panics", "/unmarked"] {
            let (status, head, body) = answer(path).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(head.status, Status::Refused { reason: Reason::Internal, retry_at: UnixMillis(0) });
            assert!(body.contains("/problems/internal") && !body.contains("of a test") && !body.contains("none of ours"));
        }
    }

    #[test]
    fn every_reason_is_explained_in_the_documents_with_its_status_and_sentence() {
        let page = include_str!("../../../docs/problems.md").split_whitespace().collect::<Vec<_>>().join(" ");
        for reason in Reason::ALL {
            let entry = format!("### `{}` ({}) {}", reason.word(), reason.http_status(), reason.title());
            assert!(page.contains(&entry), "docs/problems.md lacks: {entry}");
        }
    }

    #[test]
    fn retry_after_is_never_too_early() {
        for (at, now, seconds) in [(2000, 1000, 1), (2001, 1000, 2), (1000, 1000, 0), (900, 1000, 0)] {
            assert_eq!(retry_after(UnixMillis(at), UnixMillis(now)), seconds);
        }
    }
}
