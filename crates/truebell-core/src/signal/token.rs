//! A signal as it leaves: the claims of its SET, and the JWS around them.

use super::kind::Kind;
use super::subject::Subjects;
use super::tell::Signal;
use crate::hash::Hash32;
use crate::ids::{EventId, SignalId, StreamId};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::Value;

/// How tokens of a receiver are signed. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519 with the server's own key (RFC 8037).
    EdDsa = 0,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3), with a key of its own.
    Rs256 = 1,
}

impl Algorithm {
    /// As a JOSE header has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// As operators type it.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::EdDsa, Self::Rs256].into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(word))
    }

    /// From its number.
    pub fn from_number(number: u64) -> Option<Self> {
        [Self::EdDsa, Self::Rs256].into_iter().find(|algorithm| *algorithm as u64 == number)
    }
}

/// From whom, to whom, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// `jti`.
    pub id: SignalId,
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub audience: &'a str,
    /// How `sub_id` is written.
    pub subjects: Subjects,
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`.
    pub key: &'a str,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    jti: SignalId,
    iat: u64,
    aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    txn: Option<EventId>,
    sub_id: Value,
    events: One<'a>,
}

/// An object with one member.
struct One<'a>(String, &'a Value);

impl Serialize for One<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.0, self.1)?;
        map.end()
    }
}

impl Signal {
    /// Its SET for one receiver. `sign` gives the signature of the signing input, in the form of the envelope's algorithm. `None` if it
    /// gives none.
    pub fn to_set(&self, envelope: &Envelope<'_>, sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Option<String> {
        let header = Header { alg: envelope.algorithm.name(), typ: "secevent+jwt", kid: envelope.key };
        let claims = Claims {
            iss: envelope.issuer,
            jti: envelope.id,
            iat: self.at().seconds(),
            aud: envelope.audience,
            txn: self.txn(),
            sub_id: self.subject(envelope.subjects, envelope.issuer),
            events: One(self.kind().uri(), self.members()),
        };
        let part = |value: Result<Vec<u8>, serde_json::Error>| Some(BASE64URL_NOPAD.encode(&value.ok()?));
        let input = format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(&claims))?);
        let signature = sign(input.as_bytes())?;
        Some(format!("{input}.{}", BASE64URL_NOPAD.encode(&signature)))
    }
}

/// The id of a signal: the same each time the same thing is told on the same stream. `event` is the event's id, or what tells one note
/// about the stream from another.
pub fn derive_id(stream: StreamId, event: &[u8], kind: Kind) -> SignalId {
    let number = u64::from(kind.number()).to_be_bytes();
    let digest = Hash32::derive_labelled("truebell signal v1", &[&stream.0, event, &number]);
    SignalId(digest.0.first_chunk::<16>().copied().unwrap_or_default())
}
