//! What a request brings: bodies read up to their route's limit, as JSON, CBOR or bytes; ids from the path.

use crate::admission::Held;
use crate::error::Refusal;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use futures::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use truebell_core::head::Reason;

/// Largest JSON body: a sign-up, the largest of them, stays under 40 KiB.
pub(crate) const JSON_BYTES_MAX: usize = 128 << 10;

/// A JSON body.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Refusal> {
        let body = read(request, JSON_BYTES_MAX).await?;
        // The parser's own message would repeat what was sent.
        serde_json::from_slice(&body).map(Self).map_err(|why| {
            let detail = format!("The body is not what this route takes (line {}, column {}).", why.line(), why.column());
            Refusal::because(Reason::Malformed, detail)
        })
    }
}

/// A CBOR body of at most `MOST` bytes: what it says, how long it was, and the room it takes while it is worked on.
pub(crate) struct Cbor<T, const MOST: usize>(pub T, pub usize, pub Room);

impl<T, const MOST: usize> FromRequest<Arc<App>> for Cbor<T, MOST>
where
    T: for<'b> minicbor::Decode<'b, ()>,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let (body, room) = read_large(app, request, MOST).await?;
        truebell_core::cbor::from_slice(&body)
            .map(|value| Self(value, body.len(), room))
            .map_err(|_| Refusal::because(Reason::Malformed, "The body is not the CBOR this route takes."))
    }
}

/// All large bodies that are in memory at once, in KiB. More wait for their turn; small requests do not wait behind them.
pub(crate) const ROOM_KIB: u32 = 64 << 10;
/// A body up to this many bytes takes no room.
const SMALL_BYTES: usize = 256 << 10;

/// Room taken by a large body until this is dropped.
pub(crate) struct Room(#[expect(dead_code, reason = "held, and given back by its drop")] Option<OwnedSemaphorePermit>);

/// Reads a body that may be large, once there is room for it.
pub(crate) async fn read_large(app: &App, request: Request, most: usize) -> Result<(Bytes, Room), Refusal> {
    let expected = check_length(&request, most)?.unwrap_or(most);
    let permit = if expected > SMALL_BYTES {
        // Whoever waits for room, and then for a long body, holds no place at work meanwhile.
        if let Some(held) = request.extensions().get::<Held>() {
            held.step_aside();
        }
        let kib = u32::try_from(expected.div_ceil(1024)).unwrap_or(ROOM_KIB).min(ROOM_KIB);
        Some(app.room.clone().acquire_many_owned(kib).await.map_err(|_| Refusal::fault("the room for bodies is closed"))?)
    } else {
        None
    };
    Ok((read(request, most).await?, Room(permit)))
}

/// What a body says its length is. One that says it is longer than `most` is refused before a byte of it is read.
fn check_length(request: &Request, most: usize) -> Result<Option<usize>, Refusal> {
    let said = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<u64>().ok());
    match said.map(usize::try_from) {
        Some(Ok(said)) if said <= most => Ok(Some(said)),
        Some(_) => Err(too_large(most)),
        None => Ok(None),
    }
}

/// Reads a body of at most `most` bytes.
async fn read(request: Request, most: usize) -> Result<Bytes, Refusal> {
    check_length(&request, most)?;
    let held = request.extensions().get::<Held>().cloned();
    let mut reading = pin!(Limited::new(request.into_body(), most).collect());
    // Most bodies are here already; one that is still on its way holds no place at work.
    let read = match reading.as_mut().now_or_never() {
        Some(read) => read,
        None => {
            held.iter().for_each(Held::step_aside);
            reading.await
        }
    };
    if let Some(held) = held
        && !held.step_in().await
    {
        return Err(Refusal::shed());
    }
    match read {
        Ok(body) => Ok(body.to_bytes()),
        Err(why) if why.is::<LengthLimitError>() => Err(too_large(most)),
        Err(_) => Err(Refusal::because(Reason::Malformed, "The body ended early.")),
    }
}

fn too_large(most: usize) -> Refusal {
    Refusal::because(Reason::TooLarge, format!("This route takes at most {most} bytes."))
}

/// Ids from the path. What is not an id names nothing, so it is not there.
pub(crate) struct Ids<T>(pub T);

impl<A> FromRequestParts<Arc<App>> for Ids<(A,)>
where
    A: FromStr,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let Path(one) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Reason::NotFound)?;
        Ok(Self((parse(&one)?,)))
    }
}

impl<A, B> FromRequestParts<Arc<App>> for Ids<(A, B)>
where
    A: FromStr,
    B: FromStr,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let Path((one, two)) = Path::<(String, String)>::from_request_parts(parts, app).await.map_err(|_| Reason::NotFound)?;
        Ok(Self((parse(&one)?, parse(&two)?)))
    }
}

impl<A, B, C> FromRequestParts<Arc<App>> for Ids<(A, B, C)>
where
    A: FromStr,
    B: FromStr,
    C: FromStr,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let path = Path::<(String, String, String)>::from_request_parts(parts, app).await;
        let Path((one, two, three)) = path.map_err(|_| Reason::NotFound)?;
        Ok(Self((parse(&one)?, parse(&two)?, parse(&three)?)))
    }
}

fn parse<T: FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Reason::NotFound.into())
}
