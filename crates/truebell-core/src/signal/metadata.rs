//! What a transmitter says about itself (SSF 1.0, section 7.1), and its public keys (RFC 7517, RFC 8037).

use super::stream::{POLL, PUSH};
use super::token::Algorithm;
use crate::sign::PublicKey;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

/// The configuration document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// `1_0`.
    pub spec_version: String,
    /// The server's public address.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Push and poll.
    pub delivery_methods_supported: Vec<String>,
    /// Streams.
    pub configuration_endpoint: String,
    /// Their status.
    pub status_endpoint: String,
    /// Adding a subject.
    pub add_subject_endpoint: String,
    /// Removing one.
    pub remove_subject_endpoint: String,
    /// Asking for a verification.
    pub verification_endpoint: String,
    /// Bearer tokens.
    pub authorization_schemes: Vec<AuthorizationScheme>,
    /// `NONE`: a stream is about those its receiver names, unless the operator said otherwise.
    pub default_subjects: String,
}

/// How a receiver shows who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationScheme {
    /// The specification.
    pub spec_urn: String,
}

impl Metadata {
    /// Of the server at an address.
    pub fn at(issuer: &str) -> Self {
        let url = |path: &str| format!("{issuer}/v1/signals/{path}");
        // OAuth 2.0, which the interoperability profile asks for, and the bearer tokens that are all we need of it.
        let scheme = |number: u32| AuthorizationScheme { spec_urn: format!("urn:ietf:rfc:{number}") };
        Self {
            spec_version: "1_0".to_owned(),
            issuer: issuer.to_owned(),
            jwks_uri: url("keys"),
            delivery_methods_supported: vec![PUSH.to_owned(), POLL.to_owned()],
            configuration_endpoint: url("stream"),
            status_endpoint: url("status"),
            add_subject_endpoint: url("subjects/add"),
            remove_subject_endpoint: url("subjects/remove"),
            verification_endpoint: url("verify"),
            authorization_schemes: vec![scheme(6749), scheme(6750)],
            default_subjects: "NONE".to_owned(),
        }
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `OKP` or `RSA`.
    pub kty: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub used_for: String,
    /// `EdDSA` or `RS256`.
    pub alg: String,
    /// Its name.
    pub kid: String,
    /// `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Ed25519's bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// RSA's modulus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA's exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

impl Jwk {
    /// A server's own key; its name is its fingerprint.
    pub fn of_server(key: &PublicKey) -> Self {
        Self {
            kty: "OKP".to_owned(),
            used_for: "sig".to_owned(),
            alg: Algorithm::EdDsa.name().to_owned(),
            kid: key.fingerprint().0,
            crv: Some("Ed25519".to_owned()),
            x: Some(BASE64URL_NOPAD.encode(&key.0)),
            n: None,
            e: None,
        }
    }

    /// An RSA key, from its numbers in big-endian bytes without leading zeros; its name is its thumbprint (RFC 7638).
    pub fn of_rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let (n, e) = (BASE64URL_NOPAD.encode(modulus), BASE64URL_NOPAD.encode(exponent));
        let thumbprint = crate::hash::Hash32::derive_plain(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#).as_bytes());
        Self {
            kty: "RSA".to_owned(),
            used_for: "sig".to_owned(),
            alg: Algorithm::Rs256.name().to_owned(),
            kid: thumbprint.to_string(),
            crv: None,
            x: None,
            n: Some(n),
            e: Some(e),
        }
    }
}

/// All of a transmitter's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}
