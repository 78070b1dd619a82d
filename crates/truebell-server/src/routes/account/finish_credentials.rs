//! `POST /v1/account/credentials/finish`: new password or new Secret Key, epoch n to n + 1, in one transaction with its event and
//! mail. Sessions and devices stay.

use crate::acts::{Route, act, unlike};
use crate::admission::Key;
use crate::body::Json;
use crate::error::Refusal;
use crate::routes::sign_in::finish::{prove, still_current};
use crate::routes::sign_up::finish::KEYSET_BYTES_MAX;
use crate::routes::{Answer, Apps};
use crate::sealed::{Exchange, Kind};
use crate::session::{Session, Writer};
use crate::state::App;
use axum::extract::State;
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::wire::account::CredentialsFinish;
use truebell_store::rows::{Account, Change};

pub(crate) async fn finish(State(app): Apps, Writer(session): Writer, Json(asked): Json<CredentialsFinish>) -> Answer {
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::SignInOver };
    let done = act(&app, &session, route, async |account, what| {
        if !what.raises_epoch() {
            return Err(unlike("something else than a change of credentials"));
        }
        decide(&app, &session, account, &asked)
    })
    .await?;
    app.admission.give_back(Key::Device(session.device), app.settings.limits.device);
    Ok(done)
}

fn decide(app: &App, session: &Session, account: &Account, asked: &CredentialsFinish) -> Result<Change, Refusal> {
    let exchange: Exchange = app.sealing.open_state(Kind::Credentials, &asked.state, app.now())?;
    if (exchange.account, exchange.device) != (account.account, Some(session.device)) {
        return Err(Reason::SignInOver.into());
    }
    prove(app, &exchange, &asked.ke3)?;
    still_current(account, &exchange)?;
    if asked.keyset.is_empty() || asked.keyset.len() > KEYSET_BYTES_MAX {
        return Err(Refusal::because(Reason::Malformed, "The sealed keyset has a wrong length."));
    }
    let opaque = app
        .keys
        .opaque
        .registration_record(&asked.opaque)
        .map_err(|_| Refusal::because(Reason::Malformed, "The OPAQUE message is not a registration."))?;
    let opaque = app.sealing.seal(Kind::OpaqueRecord, account.account, &opaque, &mut *app.chance.chance());
    Ok(Change::Credentials { opaque, keyset: asked.keyset.to_vec(), sign_in: Hash32::derive_plain(&asked.state) })
}
