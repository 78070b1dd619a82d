//! `POST /v1/account/second-factors`: a TOTP generator the client made, proven by the code it shows now.

use crate::acts::{Route, act, unlike};
use crate::admission::Key;
use crate::body::Json;
use crate::error::Refusal;
use crate::routes::{Answer, Apps};
use crate::sealed::Kind;
use crate::session::Writer;
use crate::state::App;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::totp::Totp;
use truebell_core::wire::account::AddSecondFactor;
use truebell_store::rows::{Account, Change};

/// Shorter secrets than this can be guessed (RFC 4226, section 4, R6).
const SECRET_BYTES_MIN: usize = 16;
/// How long a code may be shown: long enough to be typed, short enough not to be a second password.
const PERIOD_S: std::ops::RangeInclusive<u32> = 15..=120;

pub(crate) async fn add(State(app): Apps, Writer(session): Writer, Json(asked): Json<AddSecondFactor>) -> Answer {
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::Conflict };
    act(&app, &session, route, async |account, what| match what {
        What::SecondFactorAdded { kind } if kind == "totp" => {
            app.admission.pay(Key::Device(session.device), app.settings.limits.device, app.now())?;
            let change = decide(&app, account, &asked)?;
            app.admission.give_back(Key::Device(session.device), app.settings.limits.device);
            Ok(change)
        }
        _ => Err(unlike("something else than this second factor")),
    })
    .await
}

fn decide(app: &App, account: &Account, asked: &AddSecondFactor) -> Result<Change, Refusal> {
    if account.totp.is_some() {
        return Err(Refusal::because(Reason::Conflict, "A second factor is in force already; remove it first."));
    }
    let totp = Totp::parse(asked.totp_uri.expose()).map_err(|why| Refusal::because(Reason::Malformed, why.to_string()))?;
    if totp.expose_secret().len() < SECRET_BYTES_MIN {
        return Err(Refusal::because(Reason::Malformed, "The secret of the second factor is too short."));
    }
    if !PERIOD_S.contains(&totp.period_s()) {
        return Err(Refusal::because(Reason::Malformed, "The codes of the second factor last for too short or too long a time."));
    }
    let step = totp.verify(&asked.code, app.now()).ok_or(Reason::SecondFactorWrong)?;
    let totp = app.sealing.seal(Kind::Totp, account.account, totp.to_uri().expose().as_bytes(), &mut *app.chance.chance());
    Ok(Change::AddTotp { totp, step })
}
