//! What is counted, in Prometheus' text form. Labels are route templates and closed words: never an id, a name or an address.
//!
//! `/metrics` is served on the listener of `metrics_listen` only, never beside the routes people use.

use crate::mail::sender::Round;
use crate::signals::Round as Pushes;
use crate::state::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use truebell_store::StoreError;

/// How long a scrape waits for the database: whoever looks at the metrics of a server in trouble must see them.
const COUNTS_TIME: Duration = Duration::from_millis(500);

type Labels<const N: usize> = [(&'static str, String); N];

/// Everything counted by one server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    seconds: Family<Labels<1>, Histogram, fn() -> Histogram>,
    sign_ins: Family<Labels<1>, Counter>,
    mails: Family<Labels<1>, Counter>,
    signals: Family<Labels<1>, Counter>,
    signals_waiting: Gauge,
    signals_oldest: Gauge,
    signals_dropped: Gauge,
    store_up: Gauge,
    store_failures: Counter,
    accounts: Gauge,
    sessions: Gauge,
    waiting: Family<Labels<1>, Gauge>,
    log_entries: Gauge,
    log_waiting: Gauge,
    at_work: Gauge,
    queued: Gauge,
    limit: Gauge,
    shed: Family<Labels<1>, Gauge>,
    listeners: Gauge,
    relay_takes: AtomicBool,
    mail_stopped: Family<Labels<1>, Gauge>,
    holds_mail: AtomicBool,
}

fn make_histogram() -> Histogram {
    // From 1 ms to 4 s, four times each: a store call, a sign-in, a first sync.
    Histogram::new(exponential_buckets(0.001, 4.0, 7))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("truebell"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(make_histogram),
            sign_ins: Family::default(),
            mails: Family::default(),
            signals: Family::default(),
            signals_waiting: Gauge::default(),
            signals_oldest: Gauge::default(),
            signals_dropped: Gauge::default(),
            store_up: Gauge::default(),
            store_failures: Counter::default(),
            accounts: Gauge::default(),
            sessions: Gauge::default(),
            waiting: Family::default(),
            log_entries: Gauge::default(),
            log_waiting: Gauge::default(),
            at_work: Gauge::default(),
            queued: Gauge::default(),
            limit: Gauge::default(),
            shed: Family::default(),
            listeners: Gauge::default(),
            relay_takes: AtomicBool::new(true),
            mail_stopped: Family::default(),
            holds_mail: AtomicBool::new(false),
        };
        let of = &mut metrics.registry;
        of.register("requests", "Requests by route, method and outcome", metrics.requests.clone());
        of.register("request_seconds", "Time until a request's answer began, by route", metrics.seconds.clone());
        of.register("sign_ins", "Second messages of sign-ins by result", metrics.sign_ins.clone());
        of.register("mails", "Tries to send a mail by result", metrics.mails.clone());
        of.register("signals", "Tries to push a signal by result", metrics.signals.clone());
        of.register("signals_waiting", "Signals that wait for their receivers", metrics.signals_waiting.clone());
        of.register("signals_oldest_seconds", "How long the oldest of them waits", metrics.signals_oldest.clone());
        of.register(
            "signals_dropped",
            "Signals dropped by the streams there are, because their receivers did not take them in time",
            metrics.signals_dropped.clone(),
        );
        of.register("store_up", "1 if the database answered the last time it was asked for counts", metrics.store_up.clone());
        of.register(
            "store_failures",
            "Requests that failed on the server's side, most of them in the database",
            metrics.store_failures.clone(),
        );
        of.register("accounts", "Accounts", metrics.accounts.clone());
        of.register("sessions", "Live sessions", metrics.sessions.clone());
        of.register(
            "mails_waiting",
            "Mails in the outbox by state; a parked one may have been sent and needs a look",
            metrics.waiting.clone(),
        );
        of.register(
            "mail_stopped",
            "1 for a kind of mail that is held back because too many were to be told of it",
            metrics.mail_stopped.clone(),
        );
        of.register("log_entries", "Entries of the published transparency log", metrics.log_entries.clone());
        of.register("log_waiting", "Events that are not in the published log yet, up to some 1,000", metrics.log_waiting.clone());
        of.register("requests_at_work", "Requests at work now", metrics.at_work.clone());
        of.register("requests_waiting", "Requests that wait for a place at work", metrics.queued.clone());
        of.register("requests_limit", "How many requests may be at work now, as learned from how long they take", metrics.limit.clone());
        of.register("requests_shed", "Requests sent away since the start because there was too much to do, by class", metrics.shed.clone());
        of.register("hint_listeners", "Open streams of hints", metrics.listeners.clone());
        metrics
    }
}

impl Metrics {
    /// Counts a round of the mail sender.
    pub fn count_mails(&self, round: Round) {
        for (result, count) in [("sent", round.sent), ("postponed", round.postponed), ("refused", round.refused), ("parked", round.parked)]
        {
            self.mails.get_or_create(&[("result", result.to_owned())]).inc_by(count);
        }
        if round != Round::default() {
            self.relay_takes.store(round.sent > 0 || round.postponed == 0, Ordering::Relaxed);
        }
    }

