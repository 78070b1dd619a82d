//! `PUT /v1/vaults/{vault}/attachments/{attachment}/chunks/{index}`: one sealed chunk. Chunks never change; the same bytes again are
//! welcome.

use crate::body::{Ids, read_large};
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Writer;
use axum::extract::{Request, State};
use truebell_core::account::CHUNK_BYTES;
use truebell_core::head::Reason;
use truebell_core::ids::{AttachmentId, VaultId};
use truebell_core::seal::{OVERHEAD_BYTES, padded_len};
use truebell_store::rows::{ChunkStored, NewChunk};

pub(crate) async fn put(
    State(app): Apps,
    Writer(session): Writer,
    Ids((vault, attachment, index)): Ids<(VaultId, AttachmentId, u64)>,
    request: Request,
) -> Answer {
    let chunks = app.settings.attachment_bytes_max.div_ceil(CHUNK_BYTES as u64).max(1);
    if index >= chunks {
        return Err(too_large(app.settings.attachment_bytes_max));
    }
    let (sealed, _room) = read_large(&app, request, sealed_chunk_bytes()).await?;
    let sealed = sealed.to_vec();
    if sealed.len() < OVERHEAD_BYTES {
        return Err(Refusal::because(Reason::Malformed, "The chunk is not sealed."));
    }
    let chunk = NewChunk { account: session.account, vault, attachment, index, sealed, at: app.now() };
    match app.store.put_chunk(chunk, chunks * sealed_chunk_bytes() as u64).await? {
        ChunkStored::Done => Ok(Reply::empty()),
        ChunkStored::Different => Err(Reason::Conflict.into()),
        ChunkStored::NoVault => Err(Reason::NotFound.into()),
        ChunkStored::TooLarge => Err(too_large(app.settings.attachment_bytes_max)),
    }
}

/// Longest sealed chunk.
fn sealed_chunk_bytes() -> usize {
    OVERHEAD_BYTES + padded_len(CHUNK_BYTES + 1)
}

fn too_large(most: u64) -> Refusal {
    Refusal::because(Reason::TooLarge, format!("An attachment has at most {most} bytes here."))
}
