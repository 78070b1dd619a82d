//! `GET /v1/status`: the signed status document, answered whatever else is not.

use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::State;

pub(crate) async fn read(State(app): Apps) -> Answer {
    Ok(Reply::jose(&app.status_document()))
}
