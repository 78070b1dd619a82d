//! `GET /v1/hints`: server-sent events (HTML Living Standard, section 9.2) that say *something is new* and nothing else. What is
//! new comes by a sync, proven; a hint lost or invented costs a sync and no more.

use crate::error::Refusal;
use crate::hints::Listener;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Session;
use crate::state::App;
use axum::body::{Body, Bytes};
use axum::extract::State;
use futures::stream;
use std::convert::Infallible;
use std::sync::Arc;
use truebell_core::hash::Hash32;

const NEW: Bytes = Bytes::from_static(b"event: new\ndata: {}\n\n");
/// A comment: it keeps proxies from closing the stream, and tells both ends of a dead one.
const BEAT: Bytes = Bytes::from_static(b":\n\n");

struct Hearing {
    app: Arc<App>,
    listener: Listener,
    token: Hash32,
    begun: bool,
}

pub(crate) async fn listen(State(app): Apps, session: Session) -> Answer {
    let listener = app.hints.listen(session.account, session.device).ok_or_else(|| Refusal::busy("too many streams of one account"))?;
    let hearing = Hearing { app, listener, token: session.token(), begun: false };
    let hints = stream::unfold(hearing, |mut hearing| async move { hearing.next().await.map(|hint| (Ok::<_, Infallible>(hint), hearing)) });
    Ok(Reply::stream(Body::from_stream(hints), "text/event-stream"))
}

impl Hearing {
    /// The next line for the listener; `None` when its session is over.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(BEAT);
        }
        let hint = tokio::select! {
            () = self.listener.next() => NEW,
            () = tokio::time::sleep(self.app.settings.heartbeat) => BEAT,
        };
        // What is new may be that this device was put out. A store that fails has not said so: then the stream goes on.
        match self.app.store.session(self.token).await {
            Ok(None) => None,
            Ok(Some(view)) if view.expires <= self.app.now() => None,
            Ok(Some(_)) | Err(_) => Some(hint),
        }
    }
}
