//! `POST /v1/sessions`: an enrolled device opens a session with its own key. No guess limit stands here: a signature cannot be
//! guessed, and nobody's failures elsewhere may keep a device out.

use crate::body::Json;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::sealed::{self, Kind};
use crate::session::make_session;
use crate::state::App;
use axum::extract::State;
use truebell_core::head::Reason;
use truebell_core::sign::Purpose;
use truebell_core::wire::sign_in::{Prove, Proved};

pub(crate) async fn open(State(app): Apps, Json(asked): Json<Prove>) -> Answer {
    prove(&app, &asked).await?;
    let (row, session) = make_session(&app, asked.device, app.now());
    // Revoked since it was looked up.
    if !app.store.open_session(row).await? {
        return Err(Reason::DeviceUnknown.into());
    }
    Reply::json(&Proved { session })
}

async fn prove(app: &App, asked: &Prove) -> Result<(), Refusal> {
    let challenge: sealed::Challenge = app.sealing.open_state(Kind::Challenge, &asked.challenge, app.now())?;
    let device = app.store.device(asked.device).await?.filter(|device| device.revoked.is_none()).ok_or(Reason::DeviceUnknown)?;
    let signed = device.device.key.verify(Purpose::DeviceProof, &asked.challenge, &asked.signature).is_ok();
    // One reason for all three, so that nobody learns which devices there are.
    if challenge.device == asked.device && signed { Ok(()) } else { Err(Reason::DeviceUnknown.into()) }
}
