//! `POST /v1/account/second-factors/remove`: without a second factor from now on; a current code proves that it is at hand.

use crate::acts::{Route, act, unlike};
use crate::admission::Key;
use crate::body::Json;
use crate::routes::sign_in::finish::check_code;
use crate::routes::{Answer, Apps};
use crate::session::Writer;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::wire::account::RemoveSecondFactor;
use truebell_store::rows::Change;

pub(crate) async fn remove(State(app): Apps, Writer(session): Writer, Json(asked): Json<RemoveSecondFactor>) -> Answer {
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::SecondFactorWrong };
    act(&app, &session, route, async |account, what| match what {
        What::SecondFactorRemoved { kind } if kind == "totp" => {
            let sealed = account.totp.as_deref().ok_or(Reason::NotFound)?;
            let step = check_code(&app, account, sealed, Some(&asked.code), Key::Device(session.device))?;
            Ok(Change::RemoveTotp { step })
        }
        _ => Err(unlike("something else than this second factor")),
    })
    .await
}
