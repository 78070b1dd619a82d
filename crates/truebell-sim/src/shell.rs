//! Shells with one law broken: what a careless program around our client would do. Only mutations come here.

use crate::mutate::Mutation;
use crate::world::World;
use rusqlite::Connection;
use truebell_client::{Synced, Trace};
use truebell_engine::sync::{View, Why};

/// Marks everything as seen and shows nothing.
pub(crate) fn mark_unshown(world: &mut World, line: usize) {
    let Some(client) = world.devices.get_mut(line).and_then(|device| device.client.as_mut()) else { return };
    let Ok(entries) = client.unseen() else { return };
    let places: Vec<u64> = entries.iter().map(|entry| entry.notice.seq).collect();
    let _marked = client.mark_seen(&places);
}

/// Shows everything again.
pub(crate) fn show_all(world: &mut World, line: usize) {
    let Some(client) = world.devices.get_mut(line).and_then(|device| device.client.as_mut()) else { return };
    let entries = client.inbox().unwrap_or_default();
    let mut wire = world.net.wire();
    entries.iter().filter(|entry| !entry.own).for_each(|entry| wire.truth.noticed(line, entry));
}

/// What the careless program does once a sync is over.
pub(crate) fn after_sync(world: &mut World, mutation: Mutation, line: usize, synced: Option<&Synced>) {
    let Some(traces) = world.devices.get(line).and_then(|device| device.client.as_ref()).and_then(|client| client.trace().ok()) else {
        return;
    };
    let last = traces.first().cloned();
    let last_is = |fits: &dyn Fn(&Trace) -> bool| last.as_ref().is_some_and(fits);
    let refused = synced.is_some_and(|synced| matches!(&synced.view, View::Stale { why: Why::Refused { .. }, .. }));
    match mutation {
        Mutation::AlarmsOnRefusal if refused => world.said(line, "Your account password was changed."),
        Mutation::AlarmsOnFailedSignIn if last_is(&|trace| trace.request.contains("/v1/sessions") && trace.status != 200) => {
            world.said(line, "Your Secret Key or password was recently changed.");
        }
        Mutation::EndsSessionOn401 if last_is(&|trace| trace.status == 401) => {
            let client = world.devices.get_mut(line).and_then(|device| device.client.take());
            let _signed_out = client.map(|client| client.sign_out(true));
        }
        Mutation::WipesOnEmptyAnswer if last_is(&|trace| trace.status == 200 && trace.outcome.starts_with("intercepted")) => {
            on_disk(
                world,
                line,
                "DELETE FROM items; DELETE FROM pending; DELETE FROM inflight; DELETE FROM revisions; DELETE FROM vaults;",
            );
        }
        // By its status it was taken: then nothing waits any more.
        Mutation::BelievesUnsigned
            if last_is(&|trace| trace.status == 200 && trace.request.contains("/commits") && trace.outcome.starts_with("intercepted")) =>
        {
            on_disk(world, line, "DELETE FROM pending; DELETE FROM inflight;");
        }
        Mutation::DropsEditsOnConflict if last_is(&|trace| trace.outcome.starts_with("refused")) || met_conflict(&traces) => {
            on_disk(world, line, "DELETE FROM pending; DELETE FROM inflight;");
        }
        Mutation::ForgetsUnanswered if last_is(&|trace| trace.request.contains("/commits") && trace.outcome.starts_with("unreachable")) => {
            on_disk(world, line, "DELETE FROM inflight;");
        }
        Mutation::GivesUp => give_up(world, line, synced),
        _ => {}
    }
}

fn met_conflict(traces: &[Trace]) -> bool {
    traces.iter().take(3).any(|trace| trace.outcome.contains("conflict"))
}

fn give_up(world: &mut World, line: usize, synced: Option<&Synced>) {
    let Some(device) = world.devices.get_mut(line) else { return };
    let is_stale = synced.is_none_or(|synced| !matches!(synced.view, View::UpToDate { .. }));
    device.failures = if is_stale { device.failures + 1 } else { 0 };
    device.gave_up |= device.failures > 5;
}

/// Does something to a device's local copy behind its back, as a careless client would in its own transaction.
fn on_disk(world: &mut World, line: usize, statements: &str) {
    let Some(device) = world.devices.get_mut(line) else { return };
    device.client = None;
    let file = device.profile.folder().join("replica.sqlite");
    if let Ok(connection) = Connection::open(file) {
        let _done = connection.execute_batch(statements);
    }
    let _said = world.restart(crate::world::Device(line));
}
