//! `POST /v1/sync`: what is new since. Nothing new costs one look-up of the session and one signature.

use super::stream::Stream;
use crate::admission::{AtWork, Class};
use crate::body::Cbor;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::body::Body;
use axum::extract::State;
use truebell_core::head::{AccountHead, Reason};
use truebell_core::wire::sync::{Frame, Have, MEDIA_TYPE};

/// Largest request: thousands of vaults.
const HAVE_BYTES_MAX: usize = 64 << 10;

pub(crate) async fn read(State(app): Apps, at_work: AtWork, session: Session, Cbor(have, ..): Cbor<Have, HAVE_BYTES_MAX>) -> Answer {
    if is_current(&have, &session.head) {
        at_work.nothing_learned();
        return Ok(Reply::stream(Frame::End.to_bytes().into(), MEDIA_TYPE));
    }
    if [have.events, have.record].into_iter().chain(have.vaults.iter().map(|vault| vault.seq)).any(|number| number >> 63 != 0) {
        return Err(Refusal::because(Reason::Malformed, "A number is larger than any this server gives out."));
    }
    if is_first(&have, &session.head) {
        at_work.lower(Class::Full, "first sync").await?;
    }
    let changes = app.store.changes(session.account, &have).await?.ok_or(Reason::NoSession)?;
    session.moved(changes.head.clone());
    let mut stream = Stream::new(&app, session.account, changes, at_work.0);
    // The first piece is read before the reply begins, so that a store that fails at once is a refusal and not a cut.
    let first = stream.next_piece().await.map_err(Refusal::from)?;
    let body = if stream.is_over() { Body::from(first) } else { Body::from_stream(stream.with_first(first, app.admission.open_stream()?)) };
    Ok(Reply::stream(body, MEDIA_TYPE))
}

/// Whether the client has all there is.
fn is_current(have: &Have, head: &AccountHead) -> bool {
    let has = |vault, seq| have.vaults.iter().any(|had| had.vault == vault && had.seq == seq);
    have.events == head.chain.seq && have.record == head.record && head.vaults.iter().all(|mark| has(mark.vault, mark.seq))
}

/// Whether a vault with something in it is to be sent whole.
fn is_first(have: &Have, head: &AccountHead) -> bool {
    let has_some = |vault| have.vaults.iter().any(|had| had.vault == vault && had.seq > 0);
    head.vaults.iter().any(|mark| mark.seq > 0 && !has_some(mark.vault))
}
