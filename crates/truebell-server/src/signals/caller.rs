//! Which receiver asks: by its bearer token (RFC 6750), in the header and nowhere else, known by its digest only.

use super::answer::Denied;
use crate::state::App;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use data_encoding::BASE64URL_NOPAD;
use std::sync::Arc;
use truebell_core::chance::{Chance, make_array};
use truebell_core::hash::Hash32;
use truebell_core::ids::StreamId;
use truebell_core::secret::Secret;
use truebell_store::signals::{Receiver, Scope, Stream};
use zeroize::Zeroizing;

const PREFIX: &str = "tbr_";

/// A new token, and the digest to store.
pub(super) fn make_token(chance: &mut dyn Chance) -> (Secret, Hash32) {
    let bytes = Zeroizing::new(make_array::<32>(chance));
    let text = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&*bytes));
    let digest = Hash32::derive_plain(text.as_bytes());
    (Secret::new(text), digest)
}

/// A receiver whose token was shown and is known.
pub(super) struct Caller {
    pub(super) receiver: Receiver,
    stream: Option<Stream>,
}

impl Caller {
    /// `Ok` if its token is good for changing things.
    pub(super) fn may_manage(&self) -> Result<(), Denied> {
        if self.receiver.scope == Scope::Manage { Ok(()) } else { Err(Denied::Scope(Scope::Manage)) }
    }

    /// Its stream, if there is one.
    pub(super) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// Its stream, if that is the one that is meant.
    pub(super) fn the_stream(&self, id: &str) -> Result<&Stream, Denied> {
        let id = id.parse::<StreamId>().ok();
        self.stream.as_ref().filter(|stream| Some(stream.stream) == id).ok_or(Denied::NoStream)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Denied> {
        let shown = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = shown.and_then(|value| value.split_once(' ')).ok_or(Denied::NoReceiver)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || !token.starts_with(PREFIX) {
            return Err(Denied::NoReceiver);
        }
        let found = app.store.receiver_by_token(Hash32::derive_plain(token.as_bytes())).await?;
        let (receiver, stream) = found.ok_or(Denied::NoReceiver)?;
        Ok(Self { receiver, stream })
    }
}
