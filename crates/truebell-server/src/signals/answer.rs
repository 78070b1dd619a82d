//! How receivers are answered: plain JSON, and problems (RFC 9457) with the statuses the framework gives them. No signed head: a receiver
//! is no client, and what it believes it reads in tokens.

use crate::error::{Outside, Refusal};
use crate::reply::PROBLEMS;
use crate::state::App;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use truebell_core::head::Reason;
use truebell_core::signal::{NotAStream, NotASubject};
use truebell_core::time::UnixMillis;
use truebell_core::wire::server::Problem;
use truebell_store::StoreError;
use truebell_store::signals::Scope;

/// What a handler gives.
pub(super) type Answer = Result<Response, Denied>;

/// A request of a receiver that is not done.
#[derive(Debug, Clone)]
pub(super) enum Denied {
    /// No token, or none of a receiver's.
    NoReceiver,
    /// The token is not good for this.
    Scope(Scope),
    /// No stream of this receiver's has that id.
    NoStream,
    /// What was sent is wrong; a sentence.
    Malformed(String),
    /// It has a stream.
    OneStream,
    /// Too often; not before so many seconds.
    TooOften(u64),
    /// What any request can be refused for.
    Other(Refusal),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal)
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<NotAStream> for Denied {
    fn from(why: NotAStream) -> Self {
        Self::Malformed(why.to_string())
    }
}

impl From<NotASubject> for Denied {
    fn from(why: NotASubject) -> Self {
        Self::Malformed(why.to_string())
    }
}

/// JSON, of a status.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).map_err(|_| Refusal::fault("an answer to a receiver does not serialise"))?;
    Ok(with(status, "application/json", body))
}

/// Done, and nothing to say.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut response = status.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn with(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Everything a problem needs.
struct Said<'a> {
    word: &'a str,
    title: &'a str,
    status: u16,
    detail: Option<String>,
    retry_after_s: Option<u64>,
    challenge: Option<String>,
}

impl<'a> Said<'a> {
    fn new(word: &'a str, title: &'a str, status: u16) -> Self {
        Self { word, title, status, detail: None, retry_after_s: None, challenge: None }
    }

    fn reason(reason: Reason) -> Self {
        Self::new(reason.word(), reason.title(), reason.http_status())
    }

    fn write(self) -> Response {
        let problem =
            Problem { kind: format!("{PROBLEMS}{}", self.word), title: self.title.to_owned(), status: self.status, detail: self.detail };
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = with(status, "application/problem+json", serde_json::to_vec(&problem).unwrap_or_default());
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(value) = self.challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match self {
            Self::NoReceiver => Said {
                challenge: Some("Bearer".to_owned()),
                ..Said::new("no-receiver", "The token is missing or is no receiver's: ask the operator of this server for one.", 401)
            }
            .write(),
            Self::Scope(needed) => Said {
                challenge: Some(format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", needed.word())),
                ..Said::new(
                    "receiver-scope",
                    "The token may read and poll, and not change: ask the operator of this server for another.",
                    403,
                )
            }
            .write(),
            Self::NoStream => Said::new("no-stream", "This receiver has no such stream.", 404).write(),
            Self::Malformed(detail) => Said { detail: Some(detail), ..Said::reason(Reason::Malformed) }.write(),
            Self::OneStream => {
                Said::new("one-stream", "This receiver has its stream: read it, change it, or delete it first.", 409).write()
            }
            Self::TooOften(seconds) => Said { retry_after_s: Some(seconds), ..Said::reason(Reason::TooManyAttempts) }.write(),
            // Written by the layer, which knows the time.
            Self::Other(refusal) => refusal.into_response(),
        }
    }
}

/// The outermost layer of a receiver's routes: writes down what was refused on the way.
pub(super) async fn dress(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Refusal>() {
        Some(refusal) => refuse(&refusal, app.clock.now()),
        None => response,
    }
}

fn refuse(refusal: &Refusal, now: UnixMillis) -> Response {
    if let Some(inside) = &refusal.inside {
        tracing::warn!(inside, "a receiver's request was not done");
    }
    let seconds = |until: UnixMillis| until.0.saturating_sub(now.0).div_ceil(1000).max(1);
    match &refusal.outside {
        Outside::Refused(reason, until) => {
            Said { detail: refusal.detail.clone(), retry_after_s: until.map(seconds), ..Said::reason(*reason) }.write()
        }
        Outside::Busy => {
            Said { retry_after_s: Some(5), ..Said::new("busy", "The server has too much to do: it will be asked again in a moment.", 503) }
                .write()
        }
        Outside::Maintenance(until, note) => Said {
            detail: Some(note.clone()),
            retry_after_s: Some(seconds(*until)),
            ..Said::new("maintenance", "The server is being worked on: it will be asked again afterwards.", 503)
        }
        .write(),
        Outside::Outdated(_) => Said::reason(Reason::Malformed).write(),
    }
}
