//! What happens without a request: mails leave, due deletions are done, what is over is forgotten. Each job is one function over the
//! store and a time, and a loop that calls it until the server stops.

mod breaker;
mod deletions;
mod log;
mod sweep;

pub use breaker::look as look_at_breaker;
pub use deletions::delete_due;
pub use log::advance;
pub use sweep::sweep;

use crate::log::Publisher;
use crate::mail::{Carrier, Composer, sender};
use crate::metrics::Metrics;
use crate::signals::{Post, Poster, deliver_due, trim};
use crate::state::App;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use truebell_store::StoreError;

/// How often the outbox is looked into: a notice should be there before the person wonders.
const MAIL_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether a kind of mail was stopped.
const BREAKER_EVERY: Duration = Duration::from_secs(10);
/// How often the transparency log takes in what waits: clients ask for proofs a few seconds after an event.
const LOG_EVERY: Duration = Duration::from_secs(1);
/// How often signals are pushed: another system should know before anybody abuses what changed.
const SIGNALS_EVERY: Duration = Duration::from_secs(1);
/// How often streams are looked through for what is too much or too old.
const TRIM_EVERY: Duration = Duration::from_secs(30);
/// How often due deletions are looked for; they are due by the day.
const DELETIONS_EVERY: Duration = Duration::from_secs(60);
/// How often what is over is forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long a job rests after the store failed it.
const REST: Duration = Duration::from_secs(10);

/// What the jobs work with.
pub struct Jobs {
    /// The server.
    pub app: Arc<App>,
    /// Counts what they do.
    pub metrics: Arc<Metrics>,
    /// Takes mails away.
    pub carrier: Carrier,
    /// Makes mails.
    pub composer: Composer,
    /// Publishes the transparency log.
    pub publisher: Publisher,
}

impl Jobs {
    /// Starts all jobs; they end when `stop` becomes true, each between two pieces of work.
    pub fn start(self, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let Self { app, metrics, carrier, composer, mut publisher } = self;
        let mut jobs = JoinSet::new();
        let (mail, breaker, logging, deletions, sweeping) = (app.clone(), app.clone(), app.clone(), app.clone(), app.clone());
        let (seen, mut stopped) = (metrics.clone(), BTreeSet::new());
        let (signals, trimming, counting) = (app.clone(), app, metrics.clone());
        let poster: Arc<dyn Post> = Arc::new(Poster::new(&signals.settings.signals.networks));
        jobs.spawn(repeat("signals", (SIGNALS_EVERY, REST), stop.clone(), async move || {
            if is_paused(&signals) {
                return Ok(());
            }
            counting.count_signals(deliver_due(&signals, &poster).await?);
            Ok(())
        }));
        jobs.spawn(repeat("signals-bounds", (TRIM_EVERY, REST), stop.clone(), async move || {
            if is_paused(&trimming) { Ok(()) } else { trim(&trimming).await }
        }));
        jobs.spawn(repeat("mail", (MAIL_EVERY, REST), stop.clone(), async move || {
            if is_paused(&mail) {
                return Ok(());
            }
            let round = sender::send_due(&*mail.store, &carrier, &composer, &|| mail.clock.now()).await?;
            metrics.count_mails(round);
            Ok(())
        }));
        jobs.spawn(repeat("mail breaker", (BREAKER_EVERY, REST), stop.clone(), async move || {
            breaker::look(&*breaker.store, &seen, &mut stopped, breaker.clock.now()).await
        }));
        jobs.spawn(repeat("log", (LOG_EVERY, REST), stop.clone(), async move || advance(&logging, &mut publisher).await));
        jobs.spawn(repeat("deletions", (DELETIONS_EVERY, REST), stop.clone(), async move || {
            if is_paused(&deletions) {
                return Ok(());
            }
            let deleted = delete_due(&*deletions.store, deletions.clock.now()).await?;
            if deleted > 0 {
                tracing::info!(deleted, "accounts were deleted as asked");
            }
            Ok(())
        }));
        jobs.spawn(repeat("sweep", (SWEEP_EVERY, REST), stop.clone(), async move || {
            if is_paused(&sweeping) {
                return Ok(());
            }
            sweep(&*sweeping.store, sweeping.clock.now()).await.map(drop)
        }));
        jobs
    }
}

/// During a maintenance nothing of ours is written, a mail's state neither: what is due then is done afterwards.
fn is_paused(app: &App) -> bool {
    app.board.maintenance().is_some()
}

/// Calls a job again and again until the server stops. A failure is logged once, not each time.
async fn repeat<J>(name: &'static str, (every, rest): (Duration, Duration), mut stop: watch::Receiver<bool>, mut job: J)
where
    J: AsyncFnMut() -> Result<(), StoreError>,
{
    let mut failing = None;
    while !*stop.borrow() {
        let wait = match job().await {
            Ok(()) => {
                if failing.take().is_some() {
                    tracing::info!(job = name, "the job works again");
                }
                every
            }
            Err(error) => {
                if failing.replace(error) != Some(error) {
                    tracing::error!(job = name, "{error}; the job goes on trying");
                }
                every.max(rest)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // An error means that the server is gone: the loop ends on its condition or here.
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests;
