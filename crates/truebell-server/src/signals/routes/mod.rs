//! What receivers ask, one file per endpoint. A handler finds the caller, parses, asks the store once, and answers.

mod discover;
mod poll;
mod status;
mod stream;
mod subjects;
mod verify;

use super::answer::dress;
use crate::admission::{Class, admit};
use crate::state::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use std::sync::Arc;

type Apps = State<Arc<App>>;

/// The endpoints, on every server. Shed first: receivers come again, and nothing a person waits for depends on them.
pub(crate) fn pages(app: Arc<App>) -> Router {
    let managed = Router::new()
        .route("/v1/signals/keys", get(discover::keys))
        .route(
            "/v1/signals/stream",
            get(stream::read).post(stream::create).patch(stream::change).put(stream::replace).delete(stream::delete),
        )
        .route("/v1/signals/status", get(status::read).post(status::set))
        .route("/v1/signals/subjects/add", post(subjects::add))
        .route("/v1/signals/subjects/remove", post(subjects::remove))
        .route("/v1/signals/verify", post(verify::verify))
        .route_layer(from_fn_with_state((app.clone(), Class::Bulk), admit));
    Router::new()
        .merge(managed)
        .route("/.well-known/ssf-configuration", get(discover::configuration))
        // It may wait, and holds no place at work meanwhile: there is one waiting poll for each stream.
        .route("/v1/signals/poll/{stream}", post(poll::poll))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), crate::status::guard))
        .layer(from_fn_with_state(app.clone(), dress))
        .with_state(app)
}
