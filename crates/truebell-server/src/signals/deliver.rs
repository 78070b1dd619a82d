//! The way of a push through the store: claimed before it is sent, recorded after. A crash in between leaves a claim that ends; then the
//! same token is sent again.

use super::pen;
use super::post::{NotPosted, Post, Posted, post};
use crate::sealed::Kind as Sealed;
use crate::state::App;
use std::sync::Arc;
use std::time::Duration;
use truebell_core::chance::make_array;
use truebell_core::ids::AccountId;
use truebell_core::signal::SetError;
use truebell_core::time::UnixMillis;
use truebell_store::StoreError;
use truebell_store::signals::{Claimed, Pushed, Stream};
use zeroize::Zeroizing;

/// How long a claim lasts: longer than a push and its record may take.
const LEASE: Duration = Duration::from_secs(30);
/// Streams worked on at once: one that hangs keeps up no other.
const STREAMS_AT_ONCE: usize = 4;
/// Most pushes of each in one round.
const PUSHES_MAX: u32 = 200;
/// Most signals that wait in a stream.
pub(super) const KEEP: u64 = 10_000;
/// How long they wait at most.
const KEEP_FOR: Duration = Duration::from_hours(7 * 24);
/// How long a stream waits after each failed try; from then on the last.
const RETRY_AFTER: [Duration; 7] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_mins(30),
    Duration::from_hours(1),
];

/// What became of the pushes of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Taken by their receivers.
    pub sent: u64,
    /// To be tried again.
    pub postponed: u64,
    /// Refused for good.
    pub refused: u64,
}

/// Pushes what is due, some streams at once, until nothing is.
pub async fn deliver_due(app: &App, by: &Arc<dyn Post>) -> Result<Round, StoreError> {
    let rounds = futures::future::join_all((0..STREAMS_AT_ONCE).map(|_| deliver_some(app, by))).await;
    let mut all = Round::default();
    for round in rounds {
        let round = round?;
        all = Round { sent: all.sent + round.sent, postponed: all.postponed + round.postponed, refused: all.refused + round.refused };
    }
    Ok(all)
}

async fn deliver_some(app: &App, by: &Arc<dyn Post>) -> Result<Round, StoreError> {
    let mut round = Round::default();
    for _ in 0..PUSHES_MAX {
        let now = app.clock.now();
        let Some(claimed) = app.store.claim_signal(now, now + LEASE).await? else { break };
        let pushed = push(app, by, &claimed).await;
        app.store.finish_signal(&claimed, &pushed, app.clock.now()).await?;
        match pushed {
            Pushed::Taken => round.sent += 1,
            Pushed::Refused(_) => round.refused += 1,
            Pushed::RetryAt(..) => round.postponed += 1,
        }
    }
    Ok(round)
}

async fn push(app: &App, by: &Arc<dyn Post>, claimed: &Claimed) -> Pushed {
    let Claimed { receiver, stream, waiting, .. } = claimed;
    let later = |why: String| Pushed::RetryAt(again_at(app, stream, None), why);
    let set = match pen::write(app, receiver, stream.status, waiting) {
        Ok(set) => set,
        Err(why) if why.may_pass() => return later(why.to_string()),
        Err(why) => {
            tracing::error!(signal = %waiting.signal, "a queued signal is not sent: {why}");
            return Pushed::Refused(why.to_string());
        }
    };
    let authorization = match open_header(app, stream) {
        Ok(header) => header,
        Err(why) => return later(why),
    };
    let url = stream.config.endpoint.clone().unwrap_or_default();
    decide(post(by.clone(), url, authorization, set).await, |retry_after_s| again_at(app, stream, retry_after_s))
}

