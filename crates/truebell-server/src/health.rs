//! `/healthz`: the process lives. `/readyz`: it can do its work, with a reason for each part that cannot. Never here: a word about what
//! is stored.

use crate::metrics::Metrics;
use crate::state::App;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long an answer of the database holds: the check writes, and anybody may ask.
const CHECK_HOLDS: Duration = Duration::from_secs(2);

/// What the pages look at.
pub(crate) struct Health {
    app: Arc<App>,
    metrics: Arc<Metrics>,
    has_relay: bool,
    last: Mutex<Option<(Instant, Part)>>,
}

/// One part of the server, and how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Part {
    part: &'static str,
    ready: bool,
    reason: &'static str,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    parts: Vec<Part>,
}

/// The two pages, for any listener.
pub(crate) fn pages(app: Arc<App>, metrics: Arc<Metrics>, has_relay: bool) -> Router {
    let health = Arc::new(Health { app, metrics, has_relay, last: Mutex::new(None) });
    Router::new().route("/healthz", get(|| async { "alive\n" })).route("/readyz", get(ready)).with_state(health)
}

/// The same and `/metrics`, for the operator's listener.
pub(crate) fn operators_pages(app: Arc<App>, metrics: Arc<Metrics>, has_relay: bool) -> Router {
    let state = (app.clone(), metrics.clone());
    Router::new().route("/metrics", get(show_metrics)).with_state(state).merge(pages(app, metrics, has_relay))
}

async fn show_metrics(State((app, metrics)): State<(Arc<App>, Arc<Metrics>)>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.render(&app).await)
}

async fn ready(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let parts = vec![health.store().await, health.key(), health.mail()];
    // Mail that is late makes nobody's request fail: it is told, and the server stays in service.
    let ready = parts.iter().all(|part| part.ready || part.part == "mail");
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, parts }))
}

impl Health {
    async fn store(&self) -> Part {
        let mut last = self.last.lock().await;
        if let Some((at, part)) = *last
            && at.elapsed() < CHECK_HOLDS
        {
            return part;
        }
        let (ready, reason) = match self.app.store.check().await {
            Ok(()) => (true, "the database answers and can be written to"),
            Err(truebell_store::StoreError::Unavailable | truebell_store::StoreError::Unknown) => (false, "the database does not answer"),
            Err(truebell_store::StoreError::Moved) => {
                (false, "the database was moved to another place, and this server has not followed yet")
            }
            Err(truebell_store::StoreError::Full) => (false, "the database has no room left: reading goes on, writing does not"),
            Err(truebell_store::StoreError::ReadOnly) => (false, "the database cannot be written to: reading goes on, writing does not"),
            Err(truebell_store::StoreError::Damaged(_)) => (false, "the database contradicts itself: look at it before anything else"),
        };
        let part = Part { part: "store", ready, reason };
        *last = Some((Instant::now(), part));
        part
    }

    /// A server without its key does not start; that it answers says that the key is here.
    fn key(&self) -> Part {
        let ready = self.app.keys.signing.public() == self.app.identity.key;
        Part {
            part: "key",
            ready,
            reason: if ready { "the signing key is the database's" } else { "the signing key is not the database's" },
        }
    }

    fn mail(&self) -> Part {
        let (ready, reason) = match (self.has_relay, self.metrics.relay_takes()) {
            _ if self.metrics.holds_mail() => {
                (false, "mails of one kind are held back, because too many people were to be told at once: see `truebell mail status`")
            }
            (false, _) => (false, "mail is off: mails are written to the outbox folder and reach nobody"),
            (true, true) => (true, "the relay took the last mail"),
            (true, false) => (false, "the relay does not take mail just now; mails wait and are tried again"),
        };
        Part { part: "mail", ready, reason }
    }
}
