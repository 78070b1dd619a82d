//! One token over HTTP (RFC 8935, section 2): no redirect is followed, no proxy used, nothing reached that the guard does not let through.

use super::guard::{GuardedResolver, NotAllowed};
use crate::config::Networks;
use std::fmt;
use std::time::Duration;
use ureq::Agent;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;
use zeroize::Zeroizing;

/// How long one push may take, all in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer read, in bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
    /// The body, or the beginning of it.
    pub body: Vec<u8>,
}

/// Why there was no answer; for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPosted(pub String);

impl fmt::Display for NotPosted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A way for tokens that a test or a simulation puts in the place of the network.
pub trait Post: Send + Sync + 'static {
    /// Posts one token, with the value of an `Authorization` header where there is one.
    fn post(&self, url: &str, authorization: Option<&str>, set: &str) -> Result<Posted, NotPosted>;
}

/// Over the network.
#[derive(Debug, Clone)]
pub struct Poster(Agent);

impl Poster {
    /// Reaches the public internet and these networks.
    pub fn new(allowed: &Networks) -> Self {
        crate::tls::use_ring();
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("Truebell/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = GuardedResolver { allowed: allowed.clone(), inner: DefaultResolver::default() };
        Self(Agent::with_parts(config, DefaultConnector::default(), resolver))
    }
}

impl Post for Poster {
    fn post(&self, url: &str, authorization: Option<&str>, set: &str) -> Result<Posted, NotPosted> {
        let mut request = self.0.post(url).content_type("application/secevent+jwt").header("accept", "application/json");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let mut answer = request.send(set).map_err(|error| NotPosted(words(&error)))?;
        let retry_after_s = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().unwrap_or_default();
        Ok(Posted { status: answer.status().as_u16(), retry_after_s, body })
    }
}

/// In words that say what to look at, and repeat nothing a stranger sent.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "there was no answer within 10 seconds".to_owned(),
        ureq::Error::HostNotFound => "its host is not found".to_owned(),
        ureq::Error::Other(why) if why.is::<NotAllowed>() => why.to_string(),
        ureq::Error::Io(why) => format!("there is no connection ({})", why.kind()),
        ureq::Error::ConnectionFailed => "there is no connection".to_owned(),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => "TLS failed: look at its certificate".to_owned(),
        _ => "it does not speak HTTP as it should".to_owned(),
    }
}

/// Posts from a thread of its own.
pub(super) async fn post(
    by: std::sync::Arc<dyn Post>,
    url: String,
    authorization: Option<Zeroizing<String>>,
    set: String,
) -> Result<Posted, NotPosted> {
    let posting = tokio::task::spawn_blocking(move || by.post(&url, authorization.as_deref().map(String::as_str), &set));
    posting.await.unwrap_or_else(|_| Err(NotPosted("the push ended by a fault of this server".to_owned())))
}
