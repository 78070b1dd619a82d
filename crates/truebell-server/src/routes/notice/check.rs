//! `GET /v1/notices/{code}`: whether a notice with this check code was ever sent. For anybody: the one who holds a notice may have
//! lost everything else.

use crate::admission::{Key, Origin};
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::state::App;
use axum::extract::{Path, State};
use truebell_core::event::{CheckCode, NotACode, Trust, read_signed};
use truebell_core::head::Reason;
use truebell_core::wire::notice::{Checked, Proof, Verdict};
use truebell_store::rows::PublicEvent;

pub(crate) async fn check(State(app): Apps, from: Origin, Path(code): Path<String>) -> Answer {
    app.admission.pay(Key::LookupFrom(from), app.settings.limits.lookup_network, app.now())?;
    let code = CheckCode::read(&code).map_err(|why| Refusal::because(Reason::Malformed, sentence(&why)))?;
    let verdict = match app.store.event_by_code(code.as_str()).await? {
        Some(found) => genuine(&app, found)?,
        None => Verdict::NeverSent {},
    };
    Reply::json(&Checked { code, verdict })
}

/// Genuine only if it verifies here and now: a damaged row is our fault, and never a verdict.
fn genuine(app: &App, found: PublicEvent) -> Result<Verdict, Refusal> {
    let (server, server_key) = (app.identity.server, app.identity.key);
    let trust = Trust { server, server_key, account: found.account, account_key: found.signing };
    let event = read_signed(&found.set, &trust).map_err(|why| Refusal::fault(format!("a stored event does not verify: {why}")))?;
    Ok(Verdict::Genuine(Proof {
        kind: event.act.what.word().to_owned(),
        at: event.at,
        server,
        server_key,
        account: found.account,
        account_key: found.signing,
        event: found.set,
    }))
}

/// A problem's detail is a sentence.
fn sentence(why: &NotACode) -> String {
    let mut sentence = format!("{why}.");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}
