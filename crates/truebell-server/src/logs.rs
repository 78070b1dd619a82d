//! What is logged and how. A line carries route templates, statuses, durations and our own sentences; no address, name, path, id of a
//! person or secret ever. A test signs somebody up with marked words and looks for them in the log.

use crate::config::{LogFormat, LogLevel};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// The subscriber for a format and level, writing to `writer`. Libraries are heard from `warn` on: below that some of them log what they
/// are given.
pub fn subscriber<W>(format: LogFormat, level: LogLevel, writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let targets = ["truebell_server", "truebell_store", "truebell_core"].map(|target| (target, level));
    let filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(targets);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => fmt::layer().with_writer(writer).with_ansi(false).with_target(false).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(writer).with_target(false).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter))
}

/// Makes it the process's log, on standard error. The first call wins.
pub fn start(format: LogFormat, level: LogLevel) {
    // A second server in one process (tests) keeps the log of the first.
    let _ = tracing::subscriber::set_global_default(subscriber(format, level, std::io::stderr));
}
