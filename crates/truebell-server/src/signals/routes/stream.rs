//! `/v1/signals/stream`: a receiver's one stream (SSF 1.0, section 8.1.1).

use super::Apps;
use crate::body::Json;
use crate::sealed::Kind as Sealed;
use crate::signals::answer::{Answer, Denied, empty, json};
use crate::signals::caller::Caller;
use crate::signals::guard::check_url;
use crate::state::App;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use truebell_core::ids::{AccountId, StreamId};
use truebell_core::signal::{Changed, CreateStream, Delivery, Kinds, StreamInfo, WholeStream};
use truebell_store::signals::{Receiver, Stream, StreamConfig, StreamCreated};

#[derive(Deserialize)]
pub(super) struct Which {
    stream_id: Option<String>,
}

impl Which {
    /// The one that is named.
    pub(super) fn named(&self) -> Result<&str, Denied> {
        self.stream_id.as_deref().ok_or_else(|| Denied::Malformed("Name the stream with ?stream_id=.".to_owned()))
    }
}

pub(super) async fn create(State(app): Apps, caller: Caller, Json(asked): Json<CreateStream>) -> Answer {
    caller.may_manage()?;
    if caller.stream().is_some() {
        return Err(Denied::OneStream);
    }
    let whole = asked.check()?;
    let stream = StreamId::make_random(&mut *app.chance.chance());
    let config = to_config(&app, &caller.receiver, stream, &whole, None)?;
    match app.store.create_stream(stream, caller.receiver.receiver, &config).await? {
        StreamCreated::Created => json(StatusCode::CREATED, &info(&app, &caller.receiver, stream, &whole)),
        StreamCreated::Exists => Err(Denied::OneStream),
        StreamCreated::NoReceiver => Err(Denied::NoReceiver),
    }
}

pub(super) async fn read(State(app): Apps, caller: Caller, Query(which): Query<Which>) -> Answer {
    let shown = |stream: &Stream| info(&app, &caller.receiver, stream.stream, &to_whole(stream));
    match &which.stream_id {
        Some(id) => json(StatusCode::OK, &shown(caller.the_stream(id)?)),
        None => json(StatusCode::OK, &caller.stream().map(shown).into_iter().collect::<Vec<_>>()),
    }
}

pub(super) async fn change(State(app): Apps, caller: Caller, Json(asked): Json<Changed>) -> Answer {
    write(&app, &caller, asked, Changed::change).await
}

pub(super) async fn replace(State(app): Apps, caller: Caller, Json(asked): Json<Changed>) -> Answer {
    write(&app, &caller, asked, |asked, now, _, poll| asked.replace(now, poll)).await
}

async fn write(
    app: &App,
    caller: &Caller,
    asked: Changed,
    apply: impl FnOnce(Changed, &StreamInfo, WholeStream, &str) -> Result<WholeStream, truebell_core::signal::NotAStream>,
) -> Answer {
    caller.may_manage()?;
    let stream = caller.the_stream(&asked.stream_id)?;
    let stored = to_whole(stream);
    let now = info(app, &caller.receiver, stream.stream, &stored);
    let whole = apply(asked, &now, stored, &poll_url(app, stream.stream))?;
    let config = to_config(app, &caller.receiver, stream.stream, &whole, Some(stream))?;
    if !app.store.change_stream(stream.stream, &config).await? {
        return Err(Denied::NoStream);
    }
    json(StatusCode::OK, &info(app, &caller.receiver, stream.stream, &whole))
}

pub(super) async fn delete(State(app): Apps, caller: Caller, Query(which): Query<Which>) -> Answer {
    caller.may_manage()?;
    let stream = caller.the_stream(which.named()?)?.stream;
    if app.store.delete_stream(stream).await? { empty(StatusCode::NO_CONTENT) } else { Err(Denied::NoStream) }
}

/// Where a stream is polled.
fn poll_url(app: &App, stream: StreamId) -> String {
    format!("{}/v1/signals/poll/{stream}", app.settings.public_url)
}

fn supported(receiver: &Receiver) -> Kinds {
    Kinds::supported(receiver.subjects).and(receiver.kinds)
}

fn info(app: &App, receiver: &Receiver, stream: StreamId, whole: &WholeStream) -> StreamInfo {
    let parties = (app.settings.public_url.as_str(), receiver.audience.as_str());
    StreamInfo::new(stream, parties, whole, supported(receiver), poll_url(app, stream))
}

/// Stands for a header that is kept: it is sealed, and nobody but the sender opens it.
const KEPT: &str = "";

/// A stored stream as its receiver supplied it.
fn to_whole(stream: &Stream) -> WholeStream {
    let delivery = match &stream.config.endpoint {
        Some(endpoint) => {
            let authorization = stream.config.authorization.as_ref().map(|_| KEPT.to_owned());
            Delivery::Push { endpoint: endpoint.clone(), authorization }
        }
        None => Delivery::Poll,
    };
    let requested = serde_json::from_str(&stream.config.requested).ok();
    WholeStream { delivery, requested, description: stream.config.description.clone() }
}

/// As it is stored. Where `now` has a header that is to be kept, it is taken over.
fn to_config(app: &App, receiver: &Receiver, stream: StreamId, whole: &WholeStream, now: Option<&Stream>) -> Result<StreamConfig, Denied> {
    let (endpoint, authorization) = match &whole.delivery {
        Delivery::Poll => (None, None),
        Delivery::Push { endpoint, authorization } => {
            check_url(endpoint, &app.settings.signals.networks)
                .map_err(|why| Denied::Malformed(format!("The endpoint_url cannot be pushed to: {why}.")))?;
            let seal = |header: &str| {
                let account = AccountId(stream.0);
                app.sealing.seal(Sealed::SignalHeader, account, header.as_bytes(), &mut *app.chance.chance())
            };
            let sealed = match authorization.as_deref() {
                Some(KEPT) => now.and_then(|now| now.config.authorization.clone()),
                other => other.map(seal),
            };
            (Some(endpoint.clone()), sealed)
        }
    };
    let requested = whole.requested.as_ref().map(serde_json::to_string).transpose();
    Ok(StreamConfig {
        endpoint,
        authorization,
        delivered: whole.delivered(supported(receiver)),
        requested: requested.map_err(|_| Denied::Malformed("events_requested is not a list of texts.".to_owned()))?.unwrap_or_default(),
        description: whole.description.clone(),
    })
}
