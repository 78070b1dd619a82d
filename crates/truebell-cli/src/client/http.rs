//! The real network: HTTP over `ureq` with rustls. No redirect is followed, no cookie kept.

use super::transport::{Request, Response, Transport};
use truebell_core::outcome::Failure;

/// A connection pool.
pub struct Http {
}

impl Http {
    /// With our timeouts.
    pub fn new() -> Self {
        todo!()
    }
}

impl Transport for Http {
    fn exchange(&self, request: &Request<'_>) -> Result<Response, Failure> {
        todo!()
    }
}
