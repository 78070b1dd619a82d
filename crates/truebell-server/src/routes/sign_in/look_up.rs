//! `POST /v1/sign-in/lookup`: which account an address has. An address without one gets an invented account, always the same.

use crate::admission::{Key, Origin};
use crate::body::Json;
use crate::reply::Reply;
use crate::routes::sign_up::finish::read_address;
use crate::routes::{Answer, Apps};
use axum::extract::State;
use truebell_core::wire::sign_in::{Looked, Lookup};

pub(crate) async fn look_up(State(app): Apps, from: Origin, Json(asked): Json<Lookup>) -> Answer {
    app.admission.pay(Key::LookupFrom(from), app.settings.limits.lookup_network, app.now())?;
    let key = read_address(&asked.email)?.key();
    // Invented first: finding an account and finding none take the same steps.
    let invented = app.sealing.invent_account(&key);
    let account = app.store.account_by_address(&key).await?.unwrap_or(invented);
    Reply::json(&Looked { account })
}
