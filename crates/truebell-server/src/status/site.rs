//! The four files of the status page, served by this server at `/status` and written for another host. Never here: what they say.

use super::board::read_all;
use super::feed::feed;
use super::page::{Titles, page};
use crate::identity::ServerKey;
use crate::state::App;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use truebell_core::status::Status;
use truebell_core::time::UnixMillis;
use truebell_core::version::Version;
use truebell_store::{Store, StoreError};

/// The files' names and media types, the page first.
pub const FILES: [(&str, &str); 4] = [
    ("index.html", "text/html; charset=utf-8"),
    ("status.jws", "application/jose"),
    ("status.json", "application/json"),
    ("feed.atom", "application/atom+xml; charset=utf-8"),
];

/// The files of a document and its signed form, in the order of [`FILES`].
pub fn files(status: &Status, document: &str, titles: &Titles) -> [String; 4] {
    let json = serde_json::to_string_pretty(status).unwrap_or_default();
    [page(status, titles), format!("{document}\n"), format!("{json}\n"), feed(status, titles)]
}

/// The document of a database that no server serves just now, signed with the server's key.
pub async fn document_of(store: &dyn Store, key: &ServerKey, floor: Version, now: UnixMillis) -> Result<String, StoreError> {
    let status = Status::derive(key.server, &read_all(store).await?, now, Some(floor.to_string()));
    status.sign(&key.signing).map_err(|_| StoreError::Damaged("a status that has no form"))
}

/// The host of an address, which is what people call a server.
pub fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// The pages, on every server.
pub(crate) fn pages(app: Arc<App>) -> Router {
    Router::new()
        .route("/status", get(async |State(app): State<Arc<App>>| show(&app, "index.html")))
        .route("/status/{file}", get(async |State(app): State<Arc<App>>, Path(file): Path<String>| show(&app, &file)))
        .with_state(app)
}

fn show(app: &App, file: &str) -> Response {
    let Some(place) = FILES.iter().position(|(name, _)| *name == file) else { return StatusCode::NOT_FOUND.into_response() };
    let titles = Titles {
        name: host_of(&app.settings.public_url),
        url: app.settings.status_url.clone().unwrap_or_else(|| format!("{}/status", app.settings.public_url)),
        fingerprint: app.identity.key.fingerprint().0,
        base: "/status/",
    };
    let Ok(document) = app.status_document() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let [html, jws, json, atom] = files(&app.status(), &document, &titles);
    let body = match place {
        0 => html,
        1 => jws,
        2 => json,
        _ => atom,
    };
    let kind = FILES.get(place).map_or("text/plain", |(_, kind)| kind);
    let safe = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, safe),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "max-age=10"),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::page::tests::{eventful, titles};
    use super::*;

    #[test]
    fn there_is_a_text_for_each_file_and_the_readable_document_is_the_signed_one() {
        let status = eventful();
        let written = files(&status, "signed", &titles());
        assert!(written[0].starts_with("<!doctype html>") && written[1] == "signed\n" && written[3].starts_with("<?xml"));
        assert_eq!(serde_json::from_str::<Status>(&written[2]).unwrap(), status);
    }

    #[test]
    fn a_server_is_called_by_its_host() {
        for (url, host) in [("https://vault.example.org", "vault.example.org"), ("http://127.0.0.1:8484", "127.0.0.1:8484"), ("x/y", "x")] {
            assert_eq!(host_of(url), host);
        }
    }
}
