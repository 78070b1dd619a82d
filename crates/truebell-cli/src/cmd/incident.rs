//! `truebell incident`: what is wrong with the server, for the status page and for clients that cannot reach it.

use super::config::ConfigArgs;
use super::context::Context;
use super::journal::{Journal, parse_words, remark_if_not_stored, the_one};
use crate::exit::Answered;
use crate::output::{Done, Page, Show, clean, time_text};
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;
use std::io;
use truebell_core::status::{Incident as Told, Said, StatusId};

/// Say what is wrong with the server, and when it is over
#[derive(Debug, Subcommand)]
pub enum Incident {
    /// Say that something is wrong
    Open {
        /// In a few words: “Sign-in is slow”
        #[arg(value_name = "TITLE", value_parser = parse_title)]
        title: String,
        /// What is known so far
        #[arg(long, value_name = "TEXT", value_parser = parse_words)]
        words: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Say what more is known
    Update {
        /// Of which; the one that is open, if left out
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// What
        #[arg(long, value_name = "TEXT", value_parser = parse_words)]
        words: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Say that it is over, and what it was
    Close {
        /// Which; the one that is open, if left out
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// What it was
        #[arg(long, value_name = "TEXT", value_parser = parse_words)]
        words: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List all there were
    List {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

#[derive(Serialize)]
struct Listed {
    incidents: Vec<Told>,
}

impl Show for Listed {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.incidents.is_empty() {
            return page.line("No incident was opened so far.");
        }
        for told in &self.incidents {
            let over = told.closed.map_or_else(|| "open".to_owned(), |closed| format!("over {}", time_text(closed.0)));
            page.line(format_args!("{}  {}  {over}  {}", told.id, time_text(told.opened.0), clean(&told.title)))?;
        }
        Ok(())
    }
}

fn parse_title(text: &str) -> Result<String, String> {
    let title = parse_words(text)?;
    if title.chars().count() > 120 || title.contains('\n') { Err("write at most 120 letters on one line".into()) } else { Ok(title) }
}

impl Incident {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Open { title, words, config } => {
                let (id, is_stored) = Journal::open(&config)?.say(&Said::IncidentOpened { title, words })?;
                answer(context, &id, is_stored, "is open")
            }
            Self::Update { id, words, config } => {
                let journal = Journal::open(&config)?;
                let of = find(&journal, id.as_deref())?;
                let (_, is_stored) = journal.say(&Said::IncidentUpdated { of: of.clone(), words })?;
                answer(context, &of, is_stored, "says more now")
            }
            Self::Close { id, words, config } => {
                let journal = Journal::open(&config)?;
                let of = find(&journal, id.as_deref())?;
                let (_, is_stored) = journal.say(&Said::IncidentClosed { of: of.clone(), words })?;
                answer(context, &of, is_stored, "is over")
            }
            Self::List { config } => {
                let (_, status) = Journal::open(&config)?.document()?;
                context.out.answer(&Listed { incidents: status.incidents })
            }
        }
    }
}

fn answer(context: &mut Context, id: &StatusId, is_stored: bool, what: &str) -> Answered {
    remark_if_not_stored(context, is_stored);
    let sentence = format!("Incident {id} {what}; write the status page anew if it is elsewhere.");
    context.out.answer(&Done::with(sentence, json!({ "id": id, "is_stored": is_stored })))
}

/// The open one that is meant.
fn find(journal: &Journal, id: Option<&str>) -> Answered<StatusId> {
    let (_, status) = journal.document()?;
    let open = status.incidents.into_iter().filter(|told| told.closed.is_none());
    let none = "No such incident is open: `truebell incident list` shows what there is.";
    Ok(the_one(open, |told| &told.id, id, none)?.id)
}
