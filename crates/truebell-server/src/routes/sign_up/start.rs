//! `POST /v1/sign-up/start`: the first message. Stores nothing.

use super::finish::{may_sign_up, read_address};
use crate::admission::{Key, Origin};
use crate::body::Json;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::State;
use truebell_core::head::Reason;
use truebell_core::wire::sign_up::{Start, Started};

pub(crate) async fn start(State(app): Apps, from: Origin, Json(asked): Json<Start>) -> Answer {
    // It tells whether an address is taken, as a look-up would; an account costs its network more, at the end.
    app.admission.pay(Key::LookupFrom(from), app.settings.limits.lookup_network, app.now())?;
    may_sign_up(&app, asked.invitation.as_deref())?;
    let address = read_address(&asked.email)?;
    let opaque = app
        .keys
        .opaque
        .registration_response(asked.account, &asked.opaque)
        .map_err(|_| Refusal::because(Reason::Malformed, "The OPAQUE message is not a registration request."))?;
    match app.store.account_by_address(&address.key()).await? {
        Some(other) if other != asked.account => Err(Reason::AddressTaken.into()),
        _ => Reply::json(&Started { opaque: opaque.into() }),
    }
}
