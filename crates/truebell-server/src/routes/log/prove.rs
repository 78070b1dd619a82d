//! `GET /v1/log/proofs/{event}`: that one event is in the log, by its digest or its check code, as a tlog-proof that stands alone.

use crate::admission::{Key, Origin};
use crate::error::Refusal;
use crate::log::{Logged, prove};
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::state::App;
use axum::extract::{Path, State};
use data_encoding::BASE64URL_NOPAD;
use truebell_core::event::CheckCode;
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;

pub(crate) async fn read(State(app): Apps, from: Origin, Path(event): Path<String>) -> Answer {
    app.admission.pay(Key::LookupFrom(from), app.settings.limits.lookup_network, app.now())?;
    let digest = find(&app, &event).await?.ok_or(Reason::NotFound)?;
    match prove(&*app.store, &app.identity, &digest).await? {
        Logged::Proven(proof) => Ok(Reply::text(proof.to_text())),
        Logged::NotYet => Err(Refusal::because(Reason::NotFound, "The event is not in the published log yet: ask again in a few seconds.")),
        Logged::Unknown => Err(Reason::NotFound.into()),
    }
}

/// The digest meant by a digest or a check code.
async fn find(app: &App, event: &str) -> Result<Option<Hash32>, Refusal> {
    if let Some(digest) = BASE64URL_NOPAD.decode(event.as_bytes()).ok().and_then(|bytes| Hash32::from_bytes(&bytes)) {
        return Ok(Some(digest));
    }
    let malformed = || Refusal::because(Reason::Malformed, "An event is named by its digest in base64url or by its check code.");
    let code = CheckCode::parse(event).ok_or_else(malformed)?;
    Ok(app.store.event_by_code(code.as_str()).await?.map(|event| Hash32::derive_plain(event.set.as_bytes())))
}
