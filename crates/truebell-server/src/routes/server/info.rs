//! `GET /v1/server`: who this server is. What it says is under its own key, so whoever compares the fingerprint knows.

use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::State;
use truebell_core::b64::Bytes;
use truebell_core::wire::server::ServerInfo;

pub(crate) async fn info(State(app): Apps) -> Answer {
    Reply::json(&ServerInfo {
        server: app.identity.server,
        key: app.identity.key,
        generation: Bytes(app.identity.generation.to_vec()),
        restore_epoch: app.identity.restore_epoch,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sign_up: app.settings.sign_up,
        attachment_bytes_max: app.settings.attachment_bytes_max,
        client_floor: Some(app.settings.client_floor),
        status_url: app.settings.status_url.clone(),
    })
}
