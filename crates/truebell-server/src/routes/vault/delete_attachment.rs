//! `DELETE /v1/vaults/{vault}/attachments/{attachment}`: all of its chunks. One that is gone already is not found.

use crate::body::Ids;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Writer;
use axum::extract::State;
use truebell_core::head::Reason;
use truebell_core::ids::{AttachmentId, VaultId};

pub(crate) async fn delete(State(app): Apps, Writer(session): Writer, Ids((vault, attachment)): Ids<(VaultId, AttachmentId)>) -> Answer {
    let was_there = app.store.delete_attachment(session.account, vault, attachment).await?;
    if was_there { Ok(Reply::empty()) } else { Err(Reason::NotFound.into()) }
}
