//! `POST /v1/sign-out`: a device ends its own session. No event: nobody else is concerned.

use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::extract::State;

pub(crate) async fn sign_out(State(app): Apps, session: Session) -> Answer {
    // False means that it was gone already, which is what was asked for.
    app.store.close_session(session.account, session.session).await?;
    Ok(Reply::empty())
}
