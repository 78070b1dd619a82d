//! `truebell maintenance`: work on the server, announced, begun, ended.

use super::config::ConfigArgs;
use super::context::Context;
use super::journal::{Journal, parse_time, parse_words, remark_if_not_stored, the_one};
use crate::exit::{Answered, Failure};
use crate::output::{Done, Page, Show, clean, time_text};
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;
use std::io;
use truebell_client::{Clock, SystemClock};
use truebell_core::status::{Maintenance as Told, Said, Scope};
use truebell_core::time::UnixMillis;

/// Work on the server: announce, begin and end it
#[derive(Debug, Subcommand)]
pub enum Maintenance {
    /// Say that there will be work, for the status page
    ///
    /// Nothing begins by itself at that time: `truebell maintenance start` begins it.
    Announce {
        /// From when: 2026-11-27T22:00Z, or how far ahead, as 2h
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        start: UnixMillis,
        /// Until when
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        end: UnixMillis,
        /// Why, in words for people; clients show it
        #[arg(long, value_name = "TEXT", value_parser = parse_words)]
        note: String,
        /// Reads will not be served either
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Begin it now: writes are put off, and clients told until when
    ///
    /// Without an id it begins the one that is announced; with --note one that was not. Reads that can be served are served. No
    /// session ends, nobody is signed out, and what people write waits on their devices.
    Start {
        /// Which, of several that are announced
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Begin one that was not announced: why
        #[arg(long, value_name = "TEXT", value_parser = parse_words, conflicts_with = "id")]
        note: Option<String>,
        /// Until when; what was announced, if left out
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        end: Option<UnixMillis>,
        /// Serve no reads either (with --note)
        #[arg(long, requires = "note")]
        all: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// End the one that goes on, or call off one that is announced
    End {
        /// Which; the one that goes on, if left out
        #[arg(value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List all there were and will be
    List {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

#[derive(Serialize)]
struct Listed {
    maintenance: Vec<Told>,
}

impl Show for Listed {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.maintenance.is_empty() {
            return page.line("No maintenance was announced so far.");
        }
        for told in &self.maintenance {
            let state = match (told.begun, told.ended) {
                (None, None) => "announced",
                (Some(_), None) => "goes on",
                (None, Some(_)) => "called off",
                (Some(_), Some(_)) => "done",
            };
            let (start, end) = (time_text(told.begun.unwrap_or(told.start).0), time_text(told.ended.unwrap_or(told.end).0));
            page.line(format_args!("{}  {state:<10}  {start} to {end}  {}", told.id, clean(&told.note)))?;
        }
        Ok(())
    }
}

impl Maintenance {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Announce { start, end, note, all, config } => announce(context, &config, (start, end), note, scope(all)),
            Self::Start { id, note, end, all, config } => begin(context, &config, id.as_deref(), note, end, scope(all)),
            Self::End { id, config } => finish(context, &config, id.as_deref()),
            Self::List { config } => {
                let (_, status) = Journal::open(&config)?.document()?;
                context.out.answer(&Listed { maintenance: status.maintenance })
            }
        }
    }
}

fn scope(all: bool) -> Scope {
    if all { Scope::All } else { Scope::Writes }
}

fn announce(context: &mut Context, config: &ConfigArgs, (start, end): (UnixMillis, UnixMillis), note: String, scope: Scope) -> Answered {
    if end <= start || end <= SystemClock.now() {
        return Err(Failure::usage("The end must be after the start, and not past."));
    }
    let (id, is_stored) = Journal::open(config)?.say(&Said::MaintenanceAnnounced { start, end, note, scope })?;
    remark_if_not_stored(context, is_stored);
    let sentence = format!(
        "Announced as {id}, from {} to {}. Begin it with `truebell maintenance start`; write the status page anew if it is elsewhere.",
        time_text(start.0),
        time_text(end.0)
    );
    context.out.answer(&Done::with(sentence, json!({ "id": id, "start": start, "end": end, "is_stored": is_stored })))
}

fn begin(
    context: &mut Context,
    config: &ConfigArgs,
    id: Option<&str>,
    note: Option<String>,
    end: Option<UnixMillis>,
    scope: Scope,
) -> Answered {
    let journal = Journal::open(config)?;
    let now = SystemClock.now();
    let (of, announced_end) = match note {
        Some(note) => {
            let end = end.ok_or_else(|| Failure::usage("Say until when with --end, as 2h or 2026-11-27T22:00Z."))?;
            (journal.say(&Said::MaintenanceAnnounced { start: now, end, note, scope })?.0, end)
        }
        None => {
            let told = find(&journal, id, Told::is_announced, "is announced: announce one, or begin one at once with --note and --end")?;
            (told.id, told.end)
        }
    };
    let end = end.unwrap_or(announced_end);
    if end <= now {
        return Err(Failure::usage("The announced end is past: say until when with --end."));
    }
    let (_, is_stored) = journal.say(&Said::MaintenanceBegun { of: of.clone(), end })?;
    remark_if_not_stored(context, is_stored);
    let sentence = format!(
        "Maintenance {of} has begun. Clients are told to come back at {}; end it with `truebell maintenance end`.",
        time_text(end.0)
    );
    context.out.answer(&Done::with(sentence, json!({ "id": of, "begun": true, "end": end, "is_stored": is_stored })))
}

fn finish(context: &mut Context, config: &ConfigArgs, id: Option<&str>) -> Answered {
    let journal = Journal::open(config)?;
    let open = |told: &Told| told.ended.is_none() && (id.is_some() || told.is_on());
    let told = find(&journal, id, open, "goes on; name an announced one by its id to call it off")?;
    let (of, is_stored) = (told.id.clone(), journal.say(&Said::MaintenanceEnded { of: told.id.clone() })?.1);
    remark_if_not_stored(context, is_stored);
    let sentence = if told.is_on() { format!("Maintenance {of} has ended.") } else { format!("Maintenance {of} is called off.") };
    context.out.answer(&Done::with(sentence, json!({ "id": of, "ended": true, "is_stored": is_stored })))
}

/// The one that is meant.
fn find(journal: &Journal, id: Option<&str>, fits: impl Fn(&Told) -> bool, none: &str) -> Answered<Told> {
    let (_, status) = journal.document()?;
    let none = format!("No such maintenance {none}.");
    the_one(status.maintenance.into_iter().filter(|told| fits(told)), |told| &told.id, id, &none)
}
