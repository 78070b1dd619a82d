//! `POST /v1/sessions/challenge`: something for a device to sign. Nothing is stored, and nothing is said about the device: one that
//! is not known gets a challenge like any other.

use crate::body::Json;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::sealed::{self, Kind};
use axum::extract::State;
use truebell_core::wire::sign_in::{Challenge, Challenged};

pub(crate) async fn challenge(State(app): Apps, Json(asked): Json<Challenge>) -> Answer {
    let state = sealed::Challenge { device: asked.device };
    let challenge = app.sealing.seal_state(Kind::Challenge, state, app.now(), &mut *app.chance.chance());
    Reply::json(&Challenged { challenge: challenge.into() })
}
