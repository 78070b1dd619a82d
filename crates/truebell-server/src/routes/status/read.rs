//! `GET /v1/status`: the signed status document, answered whatever else is not.

use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::State;

pub(crate) async fn read(State(app): Apps) -> Answer {
    let document = app.status_document().map_err(|why| Refusal::fault(why.to_string()))?;
    Ok(Reply::jose(&document))
}
