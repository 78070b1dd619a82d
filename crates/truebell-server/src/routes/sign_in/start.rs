//! `POST /v1/sign-in/start`: the first OPAQUE message. It pays for one try, because it alone lets the holder of a stolen kit test a
//! password. Nothing is stored: the server's state goes to the client, sealed.

use crate::admission::{Key, Origin};
use crate::body::Json;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::sealed::{Exchange, Kind};
use crate::state::App;
use axum::extract::State;
use truebell_core::b64::Bytes;
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::wire::sign_in::{Start, Started};

pub(crate) async fn start(State(app): Apps, from: Origin, Json(asked): Json<Start>) -> Answer {
    let limits = &app.settings.limits;
    app.admission.pay(Key::SignInFrom(from), limits.sign_in_network, app.now())?;
    app.admission.pay(Key::SignIn(asked.account), limits.sign_in_account, app.now())?;
    let record = app.store.account(asked.account).await?.map(|account| account.opaque);
    let (ke2, state) = begin(&app, Kind::SignIn, asked.account, None, record, &asked.ke1)?;
    Reply::json(&Started { ke2, state })
}

/// Answers KE1 for an account, or as if for one; gives KE2 and the sealed state.
pub(crate) fn begin(
    app: &App,
    kind: Kind,
    account: AccountId,
    device: Option<DeviceId>,
    sealed_record: Option<Vec<u8>>,
    ke1: &[u8],
) -> Result<(Bytes, Bytes), Refusal> {
    let chance = &mut *app.chance.chance();
    let digest = sealed_record.as_deref().map(Hash32::derive_plain).unwrap_or_default();
    let record = sealed_record.map(|record| app.sealing.open(Kind::OpaqueRecord, account, &record)).transpose()?;
    let record = record.as_ref().map(|record| record.as_slice());
    let (state, ke2) = app
        .keys
        .opaque
        .sign_in_start(app.identity.server, account, record, ke1, chance)
        .map_err(|_| Refusal::because(Reason::Malformed, "The OPAQUE message is not a first sign-in message."))?;
    let exchange = Exchange { account, device, record: digest, state: state.to_vec() };
    Ok((ke2.into(), app.sealing.seal_state(kind, exchange, app.now(), chance).into()))
}
