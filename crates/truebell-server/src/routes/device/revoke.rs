//! `POST /v1/devices/{device}/revoke`: a device may no longer use the account; its sessions end. Works while the account waits for
//! its deletion: whoever asked for that may be the one to put out.

use crate::acts::{Route, act, unlike};
use crate::body::{Ids, Json};
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::ids::DeviceId;
use truebell_core::wire::device::Revoke;
use truebell_store::rows::Change;

pub(crate) async fn revoke(State(app): Apps, session: Session, Ids((device,)): Ids<(DeviceId,)>, Json(asked): Json<Revoke>) -> Answer {
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::NotFound };
    act(&app, &session, route, async |account, what| {
        let there = app.store.device(device).await?.filter(|there| there.account == account.account).ok_or(Reason::NotFound)?;
        match what {
            What::DeviceRevoked { revoked, revoked_name } if *revoked == device && *revoked_name == there.device.name => {
                Ok(Change::RevokeDevice(device))
            }
            _ => Err(unlike("something else than this device's removal")),
        }
    })
    .await
}
