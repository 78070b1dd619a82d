//! `GET /v1/vaults/{vault}/attachments/{attachment}/chunks/{index}`: the sealed chunk as it is.

use crate::body::Ids;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Reader;
use axum::extract::State;
use truebell_core::head::Reason;
use truebell_core::ids::{AttachmentId, VaultId};

pub(crate) async fn read(State(app): Apps, reader: Reader, Ids((vault, attachment, index)): Ids<(VaultId, AttachmentId, u64)>) -> Answer {
    if !reader.may_read(vault) {
        return Err(Reason::NotFound.into());
    }
    let sealed = app.store.chunk(reader.session.account, vault, attachment, index).await?.ok_or(Reason::NotFound)?;
    Ok(Reply::bytes(sealed))
}
