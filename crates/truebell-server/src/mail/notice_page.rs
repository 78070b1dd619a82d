//! The page a mail's one link leads to: `/notice/CODE` says *genuine*, *retracted* or *never sent*, for a person without a Truebell at
//! hand, as a page, as text or as JSON. It tells no more than the mail's reader knows already, and takes nothing but what is proven here
//! and now. Never here: a script, a form for anything but the code, a word about whose account it is.

use crate::admission::{Key, Origin};
use crate::notices::{About, Found, find};
use crate::state::App;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use truebell_core::event::{CheckCode, What};
use truebell_core::letter::escape;
use truebell_core::notice::{By, Correction};
use truebell_core::wire::notice::Verdict;

/// What is known of a code.
enum Known {
    /// Nothing was asked yet.
    Nothing,
    /// It is no code.
    NoCode,
    /// A notice was made from this, and perhaps taken back.
    Sent(CheckCode, Box<Found>),
    /// No event has it.
    NeverSent(CheckCode),
    /// It cannot be told just now: an error is not evidence.
    NotNow,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Text,
    Json,
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

async fn ask(State(app): State<Arc<App>>, from: Origin, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let known = if asked.code.trim().is_empty() { Known::Nothing } else { look_up(&app, from, &asked.code).await };
    answer(&app, &known, wanted(&headers))
}

async fn show(State(app): State<Arc<App>>, from: Origin, headers: HeaderMap, Path(code): Path<String>) -> Response {
    let (code, form) = match code.rsplit_once('.') {
        Some((code, "json")) => (code.to_owned(), Form::Json),
        Some((code, "txt")) => (code.to_owned(), Form::Text),
        _ => (code, wanted(&headers)),
    };
    answer(&app, &look_up(&app, from, &code).await, form)
}

/// Browsers name HTML first; whoever names neither gets text, which everybody can read.
fn wanted(headers: &HeaderMap) -> Form {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let place = |kind| accept.find(kind).unwrap_or(usize::MAX);
    let named = [(place("text/html"), Form::Page), (place("application/json"), Form::Json), (place("text/plain"), Form::Text)];
    named.into_iter().filter(|(place, _)| *place != usize::MAX).min_by_key(|(place, _)| *place).map_or(Form::Text, |(_, form)| form)
}

async fn look_up(app: &App, from: Origin, code: &str) -> Known {
    let Some(code) = CheckCode::parse(code) else { return Known::NoCode };
    if app.admission.pay(Key::LookupFrom(from), app.settings.limits.lookup_network, app.now()).is_err() {
        return Known::NotNow;
    }
    match find(app, &code).await {
        Ok(Some(found)) => Known::Sent(code, Box::new(found)),
        Ok(None) => Known::NeverSent(code),
        Err(error) => {
            tracing::error!("a check code could not be looked up: {error}");
            Known::NotNow
        }
    }
}

fn answer(app: &App, known: &Known, form: Form) -> Response {
    let status = match known {
        Known::NotNow => StatusCode::SERVICE_UNAVAILABLE,
        Known::NoCode => StatusCode::BAD_REQUEST,
        Known::Nothing | Known::Sent(..) | Known::NeverSent(_) => StatusCode::OK,
    };
    let said = say(known);
    let (kind, body) = match form {
        Form::Page => ("text/html; charset=utf-8", html(known, &said)),
        Form::Text => ("text/plain; charset=utf-8", text(&said)),
        Form::Json => ("application/json", json(app, known, &said)),
    };
    let safe = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, safe),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
    ];
    (status, headers, body).into_response()
}

/// What is said, whatever it is written in: the three forms cannot say different things.
struct Said {
    title: &'static str,
    paragraphs: Vec<String>,
    /// Where the proof is to be had.
    proof: Option<String>,
}

fn say(known: &Known) -> Said {
    let said = |title, paragraphs: &[&str]| Said { title, paragraphs: paragraphs.iter().map(ToString::to_string).collect(), proof: None };
    match known {
        Known::Nothing => said("Is a mail from Truebell genuine?", &["Type the check code that the mail carries."]),
        Known::NoCode => said("That is not a check code", &["A check code has ten letters and digits, as in 7KQ4F-2M9XB."]),
        Known::NotNow => said(
            "This cannot be told just now",
            &["The server could not look the code up. That says nothing about the mail, for or against: try again in a few minutes."],
        ),
        Known::NeverSent(code) => {
            let words = format!(
                "This server never made a notice with the code {code}. Compare it with the mail letter by letter; if it is the same, the mail is a \
                 forgery: follow no link in it and answer nothing."
            );
            said("Never sent", &[&words])
        }
        Known::Sent(code, found) => sent(code, found),
    }
}

fn sent(code: &CheckCode, found: &Found) -> Said {
    let mut paragraphs = vec![
        format!("The code {code} is of a notice this server sent: {}, recorded {} UTC.", what(&found.about), found.about.at().utc()),
        "If your mail says something else, somebody has put a genuine code into a forged mail: believe this page and not the mail."
            .to_owned(),
    ];
    paragraphs.extend(found.corrections.iter().map(|(correction, _)| taken_back(correction)));
    paragraphs.push(format!("Proof that does not rest on this page: type `truebell notice verify {code}` on your own device."));
    let title = if found.corrections.is_empty() { "Genuine" } else { "Retracted" };
    Said { title, paragraphs, proof: Some(format!("/v1/log/proofs/{code}")) }
}

