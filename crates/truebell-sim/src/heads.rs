//! Signed heads, taken apart and signed again: what a newer server adds, and what a mutated client would believe. Only whoever has the
//! server's key can do this, and in this world that is the world itself.

use truebell_core::cbor;
use truebell_core::head::Head;
use truebell_core::sign::{Purpose, SigningKey};

/// The head, if it is signed by `key`.
pub(crate) fn open(value: &str, key: &SigningKey) -> Option<Head> {
    Head::verify(value, &key.public()).ok()
}

/// How many fields a head has.
const FIELDS: u8 = 9;
/// A CBOR array of up to 23 has its length in the first byte (RFC 8949, section 3.1).
const ARRAY: u8 = 0x80;
const NULL: u8 = 0xf6;

/// A head as a server of the next version would write it: one more field at the end, after those of this version that are absent.
pub(crate) fn of_next_version(head: &Head, key: &SigningKey) -> String {
    let mut bytes = cbor::to_vec(head);
    let absent = bytes.first().map_or(0, |first| FIELDS.saturating_sub(first & !ARRAY));
    bytes.extend(std::iter::repeat_n(NULL, usize::from(absent)));
    if let Some(first) = bytes.first_mut() {
        *first = ARRAY | (FIELDS + 1);
    }
    bytes.extend([0x18, 0x2a]);
    let signature = key.sign(Purpose::ReplyHead, &bytes);
    format!("{}.{}", base64url(&bytes), base64url(&signature.0))
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::signing_key;
    use truebell_core::hash::Hash32;
    use truebell_core::head::Status;
    use truebell_core::ids::ServerId;
    use truebell_core::time::UnixMillis;

    #[test]
    fn a_head_of_the_next_version_is_read_by_this_one_whatever_is_absent_in_it() {
        for body in [None, Some(Hash32([3; 32]))] {
            let at = UnixMillis(5);
            let (server, generation, nonce) = (ServerId([1; 16]), [2; 16], [4; 16]);
            let head = Head { server, generation, restore_epoch: 0, at, nonce, status: Status::Ok, account: None, pace_ms: 1, body };
            assert_eq!(open(&of_next_version(&head, &signing_key()), &signing_key()), Some(head));
        }
    }
}
