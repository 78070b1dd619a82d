//! `GET /.well-known/ssf-configuration` and `GET /v1/signals/keys`: what a receiver needs to know before it has a token.

use super::Apps;
use crate::signals::answer::{Answer, json};
use crate::signals::pen;
use axum::extract::State;
use axum::http::StatusCode;
use truebell_core::signal::Metadata;

pub(super) async fn configuration(State(app): Apps) -> Answer {
    json(StatusCode::OK, &Metadata::at(&app.settings.public_url))
}

pub(super) async fn keys(State(app): Apps) -> Answer {
    json(StatusCode::OK, &pen::jwks(&app))
}
