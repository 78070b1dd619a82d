//! `POST /v1/signals/verify`: a receiver asks whether its stream works (SSF 1.0, section 8.1.4).

use super::Apps;
use crate::body::Json;
use crate::signals::answer::{Answer, Denied, empty};
use crate::signals::caller::Caller;
use axum::extract::State;
use axum::http::StatusCode;
use truebell_core::ids::SignalId;
use truebell_core::signal::{Kind, VERIFICATION_INTERVAL_S, VerificationAsked};
use truebell_core::time::UnixMillis;
use truebell_store::signals::NewNote;

/// Longest state that comes back, in bytes.
const STATE_BYTES_MAX: usize = 1024;

pub(super) async fn verify(State(app): Apps, caller: Caller, Json(asked): Json<VerificationAsked>) -> Answer {
    caller.may_manage()?;
    let stream = caller.the_stream(&asked.stream_id)?;
    if asked.state.as_ref().is_some_and(|state| state.len() > STATE_BYTES_MAX) {
        return Err(Denied::Malformed("The state is at most 1024 bytes.".to_owned()));
    }
    let now = app.clock.now();
    let next = UnixMillis(stream.standing.verified.0 + VERIFICATION_INTERVAL_S * 1000);
    // A time ahead of ours was written before the clock jumped back, and says nothing.
    if now < next && stream.standing.verified <= now {
        return Err(Denied::TooOften((next.0 - now.0).div_ceil(1000)));
    }
    let body = serde_json::to_string(&asked.state).unwrap_or_else(|_| "null".to_owned());
    let signal = SignalId::make_random(&mut *app.chance.chance());
    let note = NewNote { stream: stream.stream, signal, kind: Kind::Verification, at: now, body };
    if !app.store.add_note(&note).await? {
        return Err(Denied::Malformed("The stream is disabled: enable it first.".to_owned()));
    }
    app.signals.wake();
    empty(StatusCode::NO_CONTENT)
}
