//! `POST /v1/sign-in/finish`: the second OPAQUE message, and the second factor where one is in force. What comes out opens the
//! keyset and enrols one device; it is not a session.

use crate::admission::{Key, Origin};
use crate::body::Json;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::sealed::{Exchange, Kind};
use crate::session::{TokenKind, make_token};
use crate::state::App;
use axum::extract::State;
use std::time::Duration;
use truebell_core::account::AccountPublic;
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::opaque::OpaqueError;
use truebell_core::secret::Secret;
use truebell_core::totp::Totp;
use truebell_core::wire::sign_in::{Finish, Finished};
use truebell_store::rows::{Account, EnrolmentStarted, NewEnrolment};

/// How long a password sign-in may take to enrol its device.
const ENROLMENT_TIME: Duration = Duration::from_mins(10);

pub(crate) async fn finish(State(app): Apps, from: Origin, Json(asked): Json<Finish>) -> Answer {
    let exchange: Exchange = app.sealing.open_state(Kind::SignIn, &asked.state, app.now())?;
    prove(&app, &exchange, &asked.ke3)?;
    let account = app.store.account(exchange.account).await?.ok_or(Reason::SignInOver)?;
    still_current(&account, &exchange)?;
    let totp_step = match &account.totp {
        Some(sealed) => Some(check_code(&app, &account, sealed, asked.totp.as_deref(), Key::SecondFactor(account.account))?),
        None => None,
    };
    let (enrolment, token) = make_token(TokenKind::Enrolment, &mut *app.chance.chance());
    let sign_in = Hash32::derive_plain(&asked.state);
    let (epoch, expires) = (account.chain.epoch, app.now() + ENROLMENT_TIME);
    let new = NewEnrolment { token, account: account.account, sign_in, epoch, totp_step, expires };
    match app.store.start_enrolment(new).await? {
        EnrolmentStarted::SignInUsed | EnrolmentStarted::Superseded => return Err(Reason::SignInOver.into()),
        EnrolmentStarted::CodeUsed => return Err(Reason::SecondFactorWrong.into()),
        EnrolmentStarted::CodeNeeded => return Err(Reason::SecondFactorNeeded.into()),
        EnrolmentStarted::Started => {}
    }
    app.admission.give_back(Key::SignInFrom(from), app.settings.limits.sign_in_network);
    app.admission.give_back(Key::SignIn(account.account), app.settings.limits.sign_in_account);
    Reply::json(&finished(account, enrolment))
}

/// Checks KE3 against the state this server gave out.
pub(crate) fn prove(app: &App, exchange: &Exchange, ke3: &[u8]) -> Result<(), Refusal> {
    app.keys.opaque.sign_in_finish(app.identity.server, exchange.account, &exchange.state, ke3).map_err(|why| match why {
        OpaqueError::Malformed => Refusal::because(Reason::Malformed, "The OPAQUE message is not a second sign-in message."),
        OpaqueError::WrongCredentials => Reason::WrongCredentials.into(),
    })
}

/// Whether the account still has the credentials the exchange was begun with: an old password must not finish after a new one.
pub(crate) fn still_current(account: &Account, exchange: &Exchange) -> Result<(), Refusal> {
    if Hash32::derive_plain(&account.opaque) == exchange.record { Ok(()) } else { Err(Reason::SignInOver.into()) }
}

/// Checks a code of the second factor; gives its step, which the store lets pass once. Wrong codes are counted under `key`.
pub(crate) fn check_code(app: &App, account: &Account, sealed: &[u8], code: Option<&str>, key: Key) -> Result<u64, Refusal> {
    let code = code.ok_or(Reason::SecondFactorNeeded)?;
    let rate = if matches!(key, Key::Device(_)) { app.settings.limits.device } else { app.settings.limits.second_factor };
    app.admission.pay(key, rate, app.now())?;
    let totp = read_totp(&app.sealing.open(Kind::Totp, account.account, sealed)?)?;
    let step = totp.verify(code, app.now()).filter(|step| *step > account.totp_step).ok_or(Reason::SecondFactorWrong)?;
    app.admission.give_back(key, rate);
    Ok(step)
}

fn read_totp(plain: &[u8]) -> Result<Totp, Refusal> {
    let uri = std::str::from_utf8(plain).map_err(|_| Refusal::fault("a stored TOTP generator is not text"))?;
    Totp::parse(uri).map_err(|_| Refusal::fault("a stored TOTP generator does not read"))
}

fn finished(account: Account, enrolment: Secret) -> Finished {
    Finished {
        enrolment,
        email: account.record.email,
        public: AccountPublic { account: account.account, signing: account.signing, kem: account.kem.into() },
        keyset: account.record.keyset.into(),
        chain: account.chain,
    }
}
