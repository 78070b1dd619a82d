//! `GET /range/{prefix}`: what is asked, and the headers around the answer.

use super::body::{pad, write_range};
use super::finished::Form;
use super::shelf::{Served, Shelf, Sizes};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL,
    CONTENT_ENCODING, CONTENT_TYPE, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::Arc;
use truebell_corpus::{Damaged, Kind};

const ADD_PADDING: HeaderName = HeaderName::from_static("add-padding");
/// Hex digits of a range.
const PREFIX_DIGITS: usize = 5;
/// Shorter answers are sent as they are.
const COMPRESSED_BYTES_MIN: usize = 1024;

/// The service's routes.
pub fn router(shelf: Arc<Shelf>) -> Router {
    Router::new().route("/range/{prefix}", get(range).options(preflight)).fallback(not_found).with_state(shelf)
}

async fn range(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    let Some(prefix) = parse_prefix(uri.path()) else {
        return refuse(StatusCode::BAD_REQUEST, "The hash prefix was not in a valid format: it is the first five hex digits of the hash.");
    };
    let Some(kind) = parse_mode(uri.query().unwrap_or_default()) else {
        return refuse(StatusCode::BAD_REQUEST, "The mode is not known: leave it out for SHA-1, or write mode=ntlm.");
    };
    let Some(served) = shelf.served(kind) else {
        return refuse(StatusCode::NOT_FOUND, "This service has no hashes of this kind.");
    };
    let padded =
        shelf.sizes() == Sizes::Constant || headers.get(ADD_PADDING).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    // What is padded is not compressed: the compressed size would tell what padding hides.
    let form = match padded {
        true => Form::Padded,
        false if accepts_gzip(headers) => Form::Gzip,
        false => Form::Plain,
    };
    let head = served.head(form);
    let mut about = head.headers.clone();
    if headers.get(IF_NONE_MATCH).is_some_and(|asked| head.is_named_by(asked)) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let (body, compressed) = match served.answers.find(prefix, form) {
        Some(found) => (found.body.clone(), found.compressed),
        None => match put_together(&served, prefix, form) {
            Ok(put) => put,
            Err(error) => {
                tracing::error!(%error, "a range could not be read");
                return refuse(StatusCode::SERVICE_UNAVAILABLE, UNREADABLE);
            }
        },
    };
    if compressed {
        about.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let mut response = Response::new(Body::from(body));
    *response.headers_mut() = about;
    response
}

const UNREADABLE: &str = "The hashes cannot be read at the moment; nothing is said about any password.";

/// An answer, and whether it is compressed; kept for whoever asks for it next.
fn put_together(served: &Served, prefix: u32, form: Form) -> Result<(Bytes, bool), Damaged> {
    let mut body = write_range(&served.corpus, prefix)?;
    if form == Form::Padded {
        pad(&mut body, &served.corpus, prefix);
    }
    let packed = if form == Form::Gzip && body.len() >= COMPRESSED_BYTES_MIN { compress(&body) } else { None };
    let compressed = packed.is_some();
    let body = Bytes::from(packed.unwrap_or(body));
    served.answers.keep(prefix, form, &body, compressed);
    Ok((body, compressed))
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

fn parse_prefix(path: &str) -> Option<u32> {
    let text = path.strip_prefix("/range/")?;
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

/// `None` if that cannot be done, and never an empty answer: nothing in a range says that no password of it is exposed.
fn compress(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len()), Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).ok()
}
