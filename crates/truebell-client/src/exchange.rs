//! One exchange, judged: every answer passes through `classify()` here and nowhere else, and leaves a line in the trace.

use super::status::Trace;
use super::transport::{Method, Request, Response, Transport};
use super::{Error, World};
use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::sync::Arc;
use truebell_core::chance::make_array;
use truebell_core::head::{AccountHead, Head, Status};
use truebell_core::outcome::{Failure, Judgement, Known, Outcome, Pinned, Reply, classify};
use truebell_core::secret::Secret;
use truebell_engine::sync::Why;

/// Longest body of an answer that is not a stream: an attachment's chunk, padded and sealed.
const BODY_BYTES_MAX: u64 = 4 << 20;
/// How much of a stream's beginning is read to judge it.
const PEEK_BYTES: u64 = 64 << 10;

pub(super) const JSON: &str = "application/json";
pub(super) const CBOR: &str = "application/cbor";
const EVENTS: &str = "text/event-stream";
pub(super) const BYTES: &str = "application/octet-stream";

/// A question to one server.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub method: Method,
    pub path: &'a str,
    pub content_type: &'static str,
    pub body: &'a [u8],
    pub token: Option<&'a Secret>,
}

impl<'a> Question<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self { method: Method::Get, path, content_type: "", body: &[], token: None }
    }

    pub(super) fn post(path: &'a str, content_type: &'static str, body: &'a [u8]) -> Self {
        Self { method: Method::Post, path, content_type, body, token: None }
    }
}

/// An answer and what it is worth.
pub(super) struct Answer {
    pub judgement: Judgement,
    pub body: Vec<u8>,
    pub trace: Trace,
}

impl Answer {
    /// The body, if our server did what was asked.
    pub(super) fn accepted(self) -> Result<(Vec<u8>, Option<Head>), Error> {
        match Why::of(&self.judgement.outcome) {
            None => Ok((self.body, self.judgement.head)),
            Some(why) => Err(Error::Server(why)),
        }
    }

    /// The body as JSON, if our server did what was asked.
    pub(super) fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        read_json(&self.accepted()?.0)
    }
}

pub(super) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|_| Error::Answer("its body is not what this request is answered with"))
}

/// A stream that was judged by its beginning.
pub(super) struct Stream {
    pub judgement: Judgement,
    pub body: Box<dyn Read + Send>,
    pub trace: Trace,
}

/// A request ready to go. It has all it needs and nothing of the client: whoever carries it out may wait.
pub(super) struct Errand<'a> {
    transport: Arc<dyn Transport>,
    server: String,
    nonce: [u8; 16],
    question: Question<'a>,
}

/// What came back: the reply, its body (or its beginning), and whether that is all of it.
pub(super) type Back = Result<(Response, Vec<u8>, bool), Failure>;
/// The same of a stream, with its rest.
pub(super) type Begun = Result<(Response, Vec<u8>, Box<dyn Read + Send>), Failure>;

impl<'a> Errand<'a> {
    pub(super) fn new(world: &mut World, server: &str, question: &Question<'a>) -> Self {
        let nonce = make_array(world.chance.as_mut());
        Self { transport: Arc::clone(&world.transport), server: server.to_owned(), nonce, question: *question }
    }

    fn send(&self) -> Result<Response, Failure> {
        self.transport.exchange(&Request {
            method: self.question.method,
            server: &self.server,
            path: self.question.path,
            content_type: self.question.content_type,
            body: self.question.body,
            nonce: &BASE64URL_NOPAD.encode(&self.nonce),
            token: self.question.token,
        })
    }

    /// Sends it, and waits for the whole answer.
    pub(super) fn answered(&self) -> Back {
        let mut response = self.send()?;
        let body = std::mem::replace(&mut response.body, Box::new(std::io::empty()));
        read_bounded(body, BODY_BYTES_MAX).map(|(body, whole)| (response, body, whole))
    }

    /// Sends it, and waits for the beginning of a stream.
    pub(super) fn begun(&self) -> Begun {
        let mut response = self.send()?;
        let mut rest = std::mem::replace(&mut response.body, Box::new(std::io::empty()));
        let mut beginning = Vec::new();
        rest.by_ref().take(PEEK_BYTES).read_to_end(&mut beginning).map_err(|_| Failure::Broken)?;
        Ok((response, beginning, rest))
    }

    /// Sends it, and waits for the head of an answer that has no end; its body is read by whoever listens. Any other answer is read whole.
    pub(super) fn opened(&self) -> (Back, Box<dyn Read + Send>) {
        let nothing = || Box::new(std::io::empty());
        let opened = self.send().and_then(|mut response| {
            let body = std::mem::replace(&mut response.body, nothing());
            if response.content_type.as_deref().is_some_and(|kind| kind.starts_with(EVENTS)) {
                return Ok(((response, Vec::new(), false), body));
            }
            let (bytes, whole) = read_bounded(body, BODY_BYTES_MAX)?;
            Ok(((response, bytes, whole), nothing() as Box<dyn Read + Send>))
        });
        match opened {
            Ok((back, body)) => (Ok(back), body),
            Err(failure) => (Err(failure), nothing()),
        }
    }

    /// Judges what came back.
    pub(super) fn judge(&self, back: Back, world: &World, pinned: &Pinned, known: Option<&AccountHead>) -> Answer {
        let known = Known { nonce: self.nonce, account: known };
        let (judgement, body, status) = match back {
            Ok((response, body, whole)) => (judge(world, pinned, &known, &response, &body, whole), body, response.status),
            Err(failure) => (classify(&Reply::Failed(failure), pinned, &known, world.clock.now()), Vec::new(), 0),
        };
        Answer { trace: trace(world, &self.question, status, &judgement), judgement, body }
    }