    /// Counts a round of pushes.
    pub fn count_signals(&self, round: Pushes) {
        for (result, count) in [("sent", round.sent), ("postponed", round.postponed), ("refused", round.refused)] {
            self.signals.get_or_create(&[("result", result.to_owned())]).inc_by(count);
        }
    }

    /// Notes which kinds of mail are stopped.
    pub fn set_mails_stopped<'a>(&self, kinds: impl Iterator<Item = (&'a str, bool)>) {
        let mut holds = false;
        for (template, is_stopped) in kinds {
            set(&self.mail_stopped.get_or_create(&[("template", template.to_owned())]), u64::from(is_stopped));
            holds |= is_stopped;
        }
        self.holds_mail.store(holds, Ordering::Relaxed);
    }

    /// Whether mails of some kind are held back.
    pub fn holds_mail(&self) -> bool {
        self.holds_mail.load(Ordering::Relaxed)
    }

    /// Whether the relay took mail when it was last asked to.
    pub fn relay_takes(&self) -> bool {
        self.relay_takes.load(Ordering::Relaxed)
    }

    fn count_request(&self, route: &str, method: &str, status: StatusCode, seconds: f64) {
        let outcome = outcome(status);
        self.requests.get_or_create(&[("route", route.to_owned()), ("method", method.to_owned()), ("outcome", outcome.to_owned())]).inc();
        self.seconds.get_or_create(&[("route", route.to_owned())]).observe(seconds);
        if status.is_server_error() {
            self.store_failures.inc();
        }
        if route == "/v1/sign-in/finish" {
            self.sign_ins.get_or_create(&[("result", outcome.to_owned())]).inc();
        }
    }

    /// The text of `/metrics`. Where the database does not answer, its gauges keep their last values and `store_up` says so.
    pub async fn render(&self, app: &App) -> String {
        let load = app.load();
        set(&self.at_work, load.at_work as u64);
        set(&self.queued, load.waiting as u64);
        set(&self.limit, load.limit as u64);
        for (class, count) in load.shed {
            set(&self.shed.get_or_create(&[("class", class.to_owned())]), count);
        }
        set(&self.listeners, load.listeners as u64);
        let counts = tokio::time::timeout(COUNTS_TIME, app.store.counts(app.clock.now())).await;
        match counts.unwrap_or(Err(StoreError::Unavailable)) {
            Ok(counts) => {
                set(&self.store_up, 1);
                set(&self.accounts, counts.accounts);
                set(&self.sessions, counts.sessions);
                for (state, count) in [("queued", counts.mails_queued), ("parked", counts.mails_parked)] {
                    set(&self.waiting.get_or_create(&[("state", state.to_owned())]), count);
                }
            }
            Err(error) => {
                set(&self.store_up, 0);
                tracing::warn!("counts for metrics: {error}");
            }
        }
        let counts = tokio::time::timeout(COUNTS_TIME, log_counts(app)).await;
        match counts.unwrap_or(Err(StoreError::Unavailable)) {
            Ok((entries, waiting)) => {
                set(&self.log_entries, entries);
                set(&self.log_waiting, waiting);
            }
            Err(error) => tracing::warn!("counts of the log for metrics: {error}"),
        }
        let streams = tokio::time::timeout(COUNTS_TIME, app.store.receivers()).await;
        match streams.unwrap_or(Err(StoreError::Unavailable)) {
            Ok(streams) => {
                set(&self.signals_waiting, streams.iter().map(|one| one.waiting).sum());
                let oldest = streams.iter().filter_map(|one| one.oldest).min();
                set(&self.signals_oldest, oldest.map_or(0, |oldest| app.clock.now().0.saturating_sub(oldest.0) / 1000));
                set(&self.signals_dropped, streams.iter().filter_map(|one| one.stream.as_ref()).map(|one| one.standing.dropped).sum());
            }
            Err(error) => tracing::warn!("counts of signals for metrics: {error}"),
        }
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Entries of the published log, and events that are not in it yet.
async fn log_counts(app: &App) -> Result<(u64, u64), StoreError> {
    /// More waiting than this is as bad.
    const WAITING_MAX: u32 = 1000;
    let head = app.store.log_head().await?;
    let published = head.published.map_or(0, |published| published.size);
    let without_place = app.store.log_waiting(WAITING_MAX).await?.len() as u64;
    Ok((published, head.size - published + without_place))
}

fn set(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

/// Four words for every status: an alert needs no more.
fn outcome(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=399 => "done",
        429 | 503 => "busy",
        400..=499 => "refused",
        _ => "failed",
    }
}

/// Counts every request and logs one line about it: method, route template, status, time. Not its path, not its sender. A request that
/// went well, or was asked to come back, is worth a line at `debug` only: counting it costs less than writing it down.
pub(crate) async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "OPTIONS") => known,
        _ => "OTHER",
    }
    .to_owned();
    let response = next.run(request).await;
    let (seconds, status) = (start.elapsed().as_secs_f64(), response.status());
    metrics.count_request(&route, &method, status, seconds);
    let (status_word, ms) = (status.as_u16(), format_args!("{:.1}", seconds * 1000.0));
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(method, route, status = status_word, ms, "request");
    } else {
        tracing::debug!(method, route, status = status_word, ms, "request");
    }
    response
}
