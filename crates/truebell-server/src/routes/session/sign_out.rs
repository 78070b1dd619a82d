//! `POST /v1/sign-out`: a device, or a machine, ends its own session. No event: nobody else is concerned.

use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Reader;
use axum::extract::State;

pub(crate) async fn sign_out(State(app): Apps, Reader { session, .. }: Reader) -> Answer {
    // False means that it was gone already, which is what was asked for.
    app.store.close_session(session.account, session.session).await?;
    Ok(Reply::empty())
}
