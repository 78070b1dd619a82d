//! `POST /v1/signals/poll/{stream}`: a receiver fetches its signals and says what became of earlier ones (RFC 8936).

use super::Apps;
use crate::body::Json;
use crate::error::Refusal;
use crate::signals::answer::{Answer, Denied, json};
use crate::signals::caller::Caller;
use crate::signals::pen;
use crate::state::App;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use truebell_core::ids::SignalId;
use truebell_core::signal::{PollAnswer, PollRequest, StreamStatus};
use truebell_store::signals::{Receiver, Stream};

/// How long a poll waits for something to tell.
const WAIT: Duration = Duration::from_secs(25);
/// How often it looks: other servers on the database do not wake it.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn poll(State(app): Apps, caller: Caller, Path(stream): Path<String>, Json(asked): Json<PollRequest>) -> Answer {
    let stream = caller.the_stream(&stream)?;
    if stream.config.endpoint.is_some() {
        return Err(Denied::Malformed("The stream is pushed: change its delivery to poll it.".to_owned()));
    }
    let (taken, refused) = (asked.acknowledged(), asked.refused());
    if !taken.is_empty() || !refused.is_empty() {
        app.store.settle_signals(stream.stream, &taken, &refused, app.clock.now()).await?;
    }
    if asked.limit() == 0 {
        return json(StatusCode::OK, &PollAnswer::default());
    }
    let found = fetch(&app, &caller.receiver, stream, asked.limit()).await?;
    if !found.sets.is_empty() || asked.return_immediately {
        return json(StatusCode::OK, &found);
    }
    json(StatusCode::OK, &wait(&app, &caller.receiver, stream, asked.limit()).await?)
}

/// Looks again and again until there is something, or the time is over, or the stream waits elsewhere.
async fn wait(app: &App, receiver: &Receiver, stream: &Stream, limit: u32) -> Result<PollAnswer, Denied> {
    let Some(place) = app.signals.wait(stream.stream) else { return Ok(PollAnswer::default()) };
    let end = Instant::now() + WAIT;
    while Instant::now() < end {
        // Either is a reason to look.
        let _ = timeout_at(end, async {
            tokio::select! {
                () = place.for_news() => {}
                () = sleep(LOOK) => {}
            }
        })
        .await;
        let found = fetch(app, receiver, stream, limit).await?;
        if !found.sets.is_empty() {
            return Ok(found);
        }
    }
    Ok(PollAnswer::default())
}

/// What there is now. A paused stream has nothing; whoever polls it waits as for one that is empty.
async fn fetch(app: &App, receiver: &Receiver, stream: &Stream, limit: u32) -> Result<PollAnswer, Denied> {
    if stream.status != StreamStatus::Enabled {
        return Ok(PollAnswer::default());
    }
    let mut waiting = app.store.waiting_signals(stream.stream, limit + 1).await?;
    let more_available = waiting.len() > limit as usize;
    waiting.truncate(limit as usize);
    let (mut sets, mut unproven): (_, Vec<(SignalId, String)>) = (Vec::new(), Vec::new());
    for one in &waiting {
        match pen::write(app, receiver, stream.status, one) {
            Ok(set) => sets.push((one.signal, set)),
            Err(why) if why.may_pass() => return Err(Refusal::fault(why.to_string()).into()),
            Err(why) => {
                tracing::error!(signal = %one.signal, "a queued signal is not given out: {why}");
                unproven.push((one.signal, why.to_string()));
            }
        }
    }
    if !unproven.is_empty() {
        app.store.settle_signals(stream.stream, &[], &unproven, app.clock.now()).await?;
    }
    Ok(PollAnswer { sets, more_available })
}
