//! What the server's operator says, read before a person is told of trouble: the signed status document, from the server or from the
//! host of its status page. Words beside a sentence; never an outcome, and nothing here changes a thing.

use super::exchange::read_bounded;
use super::transport::{Method, Request, Transport};
use super::{Client, Error, Hold, Online, World};
use data_encoding::BASE64URL_NOPAD;
use std::sync::Arc;
use std::time::Duration;
use truebell_core::chance::make_array;
use truebell_core::outcome::Pinned;
use truebell_core::status::{Bearing, STATUS_BYTES_MAX, Status};
use truebell_core::time::UnixMillis;
use truebell_engine::sync::{View, Why};

/// How long what the status page said is not asked for again: one that waits for its server asks it and not everybody else.
const HOLDS: Duration = Duration::from_mins(5);

/// Where a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// The server itself.
    Server(&'a str),
    /// The host of its status page.
    Page(&'a str),
}

/// What lies at a place. It is proven by its own signature, wherever it comes from: the reply's head plays no part.
fn fetch(transport: &dyn Transport, place: Place<'_>, nonce: [u8; 16]) -> Option<Vec<u8>> {
    let (server, path) = match place {
        Place::Server(server) => (server, "/v1/status"),
        Place::Page(page) => (page, "/status.jws"),
    };
    let nonce = BASE64URL_NOPAD.encode(&nonce);
    let request = Request { method: Method::Get, server, path, content_type: "", body: &[], nonce: &nonce, token: None };
    let response = transport.exchange(&request).ok()?;
    read_bounded(response.body, STATUS_BYTES_MAX as u64 + 2).ok().map(|(body, _)| body)
}

/// A document that is this server's; nothing where it is not believed.
fn read(body: &[u8], pinned: &Pinned, now: UnixMillis) -> Option<Status> {
    Status::verify(std::str::from_utf8(body).ok()?, pinned.server, &pinned.key, now).ok()
}

/// What is said about now, by whichever of the places says something newer.
fn bearing(world: &mut World, places: &[Place<'_>], pinned: &Pinned) -> Option<Bearing> {
    let mut told: Vec<Status> = Vec::new();
    for place in places {
        let body = fetch(world.transport.as_ref(), *place, make_array(world.chance.as_mut()));
        told.extend(body.and_then(|body| read(&body, pinned, world.clock.now())));
    }
    let newest = told.into_iter().max_by_key(|status| status.at)?;
    newest.bearing(world.clock.now())
}

/// Adds to a failed sign-in or sign-up what the operator says, if it bears on it.
pub(super) fn explain(error: Error, world: &mut World, (server, page): (&str, Option<&str>), pinned: &Pinned) -> Error {
    let page = page.map(Place::Page);
    let places: Vec<Place<'_>> = match &error {
        // It answered, so it can be asked; that costs it nothing.
        Error::WrongDetails | Error::Server(Why::Refused { .. }) => std::iter::once(Place::Server(server)).chain(page).collect(),
        // It is not there, or has too much to do: others are asked.
        Error::Server(Why::Unreachable { .. } | Why::Intercepted { .. } | Why::Busy { .. }) => page.into_iter().collect(),
        _ => return error,
    };
    match bearing(world, &places, pinned) {
        Some(said) => Error::Explained { error: Box::new(error), said },
        None => error,
    }
}

/// Where the status page is to be asked for.
struct Asking {
    transport: Arc<dyn Transport>,
    nonce: [u8; 16],
    page: String,
}

impl<H: Hold> Online<H> {
    /// What the operator says about a server that cannot be synced with, if that is known.
    pub(super) fn said_about(&self, view: &View) -> Result<Option<Bearing>, Error> {
        if let Some(asking) = self.with(|client| Ok::<_, Error>(client.page_to_ask(view)))? {
            let body = fetch(asking.transport.as_ref(), Place::Page(&asking.page), asking.nonce);
            self.with(|client| {
                let now = client.world.clock.now();
                let status = body.and_then(|body| read(&body, &client.device.pinned, now));
                client.said = Some((now, status.and_then(|status| status.bearing(now))));
                Ok::<_, Error>(())
            })?;
        }
        self.with(|client| Ok(client.said_last().cloned()))
    }
}

impl Client {
    /// The status page, where it may say something about this view and was not asked lately.
    fn page_to_ask(&mut self, view: &View) -> Option<Asking> {
        let View::Stale { why: Why::Unreachable { .. } | Why::Intercepted { .. }, .. } = view else {
            self.said = None;
            return None;
        };
        let now = self.world.clock.now();
        let fresh = self.said.as_ref().is_some_and(|(asked, _)| *asked <= now && now < *asked + HOLDS);
        if fresh {
            return None;
        }
        self.said = Some((now, None));
        let page = self.device.status_url.clone()?;
        Some(Asking { transport: Arc::clone(&self.world.transport), nonce: make_array(self.world.chance.as_mut()), page })
    }

    /// The same, as it was last read.
    pub(super) fn said_last(&self) -> Option<&Bearing> {
        self.said.as_ref().and_then(|(_, said)| said.as_ref())
    }
}
