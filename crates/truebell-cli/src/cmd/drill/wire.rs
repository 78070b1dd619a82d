//! A plain HTTP/1.1 connection, kept open, that says whom it stands for as a proxy in front of the server would: guess limits count by
//! network, and two thousand people behind one loopback address are not one person. What goes by is noted in the book.

use super::book::Book;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::{Method, Request, Response, Transport};
use truebell_core::head::{HEADER, NONCE_HEADER};
use truebell_core::outcome::Failure;

/// Longest wait for an answer, as a person's device would wait.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// What came back, whole.
pub(super) struct Answer {
    pub status: u16,
    pub head: Option<String>,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// One connection.
pub(super) struct Line {
    to: SocketAddr,
    from: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Line {
    /// As client number `from`.
    pub(super) fn new(to: SocketAddr, from: usize) -> Self {
        Self { to, from: format!("10.{}.{}.{}", from / 65_536 % 256, from / 256 % 256, from % 256), stream: None }
    }

    /// The bytes of a request.
    pub(super) fn request(&self, method: &str, path: &str, content_type: &str, nonce: &str, token: Option<&str>, body: &[u8]) -> Vec<u8> {
        let mut bytes =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nx-forwarded-for: {}\r\n{NONCE_HEADER}: {nonce}\r\n", self.to, self.from);
        if !content_type.is_empty() {
            bytes.push_str(&format!("content-type: {content_type}\r\ncontent-length: {}\r\n", body.len()));
        }
        if let Some(token) = token {
            bytes.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        bytes.push_str("\r\n");
        [bytes.into_bytes(), body.to_vec()].concat()
    }

    /// Sends it and reads the answer; a connection that the other side closed meanwhile is opened again once.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let was_open = self.stream.is_some();
        match self.try_ask(request) {
            Err(Failure::Broken) if was_open => self.try_ask(request),
            answer => answer,
        }
    }

    fn try_ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect_timeout(&self.to, ANSWER_TIME).map_err(|_| Failure::Connect)?;
                let set = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(ANSWER_TIME)));
                set.map_err(|_| Failure::Connect)?;
                BufReader::new(stream)
            }
        };
        stream.get_mut().write_all(request).map_err(|_| Failure::Broken)?;
        let answer = read_answer(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

fn failure(error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => Failure::Timeout,
        _ => Failure::Broken,
    }
}

fn read_line(stream: &mut BufReader<TcpStream>) -> Result<String, Failure> {
    let mut line = String::new();
    let len = stream.read_line(&mut line).map_err(|error| failure(&error))?;
    if len == 0 { Err(Failure::Broken) } else { Ok(line.trim_end().to_owned()) }
}

fn read_exactly(stream: &mut BufReader<TcpStream>, len: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; len.min(64 << 20)];
    stream.read_exact(&mut bytes).map_err(|error| failure(&error))?;
    Ok(bytes)
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> Result<Answer, Failure> {
    let first = read_line(stream)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(Failure::Broken)?;
    let (mut answer, mut length, mut is_chunked) = (Answer { status, head: None, content_type: None, body: Vec::new() }, 0, false);
    loop {
        let line = read_line(stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            HEADER => answer.head = Some(value.to_owned()),
            "content-type" => answer.content_type = Some(value.to_owned()),
            "content-length" => length = value.parse().map_err(|_| Failure::Broken)?,
            "transfer-encoding" => is_chunked = value.eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    if !is_chunked {
        answer.body = read_exactly(stream, length)?;
        return Ok(answer);
    }
    loop {
        let len = usize::from_str_radix(&read_line(stream)?, 16).map_err(|_| Failure::Broken)?;
        answer.body.extend(read_exactly(stream, len)?);
        read_line(stream).or_else(|failed| if len == 0 { Ok(String::new()) } else { Err(failed) })?;
        if len == 0 {
            return Ok(answer);
        }
    }
}

/// The network of one real client.
pub(super) struct Noted {
    line: Mutex<Line>,
    book: Arc<Book>,
    account: usize,
}

impl Noted {
    pub(super) fn new(to: SocketAddr, number: usize, account: usize, book: Arc<Book>) -> Self {
        Self { line: Mutex::new(Line::new(to, number)), book, account }
    }
}

impl Transport for Noted {
    fn exchange(&self, asked: &Request<'_>) -> Result<Response, Failure> {
        let method = match asked.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        };
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let token = asked.token.map(truebell_core::secret::Secret::expose);
        let request = line.request(method, asked.path, asked.content_type, asked.nonce, token, asked.body);
        let begin = Instant::now();
        let answer = line.ask(&request);
        self.book.exchanged(
            asked.path,
            answer.as_ref().map(|answer| (answer.status, answer.head.is_some())).ok(),
            begin.elapsed(),
            Some(self.account),
        );
        answer.map(|answer| Response {
            status: answer.status,
            head: answer.head,
            content_type: answer.content_type,
            via: None,
            ray: None,
            body: Box::new(std::io::Cursor::new(answer.body)),
        })
    }
}
