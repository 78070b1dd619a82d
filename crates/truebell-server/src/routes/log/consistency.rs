//! `GET /v1/log/consistency/{from}/{to}`: the hashes that show that the log of one size continues the log of another.

use super::published;
use crate::error::Refusal;
use crate::log::compute;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::{Path, State};
use data_encoding::BASE64;
use truebell_core::head::Reason;
use truebell_core::log::prove_consistency;

pub(crate) async fn read(State(app): Apps, Path((from, to)): Path<(u64, u64)>) -> Answer {
    if from > to || to > published(&app).await?.checkpoint.size {
        return Err(Refusal::because(Reason::NotFound, "The sizes go up, and the second is at most that of the published checkpoint."));
    }
    let path = compute(&*app.store, |nodes| prove_consistency(nodes, from, to)).await?;
    Ok(Reply::text(path.iter().map(|hash| BASE64.encode(&hash.0) + "\n").collect()))
}
