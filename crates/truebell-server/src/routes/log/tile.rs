//! `GET /v1/log/tile/{path}`: hashes and entries of the log, as static resources (C2SP tlog-tiles).

use super::published;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::{Path, State};
use truebell_core::head::Reason;
use truebell_core::log::Resource;
use truebell_store::StoreError;

pub(crate) async fn read(State(app): Apps, Path(path): Path<String>) -> Answer {
    let malformed = || Refusal::because(Reason::Malformed, "A tile's path is <L>/<N>[.p/<W>] or entries/<N>[.p/<W>].");
    let (resource, width) = Resource::parse(&path).ok_or_else(malformed)?;
    let tile = resource.tile();
    if tile.width_in(published(&app).await?.checkpoint.size) < width {
        return Err(Refusal::because(Reason::NotFound, "The published checkpoint has no such tile."));
    }
    let kept = app.store.log_tiles(&[tile]).await?.pop().flatten();
    let served = kept.and_then(|kept| resource.served(&kept, width));
    let body = served.ok_or(StoreError::Damaged("the tiles of the transparency log"))?;
    Ok(Reply::bytes(body).cached("public, max-age=31536000, immutable"))
}
