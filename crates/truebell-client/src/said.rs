//! What the server's operator says, read before a person is told of trouble: the signed status document, from the server or from the
//! host of its status page. Words beside a sentence; never an outcome, and nothing here changes a thing.

use super::exchange::read_bounded;
use super::transport::{Method, Request};
use super::{Client, Error, World};
use data_encoding::BASE64URL_NOPAD;
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

/// A document that is this server's; nothing where it cannot be had or is not believed.
pub(super) fn read_status(world: &mut World, place: Place<'_>, pinned: &Pinned) -> Option<Status> {
    let (server, path) = match place {
        Place::Server(server) => (server, "/v1/status"),
        Place::Page(page) => (page, "/status.jws"),
    };
    // Its own signature proves it, wherever it comes from: the reply's head plays no part.
    let nonce: [u8; 16] = make_array(world.chance.as_mut());
    let nonce = BASE64URL_NOPAD.encode(&nonce);
    let request = Request { method: Method::Get, server, path, content_type: "", body: &[], nonce: &nonce, token: None };
    let response = world.transport.exchange(&request);
    let (body, _) = response.and_then(|response| read_bounded(response.body, STATUS_BYTES_MAX as u64 + 2)).ok()?;
    Status::verify(std::str::from_utf8(&body).ok()?, pinned.server, &pinned.key, world.clock.now()).ok()
}

/// What is said about now, by whichever of the places says something newer.
fn bearing(world: &mut World, places: &[Place<'_>], pinned: &Pinned) -> Option<Bearing> {
    let told: Vec<Status> = places.iter().filter_map(|place| read_status(world, *place, pinned)).collect();
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

impl Client {
    /// What the operator says about a server that cannot be synced with, if that is known.
    pub(super) fn said_about(&mut self, view: &View) -> Option<Bearing> {
        let View::Stale { why: Why::Unreachable { .. } | Why::Intercepted { .. }, .. } = view else {
            self.said = None;
            return None;
        };
        let now = self.world.clock.now();
        let fresh = self.said.as_ref().is_some_and(|(asked, _): &(UnixMillis, _)| *asked <= now && now < *asked + HOLDS);
        if !fresh {
            let page = self.device.status_url.as_deref().map(Place::Page);
            let places: Vec<Place<'_>> = page.into_iter().collect();
            self.said = Some((now, bearing(&mut self.world, &places, &self.device.pinned)));
        }
        self.said.as_ref().and_then(|(_, said)| said.clone())
    }

    /// The same, as it was last read.
    pub(super) fn said_last(&self) -> Option<&Bearing> {
        self.said.as_ref().and_then(|(_, said)| said.as_ref())
    }
}
