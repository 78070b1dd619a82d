//! `GET /v1/notices/{code}`: whether a notice with this check code was ever sent. For anybody: the one who holds a notice may have
//! lost everything else.

use crate::admission::{Key, Origin};
use crate::error::Refusal;
use crate::notices;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::{Path, State};
use truebell_core::event::{CheckCode, NotACode};
use truebell_core::head::Reason;
use truebell_core::wire::notice::{Checked, Verdict};

pub(crate) async fn check(State(app): Apps, from: Origin, Path(code): Path<String>) -> Answer {
    app.admission.pay(Key::LookupFrom(from), app.settings.limits.lookup_network, app.now())?;
    let code = CheckCode::read(&code).map_err(|why| Refusal::because(Reason::Malformed, sentence(&why)))?;
    let verdict = notices::find(&app, &code).await?.map_or(Verdict::NeverSent {}, |found| found.verdict(&app));
    Reply::json(&Checked { code, verdict })
}

/// A problem's detail is a sentence.
fn sentence(why: &NotACode) -> String {
    let mut sentence = format!("{why}.");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}
