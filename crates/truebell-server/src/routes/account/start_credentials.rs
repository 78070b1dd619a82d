//! `POST /v1/account/credentials/start`: the current password is proven and the new one registered in one exchange. Tries are
//! counted on this device alone, so that nobody outside can use them up.

use crate::admission::Key;
use crate::body::Json;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::sign_in::start::begin;
use crate::routes::{Answer, Apps};
use crate::sealed::Kind;
use crate::session::Writer;
use axum::extract::State;
use truebell_core::head::Reason;
use truebell_core::wire::account::{CredentialsStart, CredentialsStarted};

pub(crate) async fn start(State(app): Apps, Writer(session): Writer, Json(asked): Json<CredentialsStart>) -> Answer {
    app.admission.pay(Key::Device(session.device), app.settings.limits.device, app.now())?;
    let account = app.store.account(session.account).await?.ok_or(Reason::NoSession)?;
    let opaque = app
        .keys
        .opaque
        .registration_response(account.account, &asked.opaque)
        .map_err(|_| Refusal::because(Reason::Malformed, "The OPAQUE message is not a registration request."))?;
    let (ke2, state) = begin(&app, Kind::Credentials, account.account, Some(session.device), Some(account.opaque), &asked.ke1)?;
    Reply::json(&CredentialsStarted { ke2, state, opaque: opaque.into() })
}
