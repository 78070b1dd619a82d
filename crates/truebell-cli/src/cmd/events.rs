//! `truebell events`: the inbox. Every line is made from a verified signed event.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::{NoticeLine, Page, Show, clean, time_text};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::io;

/// What happened to the account: the inbox of verified notices
///
/// Each line comes from an event that a device of yours signed and the server countersigned, checked on this device. Nothing else ever
/// makes a line here.
#[derive(Debug, Args)]
pub struct Events {
    /// Only those not seen before
    #[arg(long)]
    unseen: bool,
}

#[derive(Serialize)]
struct Inbox {
    events: Vec<Line>,
    up_to_date: bool,
}

/// One line: the notice's members, and what this device has to do with it.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    notice: NoticeLine,
    own: bool,
    seen: bool,
}

#[derive(Deserialize)]
struct Answer {
    events: Vec<Entry>,
    up_to_date: bool,
    sentence: String,
}

#[derive(Deserialize)]
struct Entry {
    notice: NoticeLine,
    corrections: Vec<Said>,
    own: bool,
    seen: bool,
}

/// What was said of a notice since.
#[derive(Deserialize)]
struct Said {
    sentence: String,
}

impl Show for Inbox {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.events.is_empty() {
            return page.line("Nothing to show.");
        }
        let paint = page.paint;
        for entry in &self.events {
            let notice = &entry.notice;
            let mark = match (entry.seen, entry.own) {
                (false, false) => paint.yellow("new "),
                (_, true) => paint.dim("own "),
                _ => paint.dim("    "),
            };
            page.line(format_args!("{mark}{}  {}  {}", time_text(notice.at), paint.dim(&notice.code), clean(&notice.sentence)))?;
            for correction in &notice.corrections {
                page.line(format_args!("    {} {}", paint.bold("since then:"), clean(correction)))?;
            }
            if !entry.seen && !entry.own {
                page.line(format_args!("    {}", notice.advice))?;
            }
        }
        Ok(())
    }
}

impl Events {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Answer { events, up_to_date, sentence } = context.ask(Ask::Inbox)?;
        let events = events.into_iter().filter(|entry| !(self.unseen && entry.seen));
        let lines = events.map(|Entry { notice, corrections, own, seen }| {
            let corrections = corrections.into_iter().map(|said| said.sentence).collect();
            Line { notice: NoticeLine { corrections, ..notice }, own, seen }
        });
        let inbox = Inbox { events: lines.collect(), up_to_date };
        context.out.answer(&inbox)?;
        if !up_to_date {
            context.out.remark(format_args!("There may be more at the server. {sentence}"));
        }
        let seqs: Vec<u64> = inbox.events.iter().filter(|entry| !entry.seen).map(|entry| entry.notice.seq).collect();
        if seqs.is_empty() { Ok(()) } else { context.tell(Ask::Seen { seqs }) }
    }
}
