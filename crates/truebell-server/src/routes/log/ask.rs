//! `POST /v1/log/proofs`: everything a client asks after a sync, at once: the published checkpoint, that it continues the remembered
//! one, and that events are in it.

use super::published;
use crate::body::Json;
use crate::error::Refusal;
use crate::log::compute;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use axum::extract::State;
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::log::{derive_entry, prove_consistency, prove_inclusion};
use truebell_core::wire::log::{AskProofs, EVENTS_MAX, EventProof, Proofs};
use truebell_store::rows::LogPlace;

pub(crate) async fn ask(State(app): Apps, Json(asked): Json<AskProofs>) -> Answer {
    if asked.events.len() > EVENTS_MAX {
        return Err(Refusal::because(Reason::Malformed, "At most 64 events are proven at once."));
    }
    let current = published(&app).await?;
    let size = current.checkpoint.size;
    let from = if asked.origin == current.checkpoint.origin.to_string() { asked.size.min(size) } else { 0 };
    let entries: Vec<Hash32> = asked.events.iter().map(derive_entry).collect();
    let places = app.store.log_places(&entries).await?;
    let known: Vec<(Hash32, u64)> = asked
        .events
        .into_iter()
        .zip(places)
        .filter_map(|(digest, place)| match place {
            Some(LogPlace::At(index)) if index < size => Some((digest, index)),
            _ => None,
        })
        .collect();
    let (consistency, events) = compute(&*app.store, |nodes| {
        let prove = |&(digest, index): &(Hash32, u64)| Some(EventProof { digest, index, path: prove_inclusion(nodes, index, size)? });
        Some((prove_consistency(nodes, from, size)?, known.iter().map(prove).collect::<Option<Vec<_>>>()?))
    })
    .await?;
    Reply::json(&Proofs { checkpoint: current.note, consistency, events })
}
