//! One HTTP exchange, as the client needs it. Tests and the simulation put their own network behind it.

use super::Authority;
use std::io::Read;
use truebell_core::outcome::Failure;
use truebell_core::secret::Secret;

/// An HTTP method we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Act.
    Post,
    /// Store a chunk.
    Put,
    /// Delete an attachment.
    Delete,
}

/// A request.
#[derive(Debug)]
pub struct Request<'a> {
    /// Its method.
    pub method: Method,
    /// The server's address without a slash at the end, `https://vault.example.org`.
    pub server: &'a str,
    /// Path from the root, `/v1/sync`.
    pub path: &'a str,
    /// Media type of the body; empty where there is none.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// Value of [`truebell_core::head::NONCE_HEADER`].
    pub nonce: &'a str,
    /// Bearer token.
    pub token: Option<&'a Secret>,
}

/// What came back. Reading the body may still fail.
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// [`truebell_core::head::HEADER`].
    pub head: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Server` or `Via`.
    pub via: Option<String>,
    /// The number somebody gave the request: `CF-Ray`, `X-Request-Id` and the like.
    pub ray: Option<String>,
    /// The body, unread. Bounded by whoever reads it.
    pub body: Box<dyn Read + Send>,
}

/// A network. Follows no redirect, keeps no cookie, gives up in time.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the head of the answer.
    fn exchange(&self, request: &Request<'_>) -> Result<Response, Failure>;

    /// Whose certificates count beside those that always do: for a profile to remember.
    fn authority(&self) -> Option<&Authority> {
        None
    }
}
