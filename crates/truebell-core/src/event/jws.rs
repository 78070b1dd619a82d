//! JWS compact serialization (RFC 7515, section 7.1) with EdDSA (RFC 8037) and nothing else: no algorithm is ever negotiated.

use crate::sign::{PublicKey, Purpose, Signature};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
}

/// Longest JWS read, in bytes.
pub(crate) const LEN_MAX: usize = 16 * 1024;

/// Signs claims under a `typ`.
pub(crate) fn sign(typ: &str, claims: &impl Serialize, signer: impl Fn(Purpose, &[u8]) -> Signature) -> Option<String> {
    let header = serde_json::to_vec(&Header { alg: "EdDSA".into(), typ: typ.into() }).ok()?;
    let claims = serde_json::to_vec(claims).ok()?;
    let input = format!("{}.{}", BASE64URL_NOPAD.encode(&header), BASE64URL_NOPAD.encode(&claims));
    let signature = signer(Purpose::Jws, input.as_bytes());
    Some(format!("{input}.{}", BASE64URL_NOPAD.encode(&signature.0)))
}

/// Why a JWS gives no claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JwsError {
    Malformed,
    Signature,
}

/// The claims, if `key` signed them under this `typ` with EdDSA.
pub(crate) fn verify<T: DeserializeOwned>(typ: &str, jws: &str, key: &PublicKey) -> Result<T, JwsError> {
    verify_up_to(LEN_MAX, typ, jws, key)
}

/// The same for documents of another length.
pub(crate) fn verify_up_to<T: DeserializeOwned>(len_max: usize, typ: &str, jws: &str, key: &PublicKey) -> Result<T, JwsError> {
    let (input, signature) = jws.rsplit_once('.').filter(|_| jws.len() <= len_max).ok_or(JwsError::Malformed)?;
    let signature = decode(signature).and_then(|bytes| bytes.try_into().ok()).map(Signature).ok_or(JwsError::Malformed)?;
    key.verify(Purpose::Jws, input.as_bytes(), &signature).map_err(|_| JwsError::Signature)?;
    let (header, claims) = input.split_once('.').ok_or(JwsError::Malformed)?;
    let header: Header = decode(header).and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(JwsError::Malformed)?;
    if header.alg != "EdDSA" || header.typ != typ {
        return Err(JwsError::Malformed);
    }
    decode(claims).and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(JwsError::Malformed)
}

/// The claims, whoever signed them.
pub(crate) fn claims_unverified<T: DeserializeOwned>(jws: &str) -> Option<T> {
    let claims = jws.split('.').nth(1).filter(|_| jws.len() <= LEN_MAX)?;
    serde_json::from_slice(&decode(claims)?).ok()
}

fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(part.as_bytes()).ok()
}
