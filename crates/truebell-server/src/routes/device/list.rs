//! `GET /v1/devices`: the account's devices, oldest first, revoked ones too.

use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::extract::State;
use truebell_core::wire::device::{DeviceInfo, Devices};
use truebell_store::rows::Device;

pub(crate) async fn list(State(app): Apps, session: Session) -> Answer {
    let devices = app.store.devices(session.account).await?.into_iter().map(describe).collect();
    Reply::json(&Devices { devices })
}

fn describe(row: Device) -> DeviceInfo {
    DeviceInfo {
        device: row.device.device,
        name: row.device.name,
        platform: row.device.platform,
        enrolled: row.device.enrolled,
        seen: row.seen,
        revoked: row.revoked.is_some(),
    }
}
