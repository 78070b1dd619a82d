//! `GET /v1/sessions`: the account's live sessions, oldest first.

use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::extract::State;
use truebell_core::wire::device::{SessionInfo, Sessions};

pub(crate) async fn list(State(app): Apps, session: Session) -> Answer {
    let rows = app.store.sessions(session.account, app.now()).await?;
    let describe = |row: truebell_store::rows::NewSession| SessionInfo {
        session: row.session,
        device: row.device,
        opened: row.opened,
        expires: row.expires,
        current: row.session == session.session,
    };
    Reply::json(&Sessions { sessions: rows.into_iter().map(describe).collect() })
}
