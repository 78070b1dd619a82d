//! A certificate authority of the person's own, for a server that has one: trusted beside the built-in roots, by one profile.
//!
//! Never here: the file it was given in; the profile keeps a copy of what counts.

use data_encoding::BASE64;
use std::fmt::Write;
use truebell_core::outcome::Failure;
use ureq::tls::{Certificate, PemItem, parse_pem};

/// Certificates that a profile trusts beside the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// DER, at least one.
    certificates: Vec<Vec<u8>>,
}

/// Why a text names no authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAuthority {
    /// No certificate in it.
    #[error("it holds no certificate: name the PEM file of the authority's certificate, which begins with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// One that is damaged, or no certificate inside.
    #[error("a certificate in it cannot be read: it is damaged, or something else")]
    Damaged,
}

impl Authority {
    /// From PEM. What else is in it, a key for example, is left out.
    pub fn parse(pem: &[u8]) -> Result<Self, NotAnAuthority> {
        let mut certificates = Vec::new();
        for item in parse_pem(pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|_| NotAnAuthority::Damaged)? {
                let der = certificate.der().to_vec();
                rustls::RootCertStore::empty().add(der.clone().into()).map_err(|_| NotAnAuthority::Damaged)?;
                certificates.push(der);
            }
        }
        if certificates.is_empty() { Err(NotAnAuthority::NoCertificate) } else { Ok(Self { certificates }) }
    }

    /// As PEM, for the profile.
    pub fn to_pem(&self) -> String {
        let mut pem = String::new();
        for certificate in &self.certificates {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            let text = BASE64.encode(certificate);
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (line, after) = rest.split_at(rest.len().min(64));
                // Writing to a text does not fail.
                let _written = writeln!(pem, "{line}");
                rest = after;
            }
            pem.push_str("-----END CERTIFICATE-----\n");
        }
        pem
    }

    /// As the network takes them.
    pub(super) fn certificates(&self) -> impl Iterator<Item = Certificate<'static>> + '_ {
        self.certificates.iter().map(|der| Certificate::from_der(der).to_owned())
    }
}

/// What is wrong with a server's certificate, so that a person can tell whose turn it is.
pub(super) fn failure_of(error: &rustls::Error) -> Failure {
    use rustls::CertificateError as Wrong;
    let rustls::Error::InvalidCertificate(wrong) = error else { return Failure::Tls };
    match wrong {
        // An authority of the same name and another key signs wrongly.
        Wrong::UnknownIssuer | Wrong::BadSignature => Failure::Untrusted,
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Failure::Misnamed,
        Wrong::Expired | Wrong::ExpiredContext { .. } | Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => Failure::Expired,
        _ => Failure::Tls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &str = include_str!("../../../testdata/tls/authority.pem");
    const STRANGER: &str = include_str!("../../../testdata/tls/stranger.pem");
    const KEY: &str = include_str!("../../../testdata/tls/localhost.key");

    #[test]
    fn certificates_are_kept_as_they_are_and_a_key_beside_them_is_not() {
        let both = Authority::parse(format!("about us\n{AUTHORITY}\n{KEY}{STRANGER}").as_bytes()).unwrap();
        assert_eq!(both.certificates.len(), 2);
        assert_eq!(both.to_pem(), format!("{AUTHORITY}{STRANGER}"));
        assert_eq!(Authority::parse(both.to_pem().as_bytes()), Ok(both));
    }

    #[test]
    fn what_is_no_authority_is_said() {
        let cut: String = AUTHORITY.lines().filter(|line| !line.contains("END")).collect();
        let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (pem, why) in [
            ("", NotAnAuthority::NoCertificate),
            ("<html>", NotAnAuthority::NoCertificate),
            (KEY, NotAnAuthority::NoCertificate),
            (hollow, NotAnAuthority::Damaged),
            (&AUTHORITY.replace("MI", "??"), NotAnAuthority::Damaged),
        ] {
            assert_eq!(Authority::parse(pem.as_bytes()), Err(why), "{pem}");
        }
        assert!(Authority::parse(cut.as_bytes()).is_err());
    }
}
