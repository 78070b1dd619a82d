//! `POST /v1/sessions/{session}/revoke`: one session, of this or another device, ends now; the account is told.

use crate::acts::{Route, act, unlike};
use crate::body::{Ids, Json};
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::ids::SessionId;
use truebell_core::wire::device::Revoke;
use truebell_store::rows::Change;

pub(crate) async fn revoke(State(app): Apps, session: Session, Ids((id,)): Ids<(SessionId,)>, Json(asked): Json<Revoke>) -> Answer {
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::NotFound };
    act(&app, &session, route, async |account, what| {
        let live = app.store.sessions(account.account, app.now()).await?;
        let device = live.iter().find(|there| there.session == id).ok_or(Reason::NotFound)?.device;
        let name = app.store.device(device).await?.ok_or(Reason::NotFound)?.device.name;
        match what {
            What::SessionRevoked { session, of_device, of_device_name }
                if (*session, *of_device, of_device_name) == (id, device, &name) =>
            {
                Ok(Change::RevokeSession(id))
            }
            _ => Err(unlike("something else than this session's end")),
        }
    })
    .await
}
