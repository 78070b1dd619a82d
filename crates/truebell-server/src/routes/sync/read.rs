//! `POST /v1/sync`: what is new since. Nothing new costs one look-up of the session and one signature.

use super::stream::Stream;
use crate::admission::{AtWork, Class};
use crate::body::Cbor;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::{Reader, Session, narrowed};
use crate::state::App;
use axum::body::Body;
use axum::extract::State;
use std::collections::BTreeMap;
use truebell_core::head::{AccountHead, Reason};
use truebell_core::ids::VaultId;
use truebell_core::wire::sync::{Frame, Have, MEDIA_TYPE};
use truebell_store::rows::{Changes, MachineVault};

/// Largest request: thousands of vaults.
const HAVE_BYTES_MAX: usize = 64 << 10;
/// The largest number there can be.
const NUMBER_MAX: u64 = (1 << 63) - 1;

pub(crate) async fn read(State(app): Apps, at_work: AtWork, reader: Reader, Cbor(have, ..): Cbor<Have, HAVE_BYTES_MAX>) -> Answer {
    let Reader { session, machine } = reader;
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
    let changes = match machine {
        None => app.store.changes(session.account, &have).await?.ok_or(Reason::NoSession)?,
        Some(vaults) => changes_for_machine(&app, &session, &vaults, have).await?,
    };
    session.moved(changes.head.clone());
    let mut stream = Stream::new(&app, session.account, changes, at_work.0);
    // The first piece is read before the reply begins, so that a store that fails at once is a refusal and not a cut.
    let first = stream.next_piece().await.map_err(Refusal::from)?;
    let body = if stream.is_over() { Body::from(first) } else { Body::from_stream(stream.with_first(first, app.admission.open_stream()?)) };
    Ok(Reply::stream(body, MEDIA_TYPE))
}

/// What is new in a machine's own vaults, with the keys that were sealed for it. It is told no event and no record.
async fn changes_for_machine(app: &App, session: &Session, vaults: &[VaultId], have: Have) -> Result<Changes, Refusal> {
    let have = Have { events: NUMBER_MAX, record: NUMBER_MAX, ..have };
    let Changes { head, vaults: moved, .. } = app.store.changes(session.account, &have).await?.ok_or(Reason::NoSession)?;
    let given = app.store.machine_vaults(session.account, session.device).await?;
    let mut keys: BTreeMap<VaultId, Vec<u8>> = given.into_iter().map(|MachineVault { vault, key }| (vault, key)).collect();
    let mut changes = Changes { head: narrowed(head, vaults), events: Vec::new(), record: None, vaults: Vec::new() };
    for mut change in moved.into_iter().filter(|change| vaults.contains(&change.mark.vault)) {
        if let Some(info) = &mut change.info {
            // Its keys were forgotten since the session was looked up: it was revoked.
            info.key = keys.remove(&info.vault).filter(|key| !key.is_empty()).ok_or(Reason::NoSession)?;
        }
        changes.vaults.push(change);
    }
    Ok(changes)
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
