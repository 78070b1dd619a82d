//! `GET /pair` and `POST /pair/{bucket}`: what is asked, what it costs, and the headers around the answer.

use super::budget::Budget;
use super::shelf::{Open, PairShelf};
use crate::chance::ChanceSource;
use crate::clock::Clock;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use truebell_core::pair::{NotAQuestion, QUESTION_BYTES, answer_bytes, answer_question};
use truebell_corpus::pairs::PairsDamaged;

/// Hex digits of a bucket's number.
const BUCKET_DIGITS: usize = 5;

/// What the routes work with.
pub struct PairService {
    shelf: PairShelf,
    budget: Budget,
    clock: Box<dyn Clock>,
    chance: Box<dyn ChanceSource>,
}

impl std::fmt::Debug for PairService {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PairService").field("shelf", &self.shelf).finish_non_exhaustive()
    }
}

impl PairService {
    /// A service of this file.
    pub fn new(shelf: PairShelf, budget: Budget, clock: impl Clock, chance: impl ChanceSource) -> Self {
        Self { shelf, budget, clock: Box::new(clock), chance: Box::new(chance) }
    }

    /// The file.
    pub const fn shelf(&self) -> &PairShelf {
        &self.shelf
    }
}

/// Why a question is not answered.
enum Refused {
    BadBucket,
    BadQuestion,
    TooLong,
    OtherVersion,
    TooMany { seconds: u64 },
    Damaged,
}

impl From<NotAQuestion> for Refused {
    fn from(error: NotAQuestion) -> Self {
        match error {
            NotAQuestion::OtherVersion => Self::OtherVersion,
            NotAQuestion::Length | NotAQuestion::Element(_) => Self::BadQuestion,
        }
    }
}

/// The service's routes.
pub fn router(service: Arc<PairService>) -> Router {
    Router::new()
        .route("/pair", get(about).options(preflight))
        .route("/pair/{bucket}", post(ask).options(preflight))
        .fallback(not_found)
        .with_state(service)
}

async fn about(State(service): State<Arc<PairService>>, headers: HeaderMap) -> Response {
    let open = service.shelf.now();
    let etag = format!("\"{}\"", open.id);
    let known = headers.get(IF_NONE_MATCH).and_then(|asked| asked.to_str().ok());
    let is_known = known.is_some_and(|asked| asked.split(',').any(|one| one.trim().trim_start_matches("W/") == etag));
    let mut about = headers_of("application/json", "no-cache");
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        about.insert(ETAG, etag);
    }
    if is_known { (StatusCode::NOT_MODIFIED, about).into_response() } else { (about, Body::from(open.about.clone())).into_response() }
}

async fn ask(
    State(service): State<Arc<PairService>>,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    Path(bucket): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.0.ip());
    let who = service.budget.who(peer, &headers);
    match answer(&service, who, &bucket, body).await {
        Ok(said) => (headers_of("application/octet-stream", "no-store"), Body::from(said)).into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn answer(service: &Arc<PairService>, who: IpAddr, bucket: &str, body: Body) -> Result<Vec<u8>, Refused> {
    let open = service.shelf.now();
    let bucket = parse_bucket(bucket).filter(|bucket| *bucket < open.pairs.header().buckets()).ok_or(Refused::BadBucket)?;
    let question = to_bytes(body, QUESTION_BYTES).await.map_err(|_| Refused::TooLong)?;
    if question.len() != QUESTION_BYTES {
        return Err(Refused::BadQuestion);
    }
    if !question.starts_with(&open.id.0) {
        return Err(Refused::OtherVersion);
    }
    let now = service.clock.now();
    service.budget.take(who, now).map_err(|until| Refused::TooMany { seconds: until.0.saturating_sub(now.0).div_ceil(1000).max(1) })?;
    let mut chance = service.chance.chance();
    let said = tokio::task::spawn_blocking(move || say(&open, bucket, &question, chance.as_mut())).await.unwrap_or(Err(Refused::Damaged));
    if said.is_err() {
        service.budget.give_back(who);
    }
    said
}

/// The work: a file read and some multiplications, about a millisecond.
fn say(open: &Open, bucket: u32, question: &[u8], chance: &mut dyn truebell_core::chance::Chance) -> Result<Vec<u8>, Refused> {
    let mut said = answer_question(&open.key, &open.id, question, chance)?;
    said.reserve_exact(answer_bytes(open.pairs.header().entries) + size_of::<u32>() - said.len());
    open.pairs.bucket(bucket, &mut said).map_err(|error: PairsDamaged| {
        // Which bucket it is stays out of the log: it is a part of what somebody asked.
        let why = if let PairsDamaged::Bucket(_) = error { "a bucket is damaged".to_owned() } else { error.to_string() };
        tracing::error!(%why, "pairs could not be read; truebell corpus pair verify says where");
        Refused::Damaged
    })?;
    Ok(said)
}

fn parse_bucket(text: &str) -> Option<u32> {
    let is_number = text.len() == BUCKET_DIGITS && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(text, 16).ok())?
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Self::BadBucket => (StatusCode::BAD_REQUEST, "bad-bucket", "A bucket is five hex digits, and no more than /pair announces."),
            Self::BadQuestion => {
                (StatusCode::BAD_REQUEST, "bad-question", "A question is 144 bytes: the version and four blinded elements.")
            }
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "too-long", "A question is 144 bytes, and this is more."),
            Self::OtherVersion => {
                (StatusCode::CONFLICT, "other-version", "The question is about another version of the pairs: ask /pair again.")
            }
            Self::TooMany { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many", "Each question is a guess, and there were too many from here: come back later.")
            }
            Self::Damaged => {
                (StatusCode::SERVICE_UNAVAILABLE, "damaged", "The pairs cannot be read at the moment; nothing is said about any of them.")
            }
        };
        let mut about = headers_of("application/json", "no-store");
        if let Self::TooMany { seconds } = self {
            about.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        (status, about, format!(r#"{{"code":"{code}","detail":"{detail}"}}"#)).into_response()
    }
}

/// What browsers ask before a question.
async fn preflight() -> Response {
    let about = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type")),
    ];
    (StatusCode::NO_CONTENT, about).into_response()
}

async fn not_found() -> Response {
    let about = headers_of("application/json", "no-store");
    (StatusCode::NOT_FOUND, about, r#"{"code":"not-found","detail":"Pairs are asked about at /pair."}"#).into_response()
}

fn headers_of(kind: &'static str, caching: &'static str) -> HeaderMap {
    let named = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    HeaderMap::from_iter([
        named(CONTENT_TYPE, kind),
        named(CACHE_CONTROL, caching),
        named(ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        named(X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ])
}
