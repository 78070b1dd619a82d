//! Signed heads, taken apart and signed again: what a newer server adds, and what a mutated client would believe. Only whoever has the
//! server's key can do this, and in this world that is the world itself.

use truebell_core::cbor;
use truebell_core::hash::Hash32;
use truebell_core::head::{Head, Reason, Status};
use truebell_core::sign::{Purpose, SigningKey};
use truebell_core::time::UnixMillis;

/// The head, if it is signed by `key`.
pub(crate) fn open(value: &str, key: &SigningKey) -> Option<Head> {
    Head::verify(value, &key.public()).ok()
}

/// A head as a server of the next version would write it: one more field at the end.
pub(crate) fn of_next_version(head: &Head, key: &SigningKey) -> String {
    let mut bytes = cbor::to_vec(head);
    // A CBOR array of up to 23 (RFC 8949, section 3.1): its length is in the first byte.
    if let Some(first) = bytes.first_mut() {
        *first += 1;
    }
    bytes.push(0x18);
    bytes.push(0x2a);
    let signature = key.sign(Purpose::ReplyHead, &bytes);
    format!("{}.{}", base64url(&bytes), base64url(&signature.0))
}

/// A head for an answer that came without one, by its status: what a client that believes statuses takes it for.
pub(crate) fn for_stranger(like: &Head, status: u16, body: &[u8]) -> Head {
    let refused = |reason| Status::Refused { reason, retry_at: UnixMillis(0) };
    let status = match status {
        200..300 => Status::Ok,
        401 => refused(Reason::NoSession),
        403 => refused(Reason::DeviceUnknown),
        404 | 410 => refused(Reason::NotFound),
        400..500 => refused(Reason::Malformed),
        _ => Status::Busy { until: UnixMillis(like.at.0 + 1000) },
    };
    Head { status, account: None, body: Some(Hash32::derive_plain(body)), ..like.clone() }
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}
