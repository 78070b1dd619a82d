//! TLS by rustls, from two PEM files that SIGHUP reads again. Never here: which address it is for.

use crate::config::Config;
use axum_server::tls_rustls::RustlsConfig;
use std::path::PathBuf;

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be started with {certificate} and {key} ({why}): check that both are PEM, readable, and belong together", certificate = .certificate.display(), key = .key.display())]
pub struct TlsError {
    certificate: PathBuf,
    key: PathBuf,
    why: std::io::Error,
}

/// A certificate in use, and where it came from.
#[derive(Clone)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    /// As the listener takes it.
    pub(crate) config: RustlsConfig,
}

impl Tls {
    /// As configured; `None` where TLS is somebody else's.
    pub async fn from_config(config: &Config) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(key)) = (config.tls_certificate.clone(), config.tls_key.clone()) else { return Ok(None) };
        use_ring();
        match RustlsConfig::from_pem_file(&certificate, &key).await {
            Ok(config) => Ok(Some(Self { certificate, key, config })),
            Err(why) => Err(TlsError { certificate, key, why }),
        }
    }

    /// Reads both files again; on an error the old ones stay in use.
    pub async fn reload(&self) -> Result<(), TlsError> {
        let failed = |why| TlsError { certificate: self.certificate.clone(), key: self.key.clone(), why };
        self.config.reload_from_pem_file(&self.certificate, &self.key).await.map_err(failed)
    }
}

/// One implementation of cryptography for all TLS of this process. The first call wins, and all calls ask for the same.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
