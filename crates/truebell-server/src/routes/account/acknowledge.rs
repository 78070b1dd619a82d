//! `POST /v1/account/acknowledge`: a device of the account takes one of its notices back. Told to exactly those the notice was told to;
//! what the notice told of is not undone.

use crate::acts::{Next, Read, Told, check_acting_device, read, unlike};
use crate::body::Json;
use crate::notices::{self, About};
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Writer;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::wire::account::{Acknowledge, Recorded};
use truebell_store::rows::Change;

pub(crate) async fn acknowledge(State(app): Apps, Writer(session): Writer, Json(asked): Json<Acknowledge>) -> Answer {
    let account = app.store.account(session.account).await?.ok_or(Reason::NoSession)?;
    let act = match read(&app, &account, session.device, &asked.act).await? {
        Read::New(act) => *act,
        Read::Repeated(event) => return Reply::json(&Recorded { event }),
    };
    check_acting_device(&app, &act).await?;
    let What::Acknowledged { of, .. } = &act.what else { return Err(unlike("something else than a notice to take back")) };
    let found = notices::find(&app, &of.code).await?.filter(|found| found.account == account.account);
    let found = found.ok_or(Reason::NotFound)?;
    match &found.about {
        About::Event(event) if of.names(event) && !matches!(event.act.what, What::Acknowledged { .. }) => {}
        _ => return Err(unlike("a notice that cannot be taken back")),
    }
    let change = Change::Acknowledge(of.seq);
    let mails = app.store.mails_of(account.account, of.event).await?;
    let next = Next { account: &account, act };
    let event = next.record(&app, change, Told::Again { of_set: &found.set, mails: &mails }, Reason::Conflict).await?;
    Reply::json(&Recorded { event })
}
