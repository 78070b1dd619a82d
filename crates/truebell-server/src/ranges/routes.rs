//! `GET /range/{prefix}`: what is asked, and the headers around the answer.

use super::body::{pad, write_range};
use super::shelf::{Shelf, Sizes};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL,
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::Arc;
use truebell_corpus::Kind;

const ADD_PADDING: HeaderName = HeaderName::from_static("add-padding");
/// Hex digits of a range.
const PREFIX_DIGITS: usize = 5;
/// Shorter answers are sent as they are.
const COMPRESSED_BYTES_MIN: usize = 1024;

/// The service's routes.
pub fn router(shelf: Arc<Shelf>) -> Router {
    Router::new().route("/range/{prefix}", get(range).options(preflight)).fallback(not_found).with_state(shelf)
}

async fn range(State(shelf): State<Arc<Shelf>>, Path(prefix): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(prefix) = parse_prefix(&prefix) else {
        return refuse(StatusCode::BAD_REQUEST, "The hash prefix was not in a valid format: it is the first five hex digits of the hash.");
    };
    let Some(kind) = parse_mode(query.as_deref().unwrap_or_default()) else {
        return refuse(StatusCode::BAD_REQUEST, "The mode is not known: leave it out for SHA-1, or write mode=ntlm.");
    };
    let Some(corpus) = shelf.of(kind) else {
        return refuse(StatusCode::NOT_FOUND, "This service has no hashes of this kind.");
    };
    let padded =
        shelf.sizes == Sizes::Constant || headers.get(ADD_PADDING).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    // What is padded is not compressed: the compressed size would tell what padding hides.
    let compressed = !padded && accepts_gzip(&headers);
    let etag = format!(
        "\"{}{}\"",
        corpus.version(),
        if padded {
            "-padded"
        } else if compressed {
            "-gzip"
        } else {
            ""
        }
    );
    let mut about = headers_of(&etag, shelf.max_age_seconds);
    if headers.get(IF_NONE_MATCH).is_some_and(|asked| names(asked, &etag)) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let mut body = match write_range(&corpus, prefix) {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "a range could not be read");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "The hashes cannot be read at the moment; nothing is said about any password.");
        }
    };
    if padded {
        pad(&mut body, &corpus, prefix);
    } else if compressed && body.len() >= COMPRESSED_BYTES_MIN {
        body = compress(&body);
        about.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (about, Body::from(body)).into_response()
}

/// What browsers ask before a request with `Add-Padding`.
async fn preflight() -> Response {
    let about = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("add-padding")),
    ];
    (StatusCode::NO_CONTENT, about).into_response()
}

async fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "Ranges are at /range/ and the first five hex digits of a hash.")
}

fn refuse(status: StatusCode, sentence: &'static str) -> Response {
    let about = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (status, about, sentence).into_response()
}

fn headers_of(etag: &str, max_age_seconds: u32) -> HeaderMap {
    let mut about = HeaderMap::with_capacity(8);
    about.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    about.insert(VARY, HeaderValue::from_static("Accept-Encoding, Add-Padding"));
    about.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    about.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [(ETAG, etag.to_owned()), (CACHE_CONTROL, format!("public, max-age={max_age_seconds}, immutable"))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            about.insert(name, value);
        }
    }
    about
}

fn parse_prefix(text: &str) -> Option<u32> {
    let is_prefix = text.len() == PREFIX_DIGITS && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_prefix.then(|| u32::from_str_radix(text, 16).ok())?
}

fn parse_mode(query: &str) -> Option<Kind> {
    let mode = query.split('&').find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == "mode"));
    match mode.map(|(_, mode)| mode.to_ascii_lowercase()).as_deref() {
        None | Some("sha1" | "") => Some(Kind::Sha1),
        Some("ntlm") => Some(Kind::Ntlm),
        Some(_) => None,
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    accepted.map(str::trim).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.trim_end_matches('0').trim_end_matches('.').is_empty());
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Whether `If-None-Match` names this version (RFC 9110, section 13.1.2: a weak comparison).
fn names(asked: &HeaderValue, etag: &str) -> bool {
    let Ok(asked) = asked.to_str() else { return false };
    asked.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}

fn compress(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len()), Compression::fast());
    // Writing to memory does not fail.
    encoder.write_all(body).and_then(|()| encoder.finish()).unwrap_or_default()
}