/// Who took it back, without a name.
fn taken_back(correction: &Correction) -> String {
    let (at, code) = (correction.at.utc(), &correction.code);
    match correction.by {
        By::Account => format!(
            "It was taken back {at} UTC by a device of the account, with the code {code}. What the notice told of is not undone by that; only the \
             owner of the account knows whether it was their own doing."
        ),
        By::Operator => format!(
            "It was taken back {at} UTC by the operator of this server, as sent in error, with the code {code}. That is the operator's word: what \
             the notice told of carries the signature of the account itself, which the operator cannot undo."
        ),
    }
}

/// What happened, without a name: anybody may ask.
fn what(about: &About) -> &'static str {
    let About::Event(event) = about else { return "the operator of this server took an earlier notice back" };
    match &event.act.what {
        What::AccountCreated { .. } => "an account was created",
        What::DeviceEnrolled { .. } => "an account was opened on a new device",
        What::MachineEnrolled { .. } => "a machine was given access to read vaults of an account",
        What::PasswordChanged {} => "an account password was changed",
        What::SecretKeyRotated {} => "a Secret Key was replaced",
        What::DeviceRevoked { .. } => "a device was removed",
        What::SessionRevoked { .. } => "a session was ended",
        What::AddressChanged { .. } => "the mail address of an account was changed",
        What::SecondFactorAdded { .. } => "a second factor was added",
        What::SecondFactorRemoved { .. } => "a second factor was removed",
        What::DeletionScheduled { .. } => "an account is to be deleted",
        What::DeletionCancelled {} => "the deletion of an account was cancelled",
        What::Acknowledged { .. } => "a device of an account took an earlier notice back",
        _ => "something that a newer version knows",
    }
}

fn text(said: &Said) -> String {
    let mut text = format!("{}\n", said.title);
    for paragraph in &said.paragraphs {
        text.push_str(&format!("\n{paragraph}\n"));
    }
    if let Some(proof) = &said.proof {
        text.push_str(&format!("\nProof that it is in the public log: {proof}\n"));
    }
    text
}

/// The words, and what proves them (`docs/protocol.md`).
#[derive(Serialize)]
struct Json<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a CheckCode>,
    title: &'a str,
    paragraphs: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    log_proof: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
}

fn json(app: &App, known: &Known, said: &Said) -> String {
    let (code, verdict) = match known {
        Known::Sent(code, found) => (Some(code), Some(found.verdict(app))),
        Known::NeverSent(code) => (Some(code), Some(Verdict::NeverSent {})),
        Known::Nothing | Known::NoCode | Known::NotNow => (None, None),
    };
    let all = Json { code, title: said.title, paragraphs: &said.paragraphs, log_proof: said.proof.as_deref(), verdict };
    // Texts and numbers under fixed names always have a form.
    serde_json::to_string(&all).unwrap_or_default() + "\n"
}

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1b1f24;--back:#fff;--line:#d0d7de}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--back:#14171a;--line:#30363d}a{color:#8ab4f8}}\
body{margin:0;background:var(--back);color:var(--ink);font:17px/1.55 system-ui,sans-serif}main{max-width:36em;margin:0 auto;padding:3rem 1rem}\
h1{font-size:1.5rem}input,button{font:inherit;padding:.4em .6em;border:1px solid var(--line);border-radius:6px;background:var(--back);color:var(--ink)}\
code{font-family:ui-monospace,monospace}form{margin-top:2.5rem}";

fn html(known: &Known, said: &Said) -> String {
    let title = said.title;
    let words: String = said.paragraphs.iter().map(|paragraph| format!("<p>{}</p>\n", marked(paragraph))).collect();
    let proof = match (known, &said.proof) {
        (Known::Sent(code, _), Some(proof)) => format!(
            "<p>Proof that it is in the server's public log: <a href=\"{}\" download=\"{code}.tlog-proof\">{code}.tlog-proof</a>; all of it as \
             <a href=\"/notice/{code}.json\">JSON</a>.</p>\n",
            escape(proof)
        ),
        _ => String::new(),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Truebell: {title}</title><style>{STYLE}</style></head><body><main>\n<h1>{title}</h1>\n{words}{proof}\
         <form action=\"/notice\" method=\"get\"><label for=\"code\">Check code</label><br>\
         <input id=\"code\" name=\"code\" placeholder=\"7KQ4F-2M9XB\" autocomplete=\"off\" spellcheck=\"false\"> <button>Check</button></form>\n\
         </main></body></html>\n"
    )
}

/// A paragraph, what is to be typed set as code.
fn marked(paragraph: &str) -> String {
    let parts = paragraph.split('`').enumerate();
    parts.map(|(place, part)| if place % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(known: &Known) -> String {
        html(known, &say(known))
    }

    #[test]
    fn only_an_absent_event_says_never_sent_and_a_failure_says_nothing() {
        let code = || CheckCode::parse("7KQ4F-2M9XB").unwrap();
        assert_eq!(say(&Known::NeverSent(code())).title, "Never sent");
        for not_now in [page_of(&Known::NotNow), text(&say(&Known::NotNow))] {
            assert!(!not_now.contains("Never sent") && !not_now.contains("Genuine") && !not_now.contains("forgery"), "{not_now}");
        }
        assert_eq!(say(&Known::NoCode).title, "That is not a check code");
        for known in [Known::Nothing, Known::NoCode, Known::NotNow, Known::NeverSent(code())] {
            let page = page_of(&known);
            assert!(!page.contains("<script") && page.contains("prefers-color-scheme:dark"));
        }
    }

    #[test]
    fn a_browser_gets_a_page_a_program_json_and_everybody_else_text() {
        for (accept, form) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Page),
            ("application/json", Form::Json),
            ("application/json, text/plain, */*", Form::Json),
            ("text/plain", Form::Text),
            ("*/*", Form::Text),
            ("", Form::Text),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wanted(&headers), form, "{accept}");
        }
    }
}
