//! `GET /v1/log/checkpoint`: the published state of the log, signed (C2SP tlog-checkpoint).

use super::published;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::State;

pub(crate) async fn read(State(app): Apps) -> Answer {
    Ok(Reply::text(published(&app).await?.note).cached("public, max-age=5"))
}
