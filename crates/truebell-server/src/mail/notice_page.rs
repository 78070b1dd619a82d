//! The page a mail's one link leads to: `/notice/CODE` says *genuine* or *never sent*, for a person without a Truebell at hand. It tells
//! no more than the mail's reader knows already. Never here: a script, a form for anything but the code, a word about whose account it is.

use crate::admission::{Key, Origin};
use crate::state::App;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;
use truebell_core::event::{CheckCode, Event, Genuine, Trust, What, read_signed};
use truebell_core::letter::escape;
use truebell_store::StoreError;

/// What is known of a code.
enum Known {
    /// Nothing was asked yet.
    Nothing,
    /// It is no code.
    NoCode,
    /// It was made from this event.
    Genuine(CheckCode, Box<Genuine<Event>>),
    /// No event has it.
    NeverSent(CheckCode),
    /// It cannot be told just now: an error is not evidence.
    NotNow,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    code: String,
}

/// The page, with and without a code.
pub(crate) fn page(app: Arc<App>) -> Router {
    Router::new().route("/notice", get(ask)).route("/notice/{code}", get(show)).with_state(app)
}

async fn ask(State(app): State<Arc<App>>, from: Origin, Query(asked): Query<Asked>) -> impl IntoResponse {
    let known = if asked.code.trim().is_empty() { Known::Nothing } else { look_up(&app, from, &asked.code).await };
    answer(&known)
}

async fn show(State(app): State<Arc<App>>, from: Origin, Path(code): Path<String>) -> impl IntoResponse {
    answer(&look_up(&app, from, &code).await)
}

async fn look_up(app: &App, from: Origin, code: &str) -> Known {
    let Some(code) = CheckCode::parse(code) else { return Known::NoCode };
    if app.admission.pay(Key::LookupFrom(from), app.settings.limits.lookup_network, app.now()).is_err() {
        return Known::NotNow;
    }
    match find(app, &code).await {
        Ok(Some(event)) => Known::Genuine(code, Box::new(event)),
        Ok(None) => Known::NeverSent(code),
        Err(error) => {
            tracing::error!("a check code could not be looked up: {error}");
            Known::NotNow
        }
    }
}

async fn find(app: &App, code: &CheckCode) -> Result<Option<Genuine<Event>>, StoreError> {
    let Some(found) = app.store.event_by_code(code.as_str()).await? else { return Ok(None) };
    let trust = Trust { server: app.identity.server, server_key: app.identity.key, account: found.account, account_key: found.signing };
    read_signed(&found.set, &trust).map(Some).map_err(|_| StoreError::Damaged("an event that does not verify"))
}

fn answer(known: &Known) -> impl IntoResponse + use<> {
    let status = match known {
        Known::NotNow => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let safe = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, safe),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, html(known))
}

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1b1f24;--back:#fff;--line:#d0d7de}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--back:#14171a;--line:#30363d}}\
body{margin:0;background:var(--back);color:var(--ink);font:17px/1.55 system-ui,sans-serif}main{max-width:36em;margin:0 auto;padding:3rem 1rem}\
h1{font-size:1.5rem}input,button{font:inherit;padding:.4em .6em;border:1px solid var(--line);border-radius:6px;background:var(--back);color:var(--ink)}\
code{font-family:ui-monospace,monospace}form{margin-top:2.5rem}";

fn html(known: &Known) -> String {
    let (title, words) = words(known);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Truebell: {title}</title><style>{STYLE}</style></head><body><main>\n<h1>{title}</h1>\n{words}\
         <form action=\"/notice\" method=\"get\"><label for=\"code\">Check code</label><br>\
         <input id=\"code\" name=\"code\" placeholder=\"7KQ4F-2M9XB\" autocomplete=\"off\" spellcheck=\"false\"> <button>Check</button></form>\n\
         </main></body></html>\n"
    )
}

fn words(known: &Known) -> (&'static str, String) {
    let own_device =
        "<p>Proof that does not rest on this page: type <code>truebell notice verify</code> and the code on your own device.</p>\n";
    match known {
        Known::Nothing => ("Is a mail from Truebell genuine?", "<p>Type the check code that the mail carries.</p>\n".to_owned()),
        Known::NoCode => ("That is not a check code", "<p>A check code has ten letters and digits, as in 7KQ4F-2M9XB.</p>\n".to_owned()),
        Known::NotNow => (
            "This cannot be told just now",
            "<p>The server could not look the code up. That says nothing about the mail, for or against: try again in a few minutes.</p>\n"
                .to_owned(),
        ),
        Known::NeverSent(code) => (
            "Never sent",
            format!(
                "<p>This server never made a notice with the code <strong>{}</strong>. Compare it with the mail letter by letter; if it is the same, the \
                 mail is a forgery: follow no link in it and answer nothing.</p>\n",
                escape(code.as_str())
            ),
        ),
        Known::Genuine(code, event) => (
            "Genuine",
            format!(
                "<p>The code <strong>{}</strong> is of a notice this server sent: <strong>{}</strong>, recorded {}.</p>\n<p>If your mail says something else, \
                 somebody has put a genuine code into a forged mail: believe this page and not the mail.</p>\n{own_device}",
                escape(code.as_str()),
                what(&event.act.what),
                event.at.utc()
            ),
        ),
    }
}

/// What happened, without a name: anybody may ask.
fn what(what: &What) -> &'static str {
    match what {
        What::AccountCreated { .. } => "an account was created",
        What::DeviceEnrolled { .. } => "an account was opened on a new device",
        What::PasswordChanged {} => "an account password was changed",
        What::SecretKeyRotated {} => "a Secret Key was replaced",
        What::DeviceRevoked { .. } => "a device was removed",
        What::SessionRevoked { .. } => "a session was ended",
        What::AddressChanged { .. } => "the mail address of an account was changed",
        What::SecondFactorAdded { .. } => "a second factor was added",
        What::SecondFactorRemoved { .. } => "a second factor was removed",
        What::DeletionScheduled { .. } => "an account is to be deleted",
        What::DeletionCancelled {} => "the deletion of an account was cancelled",
        _ => "something that a newer version knows",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(known: &Known) -> &'static str {
        words(known).0
    }

    #[test]
    fn only_an_absent_event_says_never_sent_and_a_failure_says_nothing() {
        let code = || CheckCode::parse("7KQ4F-2M9XB").unwrap();
        assert_eq!(title(&Known::NeverSent(code())), "Never sent");
        let not_now = html(&Known::NotNow);
        assert!(!not_now.contains("Never sent") && !not_now.contains("Genuine") && !not_now.contains("forgery"), "{not_now}");
        assert_eq!(title(&Known::NoCode), "That is not a check code");
        for known in [Known::Nothing, Known::NoCode, Known::NotNow, Known::NeverSent(code())] {
            let page = html(&known);
            assert!(!page.contains("<script") && page.contains("prefers-color-scheme:dark"));
        }
    }
}