    /// Judges a stream by its head and its beginning.
    pub(super) fn judge_stream(&self, begun: Begun, world: &World, pinned: &Pinned, known: Option<&AccountHead>) -> Stream {
        let known = Known { nonce: self.nonce, account: known };
        match begun {
            Ok((response, beginning, rest)) => {
                let whole = (beginning.len() as u64) < PEEK_BYTES;
                let judgement = judge(world, pinned, &known, &response, &beginning, whole);
                let body = Box::new(std::io::Cursor::new(beginning).chain(rest));
                Stream { trace: trace(world, &self.question, response.status, &judgement), judgement, body }
            }
            Err(failure) => {
                let judgement = classify(&Reply::Failed(failure), pinned, &known, world.clock.now());
                Stream { trace: trace(world, &self.question, 0, &judgement), judgement, body: Box::new(std::io::empty()) }
            }
        }
    }
}

/// Asks, and reads the whole answer.
pub(super) fn ask(world: &mut World, server: &str, pinned: &Pinned, known: Option<&AccountHead>, question: &Question<'_>) -> Answer {
    let errand = Errand::new(world, server, question);
    let back = errand.answered();
    errand.judge(back, world, pinned, known)
}

fn judge(world: &World, pinned: &Pinned, known: &Known<'_>, response: &Response, body: &[u8], whole: bool) -> Judgement {
    let reply = Reply::Answer {
        status: response.status,
        head: response.head.as_deref(),
        content_type: response.content_type.as_deref(),
        via: response.via.as_deref(),
        ray: response.ray.as_deref(),
        body,
        whole,
    };
    classify(&reply, pinned, known, world.clock.now())
}

/// Asks somebody whose key is not known yet who they are: the answer is read first, and then judged by the key it names.
pub(super) fn ask_stranger(
    world: &mut World,
    server: &str,
    question: &Question<'_>,
    pin: impl Fn(&[u8]) -> Option<Pinned>,
) -> (Judgement, Option<Pinned>) {
    let errand = Errand::new(world, server, question);
    let known = Known { nonce: errand.nonce, account: None };
    match errand.answered() {
        Ok((response, body, whole)) => {
            let pinned = pin(&body);
            // No key in the answer: judged by one that nobody has, so that it says who answered instead.
            let nobody = || Pinned {
                server: truebell_core::ids::ServerId([0; 16]),
                key: truebell_core::sign::PublicKey([0; 32]),
                generation: Vec::new().into(),
                restore_epoch: 0,
            };
            let by = pinned.clone().unwrap_or_else(nobody);
            (judge(world, &by, &known, &response, &body, whole), pinned)
        }
        Err(failure) => {
            let nobody = Pinned {
                server: truebell_core::ids::ServerId([0; 16]),
                key: truebell_core::sign::PublicKey([0; 32]),
                generation: Vec::new().into(),
                restore_epoch: 0,
            };
            (classify(&Reply::Failed(failure), &nobody, &known, world.clock.now()), None)
        }
    }
}

pub(super) fn read_bounded(mut body: Box<dyn Read + Send>, bytes_max: u64) -> Result<(Vec<u8>, bool), Failure> {
    let mut bytes = Vec::new();
    body.by_ref().take(bytes_max).read_to_end(&mut bytes).map_err(|_| Failure::Broken)?;
    let whole = (bytes.len() as u64) < bytes_max;
    Ok((bytes, whole))
}

fn trace(world: &World, question: &Question<'_>, status: u16, judgement: &Judgement) -> Trace {
    let method = match question.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    let mut came_in = match (&judgement.outcome, &judgement.head) {
        (Outcome::Unreachable(_), _) => Vec::new(),
        (_, Some(head)) => vec![
            format!("status {status}"),
            format!("says {}", said(&head.status)),
            format!("restore epoch {}", head.restore_epoch),
            format!("pace {} ms", head.pace_ms),
        ],
        (_, None) if judgement.details.is_empty() => vec![format!("status {status}")],
        (_, None) => judgement.details.clone(),
    };
    if let Some(account) = judgement.head.as_ref().and_then(|head| head.account.as_ref()) {
        came_in.push(format!("events up to {}", account.chain.seq));
    }
    Trace {
        at: world.clock.now(),
        request: format!("{method} {}", without_ids(question.path)),
        status,
        outcome: word(&judgement.outcome),
        came_in,
        why: judgement.because,
        because: judgement.because.words().to_owned(),
    }
}

/// A signed status' word.
fn said(status: &Status) -> &'static str {
    match status {
        Status::Ok => "done",
        Status::Busy { .. } => "busy",
        Status::Maintenance { .. } => "maintenance",
        Status::Refused { .. } => "refused",
        Status::Outdated { .. } => "outdated",
    }
}

/// A path with its ids left out.
fn without_ids(path: &str) -> String {
    path.split('/').map(|part| if part.contains('_') { "…" } else { part }).collect::<Vec<_>>().join("/")
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Fresh { .. } => "fresh".into(),
        Outcome::Unchanged => "unchanged".into(),
        Outcome::Busy { .. } => "busy".into(),
        Outcome::Maintenance { .. } => "maintenance".into(),
        Outcome::Unreachable(failure) => format!("unreachable: {failure:?}").to_lowercase(),
        Outcome::Intercepted { by } => format!("intercepted by {by}"),
        Outcome::Outdated { .. } => "outdated".into(),
        Outcome::ClockSkew { .. } => "clock-skew".into(),
        Outcome::WrongServer => "wrong-server".into(),
        Outcome::Restored { epoch, .. } => format!("restored to epoch {epoch}"),
        Outcome::Refused { reason, .. } => format!("refused: {}", reason.word()),
        Outcome::Proven(_) => "proven".into(),
    }
}
