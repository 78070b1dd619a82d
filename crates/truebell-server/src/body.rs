//! What a request brings: bodies read up to their route's limit, as JSON, CBOR or bytes; ids from the path.

use crate::error::Refusal;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::str::FromStr;
use std::sync::Arc;
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

/// A CBOR body of at most `MOST` bytes.
pub(crate) struct Cbor<T, const MOST: usize>(pub T, pub usize);

impl<T, const MOST: usize> FromRequest<Arc<App>> for Cbor<T, MOST>
where
    T: for<'b> minicbor::Decode<'b, ()>,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Refusal> {
        let body = read(request, MOST).await?;
        truebell_core::cbor::from_slice(&body)
            .map(|value| Self(value, body.len()))
            .map_err(|_| Refusal::because(Reason::Malformed, "The body is not the CBOR this route takes."))
    }
}

/// Reads a body of at most `most` bytes. One that says it is longer is refused before a byte of it is read.
pub(crate) async fn read(request: Request, most: usize) -> Result<Bytes, Refusal> {
    let said = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<u64>().ok());
    if said.is_some_and(|said| said > most as u64) {
        return Err(too_large(most));
    }
    match Limited::new(request.into_body(), most).collect().await {
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