/// What is recorded of an answer (RFC 8935, sections 2.2 to 2.4).
fn decide(answer: Result<Posted, NotPosted>, again_at: impl Fn(Option<u64>) -> UnixMillis) -> Pushed {
    match answer {
        Ok(Posted { status: 202, .. }) => Pushed::Taken,
        Ok(Posted { status: 400, retry_after_s, body }) => match serde_json::from_slice::<SetError>(&body) {
            Ok(error) if !error.err.is_empty() && !error.may_pass() => Pushed::Refused(error.words()),
            Ok(error) if !error.err.is_empty() => Pushed::RetryAt(again_at(retry_after_s), error.words()),
            _ => Pushed::RetryAt(again_at(retry_after_s), "it answered 400 without saying why".to_owned()),
        },
        Ok(Posted { status: status @ 200..=299, .. }) => {
            Pushed::RetryAt(again_at(None), format!("it answered {status}: only 202 says that a signal was taken"))
        }
        Ok(Posted { status, retry_after_s, .. }) => Pushed::RetryAt(again_at(retry_after_s), format!("it answered {status}")),
        Err(why) => Pushed::RetryAt(again_at(None), why.0),
    }
}

/// When a stream is tried again: later each time, with a fifth more or less, so that not all streams come at once.
fn again_at(app: &App, stream: &Stream, retry_after_s: Option<u64>) -> UnixMillis {
    let longest = Duration::from_hours(1);
    let wait = RETRY_AFTER.get(stream.standing.tries as usize).copied().unwrap_or(longest);
    let chance = u32::from(make_array::<1>(&mut *app.chance.chance())[0]);
    let spread = wait * 4 / 5 + wait * 2 / 5 * chance / 256;
    let asked = Duration::from_secs(retry_after_s.unwrap_or(0)).min(longest);
    app.clock.now() + spread.max(asked)
}

/// The header a receiver wants to see, opened.
fn open_header(app: &App, stream: &Stream) -> Result<Option<Zeroizing<String>>, String> {
    let Some(sealed) = &stream.config.authorization else { return Ok(None) };
    let broken = || "its authorization_header does not open: its receiver has to set it again".to_owned();
    let bytes = app.sealing.open(Sealed::SignalHeader, AccountId(stream.stream.0), sealed).map_err(|_| broken())?;
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| broken())?;
    Ok(Some(Zeroizing::new(text)))
}

/// Drops what is too much or too old, and sees to it that the receivers are told.
pub async fn trim(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let before = UnixMillis(now.0.saturating_sub(u64::try_from(KEEP_FOR.as_millis()).unwrap_or(u64::MAX)));
    let dropped = app.store.trim_signals(KEEP, before, now).await?;
    if dropped > 0 {
        tracing::warn!(dropped, "signals were dropped: `truebell signals status` shows whose receiver does not take them");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_202_takes_a_signal_and_only_the_receivers_own_word_refuses_it() {
        let answer = |status, body: &str| Ok(Posted { status, retry_after_s: Some(7), body: body.as_bytes().to_vec() });
        let decided = |answer| match decide(answer, |retry_after_s| UnixMillis(retry_after_s.unwrap_or(1))) {
            Pushed::Taken => "taken".to_owned(),
            Pushed::Refused(why) => format!("refused: {why}"),
            Pushed::RetryAt(at, why) => format!("again at {}: {why}", at.0),
        };
        for (answer, expected) in [
            (answer(202, ""), "taken"),
            (answer(400, r#"{"err":"invalid_audience","description":"not\nus"}"#), "refused: invalid_audience: not us"),
            (answer(400, r#"{"err":"invalid_request"}"#), "refused: invalid_request"),
            (answer(400, r#"{"err":"something_new"}"#), "refused: something_new"),
            (answer(400, r#"{"err":"invalid_key","description":"unknown kid"}"#), "again at 7: invalid_key: unknown kid"),
            (answer(400, r#"{"err":"authentication_failed"}"#), "again at 7: authentication_failed"),
            (answer(400, "<html>Bad Request</html>"), "again at 7: it answered 400 without saying why"),
            (answer(400, "{}"), "again at 7: it answered 400 without saying why"),
            (answer(200, "<html>Welcome to the hotel</html>"), "again at 1: it answered 200: only 202 says that a signal was taken"),
            (answer(204, ""), "again at 1: it answered 204: only 202 says that a signal was taken"),
            (answer(302, ""), "again at 7: it answered 302"),
            (answer(401, ""), "again at 7: it answered 401"),
            (answer(410, ""), "again at 7: it answered 410"),
            (answer(503, ""), "again at 7: it answered 503"),
            (Err(NotPosted("its host is not found".into())), "again at 1: its host is not found"),
        ] {
            assert_eq!(decided(answer), expected);
        }
    }
}
