//! The real network: HTTP over `ureq` with rustls. No redirect is followed, no cookie kept, and every step has its time.

use super::transport::{Method, Request, Response, Transport};
use std::time::Duration;
use truebell_core::head::{HEADER, NONCE_HEADER};
use truebell_core::outcome::Failure;
use ureq::http;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the request's end to the reply's head: a server that takes longer is not answering.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// A whole body, up or down: a first sync over a slow line.
const BODY_TIMEOUT: Duration = Duration::from_secs(600);
/// Between two bytes.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection pool.
pub struct Http {
    agent: ureq::Agent,
}

impl Http {
    /// With our timeouts.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_send_request(Some(ANSWER_TIMEOUT))
            .timeout_send_body(Some(BODY_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(BODY_TIMEOUT))
            .timeout_per_read(Some(READ_TIMEOUT))
            .user_agent(concat!("truebell/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().into() }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for Http {
    fn exchange(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Delete => http::Method::DELETE,
        };
        let mut builder = http::Request::builder()
            .method(method)
            .uri(format!("{}{}", request.server, request.path))
            .header(NONCE_HEADER, request.nonce)
            .header(http::header::ACCEPT, "*/*");
        if !request.content_type.is_empty() {
            builder = builder.header(http::header::CONTENT_TYPE, request.content_type);
        }
        if let Some(token) = request.token {
            builder = builder.header(http::header::AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let answer = if request.content_type.is_empty() {
            builder.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        } else {
            builder.body(request.body).map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        };
        answer.map(response).map_err(|error| failure(&error))
    }
}

fn response(answer: http::Response<ureq::Body>) -> Response {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Response {
        status: answer.status().as_u16(),
        head: header(HEADER),
        content_type: header("content-type"),
        via: header("via").or_else(|| header("server")),
        body: Box::new(answer.into_body().into_reader()),
    }
}

fn failure(error: &ureq::Error) -> Failure {
    use std::io::ErrorKind;
    match error {
        ureq::Error::HostNotFound | ureq::Error::BadUri(_) | ureq::Error::Timeout(ureq::Timeout::Resolve) => Failure::Name,
        ureq::Error::ConnectionFailed | ureq::Error::Timeout(ureq::Timeout::Connect) => Failure::Connect,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => Failure::Tls,
        ureq::Error::Timeout(_) => Failure::Timeout,
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => {
                Failure::Connect
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::Timeout,
            // rustls reports a bad certificate through the reader it is read by.
            ErrorKind::InvalidData => Failure::Tls,
            _ => Failure::Broken,
        },
        _ => Failure::Broken,
    }
}
