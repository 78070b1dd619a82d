//! The real network: HTTP over `ureq` with rustls. No redirect is followed, no cookie kept, and every step has its time.

use super::authority::{self, Authority};
use super::transport::{Method, Request, Response, Transport};
use std::time::Duration;
use truebell_core::head::{CLIENT_HEADER, HEADER, NONCE_HEADER};
use truebell_core::outcome::Failure;
use ureq::http;
use ureq::tls::{RootCerts, TlsConfig};

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
    /// The person's own authority, and connections to servers it signed for.
    own: Option<(Authority, ureq::Agent)>,
}

impl Http {
    /// With our timeouts.
    pub fn new() -> Self {
        Self { agent: Self::agent(RootCerts::WebPki), own: None }
    }

    /// The same, where an authority of the person's own counts beside the built-in ones.
    pub fn trusting(authority: Authority) -> Self {
        let certificates: Vec<_> = authority.certificates().collect();
        let agent = Self::agent(RootCerts::from(certificates));
        Self { own: Some((authority, agent)), ..Self::new() }
    }

    fn agent(roots: RootCerts) -> ureq::Agent {
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
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("truebell/", env!("CARGO_PKG_VERSION")));
        config.build().into()
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for Http {
    fn exchange(&self, request: &Request<'_>) -> Result<Response, Failure> {
        match &self.own {
            // Nothing was sent yet to a server that the own authority did not sign for: it may have a certificate like anybody's.
            Some((_, agent)) => match send(agent, request) {
                Err(Failure::Untrusted) => send(&self.agent, request),
                answered => answered,
            },
            None => send(&self.agent, request),
        }
    }

    fn authority(&self) -> Option<&Authority> {
        self.own.as_ref().map(|(authority, _)| authority)
    }
}

fn send(agent: &ureq::Agent, request: &Request<'_>) -> Result<Response, Failure> {
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
        .header(CLIENT_HEADER, concat!("truebell-cli/", env!("CARGO_PKG_VERSION")))
        .header(http::header::ACCEPT, "*/*");
    if !request.content_type.is_empty() {
        builder = builder.header(http::header::CONTENT_TYPE, request.content_type);
    }
    if let Some(token) = request.token {
        builder = builder.header(http::header::AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    let answer = if request.content_type.is_empty() {
        builder.body(()).map_err(ureq::Error::from).and_then(|request| agent.run(request))
    } else {
        builder.body(request.body).map_err(ureq::Error::from).and_then(|request| agent.run(request))
    };
    answer.map(response).map_err(|error| failure(&error))
}

fn response(answer: http::Response<ureq::Body>) -> Response {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Response {
        status: answer.status().as_u16(),
        head: header(HEADER),
        content_type: header("content-type"),
        via: header("via").or_else(|| header("server")),
        ray: ["cf-ray", "x-amz-cf-id", "x-amzn-requestid", "x-request-id"].into_iter().find_map(header),
        body: Box::new(answer.into_body().into_reader()),
    }
}

fn failure(error: &ureq::Error) -> Failure {
    use std::io::ErrorKind;
    match error {
        ureq::Error::HostNotFound | ureq::Error::BadUri(_) | ureq::Error::Timeout(ureq::Timeout::Resolve) => Failure::Name,
        ureq::Error::ConnectionFailed | ureq::Error::Timeout(ureq::Timeout::Connect) => Failure::Connect,
        ureq::Error::Rustls(error) => authority::failure_of(error),
        ureq::Error::Tls(_) | ureq::Error::Pem(_) => Failure::Tls,
        ureq::Error::Timeout(_) => Failure::Timeout,
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => {
                Failure::Connect
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::Timeout,
            // rustls reports a bad certificate through the reader it is read by.
            ErrorKind::InvalidData => error.get_ref().and_then(|error| error.downcast_ref()).map_or(Failure::Tls, authority::failure_of),
            // The standard library has no kind for a name that does not resolve, only these words.
            _ if error.to_string().starts_with("failed to lookup address information") => Failure::Name,
            _ => Failure::Broken,
        },
        _ => Failure::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use truebell_core::secret::Secret;

    /// Answers one request with these bytes; gives back what was asked.
    fn answering(answer: &'static [u8]) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = vec![0; 8192];
            let len = stream.read(&mut asked).unwrap();
            stream.write_all(answer).unwrap();
            String::from_utf8_lossy(&asked[..len]).to_lowercase()
        });
        (at, asked)
    }

    fn ask(server: &str) -> Result<Response, Failure> {
        let token = Secret::new("t0ken");
        let request =
            Request { method: Method::Get, server, path: "/v1/server", content_type: "", body: &[], nonce: "n0nce", token: Some(&token) };
        Http::new().exchange(&request)
    }

    #[test]
    fn a_redirect_is_an_answer_and_is_not_followed() {
        let (at, asked) = answering(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nVia: portal\r\nCF-Ray: 8a1b-AMS\r\nContent-Length: 0\r\n\r\n",
        );
        let answer = ask(&format!("http://{at}")).unwrap();
        assert_eq!((answer.status, answer.via.as_deref(), answer.head), (302, Some("portal"), None));
        assert_eq!(answer.ray.as_deref(), Some("8a1b-AMS"));
        let asked = asked.join().unwrap();
        assert!(asked.contains("truebell-nonce: n0nce") && asked.contains("authorization: bearer t0ken"), "{asked}");
    }

    #[test]
    fn an_error_status_is_an_answer_with_its_head_and_body() {
        let (at, _asked) =
            answering(b"HTTP/1.1 503 Busy\r\nTruebell-Head: a.b\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nbody");
        let mut answer = ask(&format!("http://{at}")).unwrap();
        let mut body = String::new();
        answer.body.read_to_string(&mut body).unwrap();
        assert_eq!((answer.status, answer.head.as_deref(), body.as_str()), (503, Some("a.b"), "body"));
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error_and_not_a_shorter_body() {
        let (at, _asked) = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        let mut answer = ask(&format!("http://{at}")).unwrap();
        answer.body.read_to_end(&mut Vec::new()).unwrap_err();
    }

    #[test]
    fn what_went_wrong_is_told_apart() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (silent, _asked) = answering(b"");
        let (plain, _asked) = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        for (server, expected) in [
            (format!("http://{closed}"), Failure::Connect),
            (format!("http://{silent}"), Failure::Broken),
            (format!("https://{plain}"), Failure::Tls),
            ("http://no-such-name.invalid".to_owned(), Failure::Name),
        ] {
            assert_eq!(ask(&server).err(), Some(expected), "{server}");
        }
    }
}
