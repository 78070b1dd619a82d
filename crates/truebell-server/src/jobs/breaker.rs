//! Looks whether a kind of mail left its band and was stopped, and tells the operator: in the log once, in the metrics and at `/readyz` for
//! as long as it lasts. Stopping itself is the store's, in the very claim that would be one too many.

use crate::metrics::Metrics;
use std::collections::BTreeSet;
use truebell_core::time::UnixMillis;
use truebell_store::{Store, StoreError};

/// Looks once. `known` are those that were told of before.
pub async fn look(store: &dyn Store, metrics: &Metrics, known: &mut BTreeSet<String>, now: UnixMillis) -> Result<(), StoreError> {
    let states = store.template_states(now).await?;
    metrics.set_mails_stopped(states.iter().map(|state| (state.template.as_str(), state.stopped.is_some())));
    let mut stopped = BTreeSet::new();
    for state in states {
        let Some((_, excess)) = state.stopped else { continue };
        if !known.contains(&state.template) {
            tracing::error!(
                template = state.template,
                people = excess.people,
                most = excess.most,
                hours = excess.hours,
                "too many people were to be told of one kind of thing: its mails are held back until `truebell mail resume`"
            );
        }
        stopped.insert(state.template);
    }
    for template in known.difference(&stopped) {
        tracing::info!(template, "its mails go again");
    }
    *known = stopped;
    Ok(())
}
