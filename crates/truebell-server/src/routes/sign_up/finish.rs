//! `POST /v1/sign-up/finish`: an account with everything it starts with, in one transaction: keys, first vault, first device, its
//! session, the event and the welcome mail. Sent again by the device it made, it opens another session.

use crate::acts::{check_clock, countersign, require, unlike};
use crate::admission::{Key, Origin};
use crate::body::Json;
use crate::error::Refusal;
use crate::mail::mails_about;
use crate::reply::Reply;
use crate::routes::device::enrol::read_device;
use crate::routes::vault::create::read_vault;
use crate::routes::{Answer, Apps};
use crate::sealed::Kind;
use crate::session::make_session;
use crate::state::App;
use axum::extract::State;
use subtle::ConstantTimeEq;
use truebell_core::address::Address;
use truebell_core::event::{self, Admitted, Chain, What};
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::time::UnixMillis;
use truebell_core::wire::server::SignUpMode;
use truebell_core::wire::sign_up::{Finish, Finished};
use truebell_store::rows::{NewAccount, NewSession, SignedUp};

/// Bytes of an X-Wing encapsulation key.
const KEM_BYTES: usize = 1216;
/// Longest sealed keyset, in bytes.
pub(crate) const KEYSET_BYTES_MAX: usize = 4096;

pub(crate) async fn finish(State(app): Apps, from: Origin, Json(asked): Json<Finish>) -> Answer {
    app.admission.pay(Key::SignUpFrom(from), app.settings.limits.sign_up_network, app.now())?;
    may_sign_up(&app, asked.invitation.as_deref())?;
    let address = read_address(&asked.email)?;
    let act = read_act(&asked, app.now())?;
    check_repetition(&app, &asked).await?;
    let (row, opened) = make_session(&app, asked.device.device, app.now());
    let new = decide(&app, &asked, &address, act, row)?;
    match app.store.sign_up(new).await? {
        SignedUp::Created => Reply::json(&Finished { session: opened }),
        SignedUp::Repeated => {
            app.admission.give_back(Key::SignUpFrom(from), app.settings.limits.sign_up_network);
            Reply::json(&Finished { session: opened })
        }
        SignedUp::AddressTaken => Err(Reason::AddressTaken.into()),
        SignedUp::AccountTaken => Err(Reason::Conflict.into()),
        SignedUp::BadInvitation => Err(Reason::BadInvitation.into()),
    }
}

/// Whether this server takes somebody with this invitation, or none.
pub(super) fn may_sign_up(app: &App, invitation: Option<&str>) -> Result<(), Refusal> {
    match app.settings.sign_up {
        SignUpMode::Open => Ok(()),
        SignUpMode::Invite if invitation.is_some() => Ok(()),
        SignUpMode::Invite | SignUpMode::Closed => Err(Reason::SignUpClosed.into()),
    }
}

/// Reads an address, or says what is wrong with it.
pub(crate) fn read_address(text: &str) -> Result<Address, Refusal> {
    Address::parse(text).map_err(|why| Refusal::because(Reason::BadAddress, why.to_string()))
}

/// What is stored for an invitation code.
pub fn derive_invitation_digest(code: &str) -> Hash32 {
    Hash32::derive_labelled("truebell invitation v1", &[code.trim().as_bytes()])
}

fn read_act(asked: &Finish, now: UnixMillis) -> Result<Admitted, Refusal> {
    let act = event::check_act(&asked.act, asked.public.account, &asked.public.signing, &Chain::default())?;
    check_clock(&act, now)?;
    require(act.device == asked.device.device && act.device_name == asked.device.name, "its device differently")?;
    match &act.what {
        What::AccountCreated { device_key } if *device_key == asked.device.key => Ok(act),
        _ => Err(unlike("something else than this account's creation")),
    }
}

/// The first event is public to whoever holds its check code, and with it all that the store compares. A repetition must show the
/// sealed keyset too, which only this account's devices have, or a copy of the event would open a session.
async fn check_repetition(app: &App, asked: &Finish) -> Result<(), Refusal> {
    match app.store.account(asked.public.account).await? {
        Some(there) if !bool::from(there.record.keyset.ct_eq(&asked.keyset)) => Err(Reason::Conflict.into()),
        _ => Ok(()),
    }
}

fn decide(app: &App, asked: &Finish, address: &Address, act: Admitted, session: NewSession) -> Result<NewAccount, Refusal> {
    let (now, account) = (app.now(), asked.public.account);
    require(asked.public.kem.len() == KEM_BYTES && asked.keyset.len() <= KEYSET_BYTES_MAX, "keys of a wrong length")?;
    let opaque = app
        .keys
        .opaque
        .registration_record(&asked.opaque)
        .map_err(|_| Refusal::because(Reason::Malformed, "The OPAQUE message is not a registration."))?;
    let opaque = app.sealing.seal(Kind::OpaqueRecord, account, &opaque, &mut *app.chance.chance());
    let device = read_device(&asked.device, now)?;
    let vault = read_vault(&asked.vault, account, device.device, &asked.public.signing)?;
    let event = countersign(app, act, now)?;
    let mails = mails_about(&event, &asked.public.signing, now, &[address.as_str()], &mut *app.chance.chance());
    let wanted = app.settings.sign_up == SignUpMode::Invite;
    Ok(NewAccount {
        account,
        email: address.as_str().to_owned(),
        email_key: address.key(),
        signing: asked.public.signing,
        kem: asked.public.kem.to_vec(),
        opaque,
        keyset: asked.keyset.to_vec(),
        vault,
        device,
        session,
        event,
        mails,
        invitation: asked.invitation.as_deref().filter(|_| wanted).map(derive_invitation_digest),
    })
}
