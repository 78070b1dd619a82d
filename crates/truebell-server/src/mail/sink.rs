//! A relay for tests: a real SMTP peer on loopback that takes mails, or fails in the step it was told to. Never in a release.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This answer to this command: `CONNECT`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, or `DOT` for the end of the mail.
    Answer(&'static str, u16),
    /// The connection ends instead of an answer.
    Drop(&'static str),
    /// No answer ever comes.
    Silence(&'static str),
}

impl Fault {
    fn step(self) -> &'static str {
        match self {
            Self::Answer(step, _) | Self::Drop(step) | Self::Silence(step) => step,
        }
    }
}

/// How the sink speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    None,
    Starttls,
    Implicit,
}

/// A mail the sink took, or got whole and did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) content: String,
    pub(crate) over_tls: bool,
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    taken: Vec<Taken>,
    logins: Vec<String>,
    connections: u32,
}

/// A running sink.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Sink {
    /// Starts one; `faults` are used up in order, one a matching step.
    pub(crate) async fn start(tls: Tls, faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        sink.state.lock().unwrap().faults = faults.to_vec();
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.state.lock().unwrap().connections += 1;
                let sink = serving.clone();
                tokio::spawn(async move { sink.connection(stream, tls).await });
            }
        });
        sink
    }

    /// What arrived.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    /// What clients signed in with.
    pub(crate) fn logins(&self) -> Vec<String> {
        self.state.lock().unwrap().logins.clone()
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> u32 {
        self.state.lock().unwrap().connections
    }

    async fn connection(&self, stream: TcpStream, tls: Tls) -> Option<()> {
        if tls == Tls::Implicit {
            let mut stream = BufReader::new(acceptor().accept(stream).await.ok()?);
            return self.talk(&mut stream, true, false, true).await.map(|_| ());
        }
        let mut stream = BufReader::new(stream);
        let wants_tls = self.talk(&mut stream, false, tls == Tls::Starttls, true).await?;
        if wants_tls {
            let mut stream = BufReader::new(acceptor().accept(stream.into_inner()).await.ok()?);
            self.talk(&mut stream, true, false, false).await?;
        }
        Some(())
    }

    /// The dialogue; true if the client now wants TLS, nothing if the connection is over.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        over_tls: bool,
        offers_tls: bool,
        greets: bool,
    ) -> Option<bool> {
        if greets {
            self.answer(stream, "CONNECT", "220 sink ready").await?;
        }
        let mut mail = Taken { from: String::new(), to: Vec::new(), content: String::new(), over_tls };
        loop {
            let line = line(stream).await?;
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" if offers_tls => self.answer(stream, "EHLO", "250-sink\r\n250-STARTTLS\r\n250 AUTH PLAIN").await.map(drop)?,
                "EHLO" => self.answer(stream, "EHLO", "250-sink\r\n250 AUTH PLAIN").await.map(drop)?,
                "STARTTLS" => {
                    self.answer(stream, "STARTTLS", "220 go ahead").await?;
                    return Some(true);
                }
                "AUTH" => {
                    self.state.lock().unwrap().logins.push(rest.to_owned());
                    self.answer(stream, "AUTH", "235 welcome").await?;
                }
                "MAIL" => {
                    mail.from = address(rest);
                    self.answer(stream, "MAIL", "250 ok").await?;
                }
                "RCPT" => {
                    mail.to.push(address(rest));
                    self.answer(stream, "RCPT", "250 ok").await?;
                }
                "DATA" => {
                    if !self.answer(stream, "DATA", "354 go on").await? {
                        continue;
                    }
                    mail.content = content(stream).await?;
                    self.state.lock().unwrap().taken.push(mail.clone());
                    if !self.answer(stream, "DOT", "250 taken").await? {
                        self.state.lock().unwrap().taken.pop();
                    }
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await.ok()?;
                    return None;
                }
                _ => {
                    stream.write_all(b"502 what?\r\n").await.ok()?;
                }
            }
        }
    }

    /// Answers, or does what the next fault for this step says. False where the answer was a refusal.
    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufReader<S>, step: &str, good: &str) -> Option<bool> {
        let fault = {
            let mut state = self.state.lock().unwrap();
            let place = state.faults.iter().position(|fault| fault.step() == step);
            place.map(|place| state.faults.remove(place))
        };
        let said = match fault {
            None => format!("{good}\r\n"),
            Some(Fault::Answer(_, status)) => format!("{status} no\r\n"),
            Some(Fault::Drop(_)) => return None,
            Some(Fault::Silence(_)) => {
                std::future::pending::<()>().await;
                return None;
            }
        };
        stream.write_all(said.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        Some(fault.is_none())
    }
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

/// The mail up to its dot, dots unstuffed.
async fn content<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut content = Vec::new();
    while !content.ends_with(b"\r\n.\r\n") {
        content.push(stream.read_u8().await.ok()?);
    }
    content.truncate(content.len() - 3);
    Some(String::from_utf8(content).unwrap().replace("\r\n..", "\r\n."))
}

fn address(rest: &str) -> String {
    rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

/// The sink's certificate for `localhost`; its authority is `testdata/authority.pem`. Made for this and used nowhere else.
fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("testdata/relay.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/relay.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()))
}
