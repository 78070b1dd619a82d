//! `POST /v1/account/keep`: the account is not to be deleted after all. The one write a closing account takes.

use crate::acts::{Route, act, unlike};
use crate::body::Json;
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::wire::account::Deletion;
use truebell_store::rows::Change;

pub(crate) async fn keep(State(app): Apps, session: Session, Json(asked): Json<Deletion>) -> Answer {
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::NotFound };
    act(&app, &session, route, async |_, what| match what {
        What::DeletionCancelled {} => Ok(Change::CancelDeletion),
        _ => Err(unlike("something else than keeping the account")),
    })
    .await
}
