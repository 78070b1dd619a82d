//! `/v1/signals/subjects/…`: whom a stream is about (SSF 1.0, section 8.1.3). An account that is not there is answered as one that is: a
//! receiver cannot find out who has an account here.

use super::Apps;
use crate::body::Json;
use crate::signals::answer::{Answer, Denied, empty};
use crate::signals::caller::Caller;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use truebell_core::ids::StreamId;
use truebell_core::signal::{Subject, SubjectAsked, SubjectAskedToGo};

pub(super) async fn add(State(app): Apps, caller: Caller, Json(asked): Json<SubjectAsked>) -> Answer {
    caller.may_manage()?;
    let stream = caller.the_stream(&asked.stream_id)?.stream;
    set(&app, stream, &asked.subject, true).await?;
    empty(StatusCode::OK)
}

pub(super) async fn remove(State(app): Apps, caller: Caller, Json(asked): Json<SubjectAskedToGo>) -> Answer {
    caller.may_manage()?;
    let stream = caller.the_stream(&asked.stream_id)?.stream;
    set(&app, stream, &asked.subject, false).await?;
    empty(StatusCode::NO_CONTENT)
}

async fn set(app: &App, stream: StreamId, subject: &Value, wanted: bool) -> Result<(), Denied> {
    let account = match Subject::read(subject, &app.settings.public_url)? {
        Subject::Account(account) => Some(account),
        Subject::Email(address) => app.store.account_by_address(&address.key()).await?,
        Subject::Nobody => None,
    };
    if let Some(account) = account {
        // False: the account or the stream went meanwhile.
        app.store.set_subject(stream, account, wanted).await?;
    }
    Ok(())
}
