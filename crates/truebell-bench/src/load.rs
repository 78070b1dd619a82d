//! A small HTTP/1.1 load generator: so many connections, each sending its next request when the last is answered.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::Instant;

/// One keep-alive connection.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: String,
    from: String,
}

/// A request to send.
#[derive(Clone)]
pub(crate) struct Ask {
    pub path: String,
    pub token: Option<String>,
    pub content_type: &'static str,
    pub body: Bytes,
}

impl Ask {
    /// A JSON POST.
    pub(crate) fn json(path: &str, token: Option<&str>, body: &impl serde::Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body)?.into();
        Ok(Self { path: path.into(), token: token.map(Into::into), content_type: "application/json", body })
    }

    /// A CBOR POST.
    pub(crate) fn cbor(path: &str, token: &str, body: Vec<u8>) -> Self {
        Self { path: path.into(), token: Some(token.into()), content_type: "application/cbor", body: body.into() }
    }
}

impl Connection {
    /// Opens one as if from client number `from`: guess limits count by network, and a load from one machine is not one person.
    pub(crate) async fn open(address: &str, from: usize) -> Result<Self> {
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, address: address.to_owned(), from: format!("10.{}.{}.1", from / 256 % 256, from % 256) })
    }

    /// Sends one POST; the body of its 2xx answer.
    pub(crate) async fn post(&mut self, ask: &Ask) -> Result<Bytes> {
        Ok(self.send(ask).await?.collect().await?.to_bytes())
    }

    /// The same without keeping the body: how many bytes it had.
    pub(crate) async fn post_and_drain(&mut self, ask: &Ask) -> Result<usize> {
        let mut body = self.send(ask).await?;
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame?.data_ref().map_or(0, Bytes::len);
        }
        Ok(bytes)
    }

    async fn send(&mut self, ask: &Ask) -> Result<hyper::body::Incoming> {
        let mut request = Request::post(&ask.path)
            .header("host", &self.address)
            .header("content-type", ask.content_type)
            .header("x-forwarded-for", &self.from)
            .header(truebell_core::head::NONCE_HEADER, "AAAAAAAAAAAAAAAAAAAAAA");
        if let Some(token) = &ask.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(ask.body.clone()))?).await?;
        let status = response.status();
        if !status.is_success() {
            let body = response.into_body().collect().await?.to_bytes();
            anyhow::bail!("{} answered {status}: {}", ask.path, String::from_utf8_lossy(&body));
        }
        Ok(response.into_body())
    }
}

/// Runs `job` on so many connections for a time; how often it was done each second.
pub(crate) async fn per_second<F, Fut>(address: &str, connections: usize, time: Duration, job: F) -> Result<f64>
where
    F: Fn(Connection, usize) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<Connection>> + Send,
{
    let start = Instant::now();
    let mut tasks = Vec::new();
    for number in 0..connections {
        let (job, mut connection) = (job.clone(), Connection::open(address, number).await?);
        tasks.push(tokio::spawn(async move {
            let mut done = 0_u32;
            while start.elapsed() < time {
                connection = job(connection, number).await?;
                done += 1;
            }
            Ok::<u32, anyhow::Error>(done)
        }));
    }
    let mut done = 0.0;
    for task in tasks {
        done += f64::from(task.await.context("a connection's task")??);
    }
    ensure!(done > 0.0, "nothing was done in {time:?}");
    Ok(done / start.elapsed().as_secs_f64())
}
