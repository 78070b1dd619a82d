//! What stands above every answer of one version of a corpus: made once, since nothing in it depends on the request.

use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};

/// The headers, and the version by which caches know the answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) headers: HeaderMap,
    etag: String,
}

impl Head {
    /// For answers of this version of a corpus, sent in the way that `suffix` names.
    pub(super) fn new(version: &str, suffix: &str, max_age_seconds: u32) -> Self {
        let etag = format!("\"{version}{suffix}\"");
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding, Add-Padding"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for (name, value) in [(ETAG, etag.clone()), (CACHE_CONTROL, format!("public, max-age={max_age_seconds}, immutable"))] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        Self { headers, etag }
    }

    /// Whether `If-None-Match` names this version (RFC 9110, section 13.1.2: a weak comparison).
    pub(super) fn is_named_by(&self, asked: &HeaderValue) -> bool {
        let Ok(asked) = asked.to_str() else { return false };
        asked.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == self.etag)
    }
}
