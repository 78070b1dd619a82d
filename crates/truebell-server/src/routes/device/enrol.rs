//! `POST /v1/devices`: a device that signed in with the password joins the account, and every other device is told so. Works while
//! the account waits for its deletion, or somebody without a device could not keep it.

use crate::acts::{NAME_BYTES_MAX, Next, Read, Told, read, require, unlike};
use crate::body::Json;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::{TokenKind, make_session, shown_token};
use crate::state::App;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use std::sync::Arc;
use truebell_core::event::{Act, Admitted, What};
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::time::UnixMillis;
use truebell_core::wire::device::{Enrol, Enrolled, NewDevice};
use truebell_store::rows::{Account, Change, Enrolment, NewDevice as Row};

/// A good enrolment token's digest, and what it is for.
pub(crate) struct Permission(Hash32, Enrolment);

impl FromRequestParts<Arc<App>> for Permission {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let token = shown_token(parts, TokenKind::Enrolment)?;
        let enrolment = app.store.enrolment(token).await?.ok_or(Reason::NoSession)?;
        if enrolment.expires <= app.now() { Err(Reason::SignInOver.into()) } else { Ok(Self(token, enrolment)) }
    }
}

pub(crate) async fn enrol(State(app): Apps, Permission(token, enrolment): Permission, Json(asked): Json<Enrol>) -> Answer {
    let account = app.store.account(enrolment.account).await?.ok_or(Reason::NoSession)?;
    let (session, opened) = make_session(&app, asked.device.device, app.now());
    match read(&app, &account, asked.device.device, &asked.act).await? {
        Read::Repeated(_) if enrolment.used_by == Some(asked.device.device) => {
            if !app.store.open_session(session).await? {
                return Err(Reason::DeviceUnknown.into());
            }
        }
        // Somebody else's enrolment, or an act from before this one.
        Read::Repeated(_) => return Err(Reason::ChainMoved.into()),
        Read::New(_) if enrolment.used_by.is_some() => return Err(Reason::SignInOver.into()),
        Read::New(act) => {
            check_act(&act, &asked.device)?;
            let change = Change::Enrol { enrolment: token, device: read_device(&asked.device, app.now())?, session };
            record(&app, &account, *act, change).await?;
        }
    }
    Reply::json(&Enrolled { session: opened })
}

async fn record(app: &App, account: &Account, act: Admitted, change: Change) -> Result<String, Refusal> {
    let next = Next { account, act };
    next.record(app, change, Told::Addresses(&[account.record.email.as_str()]), Reason::SignInOver).await
}

fn check_act(act: &Act, device: &NewDevice) -> Result<(), Refusal> {
    require(act.device_name == device.name, "its device differently")?;
    match &act.what {
        What::DeviceEnrolled { enrolled, device_key, platform }
            if (*enrolled, *device_key, platform) == (device.device, device.key, &device.platform) =>
        {
            Ok(())
        }
        _ => Err(unlike("something else than this device's enrolment")),
    }
}

/// A device's row, its names checked: they are shown in notices and mails.
pub(crate) fn read_device(device: &NewDevice, now: UnixMillis) -> Result<Row, Refusal> {
    for name in [&device.name, &device.platform] {
        if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            let detail = "A device's name and platform have 1 to 200 bytes and no control characters.";
            return Err(Refusal::because(Reason::Malformed, detail));
        }
    }
    let NewDevice { device, key, name, platform } = device.clone();
    Ok(Row { device, key, name, platform, enrolled: now })
}
