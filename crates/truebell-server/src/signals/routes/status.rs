//! `/v1/signals/status`: whether a stream flows (SSF 1.0, section 8.1.2).

use super::Apps;
use super::stream::Which;
use crate::body::Json;
use crate::signals::answer::{Answer, Denied, json};
use crate::signals::caller::Caller;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use truebell_core::signal::{StatusAsked, StatusSaid};

pub(super) async fn read(caller: Caller, Query(which): Query<Which>) -> Answer {
    let stream = caller.the_stream(which.named()?)?;
    json(StatusCode::OK, &StatusSaid { stream_id: stream.stream, status: stream.status, reason: stream.reason.clone() })
}

pub(super) async fn set(State(app): Apps, caller: Caller, Json(asked): Json<StatusAsked>) -> Answer {
    caller.may_manage()?;
    let stream = caller.the_stream(&asked.stream_id)?.stream;
    let reason = asked.reason();
    if !app.store.set_stream_status(stream, asked.status, reason.as_deref()).await? {
        return Err(Denied::NoStream);
    }
    json(StatusCode::OK, &StatusSaid { stream_id: stream, status: asked.status, reason })
}
