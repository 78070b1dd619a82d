//! TLS with a PostgreSQL server: what `sslmode` and `sslrootcert` of a location ask for, as libpq's documentation says (chapter “SSL
//! Support”), and one stricter thing: without a word about it, a server on another machine must prove who it is.
//!
//! Never here: whether the database lets us in.

use crate::open::{DistrustsTls, NotALocation};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

type Result<T, E = DistrustsTls> = std::result::Result<T, E>;

/// What the server's certificate must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Nothing: what is said is hidden from who listens, not from who steps in between.
    Nothing,
    /// That an authority we trust signed it, for whatever name.
    Authority,
    /// That, and the host's name.
    Host,
}

/// What a location says about TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    /// Whether there is TLS; `None` where the location does not say.
    mode: Option<SslMode>,
    proof: Proof,
    /// Whose signatures count; the machine's roots where this is `None`.
    authority: Option<PathBuf>,
}

impl Tls {
    /// Takes what is ours out of a location, and gives back the rest.
    pub(super) fn take(url: &str) -> Result<(Self, String), NotALocation> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authority, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", word)) => mode = Some(word),
                Some(("sslrootcert", path)) => authority = Some(decode(path)?),
                _ => rest.push(pair),
            }
        }
        let is_system = authority.as_deref() == Some("system");
        let (mode, proof) = match (mode, authority.is_some()) {
            // As libpq has it: against the machine's roots, nothing less than the whole proof is worth anything.
            (Some(word), _) if is_system && word != "verify-full" => return Err(NotALocation),
            (Some("disable"), _) => (Some(SslMode::Disable), Proof::Nothing),
            (Some("prefer"), _) => (Some(SslMode::Prefer), Proof::Nothing),
            (Some("require"), false) => (Some(SslMode::Require), Proof::Nothing),
            // As libpq has it, for compatibility: one who names an authority wants it to count.
            (Some("require" | "verify-ca"), _) => (Some(SslMode::Require), Proof::Authority),
            (Some("verify-full"), _) | (None, true) => (Some(SslMode::Require), Proof::Host),
            (None, false) => (None, Proof::Host),
            (Some(_), _) => return Err(NotALocation),
        };
        let authority = authority.filter(|_| !is_system).map(PathBuf::from);
        let rest = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
        Ok((Self { mode, proof, authority }, rest))
    }

    /// Whether there is TLS. `is_here`: the server is on this machine, where nobody listens in between.
    pub(super) fn mode(&self, is_here: bool) -> SslMode {
        self.mode.unwrap_or(if is_here { SslMode::Disable } else { SslMode::Require })
    }

    /// How a connection is made.
    pub(super) fn connector(&self, mode: SslMode) -> Result<MakeRustlsConnect> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(|_| DistrustsTls::Other)?;
        let proof = if mode == SslMode::Disable { Proof::Nothing } else { self.proof };
        let config = match proof {
            Proof::Nothing => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
            Proof::Host => builder.with_root_certificates(self.roots()?),
            Proof::Authority => {
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots()?), provider).build();
                let verifier = verifier.map_err(|_| DistrustsTls::NoRoots)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyName(verifier)))
            }
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(file) = &self.authority else {
            let (_added, _not_understood) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return if roots.is_empty() { Err(DistrustsTls::NoRoots) } else { Ok(roots) };
        };
        for certificate in read_certificates(file)? {
            roots.add(certificate).map_err(|_| DistrustsTls::NoCertificate(file.clone()))?;
        }
        Ok(roots)
    }
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(file).map_err(|error| DistrustsTls::Unreadable(file.to_owned(), error.kind()))?;
    match CertificateDer::pem_slice_iter(&pem).collect::<std::result::Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(DistrustsTls::NoCertificate(file.to_owned())),
    }
}

/// `%2F` as `/`.
fn decode(text: &str) -> Result<String, NotALocation> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next())? << 4 | digit(rest.next())?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| NotALocation)
}

fn digit(byte: Option<u8>) -> Result<u8, NotALocation> {
    match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'a'..=b'f') => Ok(byte - b'a' + 10),
        Some(byte @ b'A'..=b'F') => Ok(byte - b'A' + 10),
        _ => Err(NotALocation),
    }
}

/// Why TLS failed, if that is what failed.
pub(super) fn why(error: &tokio_postgres::Error) -> Option<DistrustsTls> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(wrong) = error.downcast_ref::<rustls::Error>() {
            return Some(of_rustls(wrong));
        }
        // An error inside one of input and output is not its source but its content.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    let words = error.to_string();
    // The library has no kind for it that can be asked for.
    words.contains("TLS").then_some(DistrustsTls::NotSpoken)
}

fn of_rustls(error: &rustls::Error) -> DistrustsTls {
    let rustls::Error::InvalidCertificate(wrong) = error else { return DistrustsTls::Other };
    match wrong {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => DistrustsTls::Untrusted,
        wrong if is_about_the_name(wrong) => DistrustsTls::Misnamed,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => DistrustsTls::Expired,
        _ => DistrustsTls::Other,
    }
}

fn is_about_the_name(wrong: &CertificateError) -> bool {
    matches!(wrong, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
}

/// Checks who signed, and passes over the name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is what is looked at last.
            Err(rustls::Error::InvalidCertificate(wrong)) if is_about_the_name(&wrong) => Ok(ServerCertVerified::assertion()),
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Takes any certificate whose key is used.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Option<(Option<SslMode>, Proof, Option<&str>)>) {
        let taken = Tls::take(&format!("postgres://ada@db/t?{query}")).ok().map(|(tls, _)| tls);
        let expected = expected.map(|(mode, proof, authority)| Tls { mode, proof, authority: authority.map(PathBuf::from) });
        assert_eq!(taken, expected, "{query}");
    }

    #[test]
    fn what_a_location_says_about_tls_means_what_it_means_to_libpq() {
        use SslMode::{Disable, Prefer, Require};
        check("", Some((None, Proof::Host, None)));
        check("sslmode=disable", Some((Some(Disable), Proof::Nothing, None)));
        check("sslmode=prefer", Some((Some(Prefer), Proof::Nothing, None)));
        check("sslmode=require", Some((Some(Require), Proof::Nothing, None)));
        check("sslmode=require&sslrootcert=/a.pem", Some((Some(Require), Proof::Authority, Some("/a.pem"))));
        check("sslmode=verify-ca", Some((Some(Require), Proof::Authority, None)));
        check("sslmode=verify-full", Some((Some(Require), Proof::Host, None)));
        check("sslrootcert=%2Fetc%2Fa%20b.pem", Some((Some(Require), Proof::Host, Some("/etc/a b.pem"))));
        check("sslmode=verify-full&sslrootcert=system", Some((Some(Require), Proof::Host, None)));
        check("sslrootcert=system", Some((Some(Require), Proof::Host, None)));
        check("sslmode=verify-ca&sslrootcert=system", None);
        check("sslmode=allow", None);
        check("sslmode=verify", None);
        check("sslrootcert=%2", None);
    }

    #[test]
    fn the_rest_of_a_location_stays_as_it_was() {
        let (_, rest) =
            Tls::take("postgres://a:s%3Fx@db,db2/t?sslmode=require&application_name=x&sslrootcert=/a&target_session_attrs=any").unwrap();
        assert_eq!(rest, "postgres://a:s%3Fx@db,db2/t?application_name=x&target_session_attrs=any");
        assert_eq!(Tls::take("postgres://db/t?sslmode=require").unwrap().1, "postgres://db/t");
        assert_eq!(Tls::take("postgres://db/t").unwrap().1, "postgres://db/t");
    }
}
