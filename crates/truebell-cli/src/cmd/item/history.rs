//! `truebell item history`: the versions of an item.

use super::super::context::Context;
use super::Which;
use crate::agent::{Ask, PastView};
use crate::exit::Answered;
use crate::output::{Page, Show, Table, time_text};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::io;
use truebell_core::item::PastWhy;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

/// List an item's versions, newest first
///
/// `item get --version N` shows one, `item restore --version N` makes it the current one again. Below them stand earlier values that no
/// version has: of a field that two devices had edited, and of items that were imported or moved.
#[derive(Debug, Args)]
pub struct History {
    #[command(flatten)]
    which: Which,
    /// Show the earlier values too
    #[arg(long)]
    reveal: bool,
}

#[derive(Serialize, Deserialize)]
struct Versions {
    versions: Vec<Version>,
    past: Vec<PastView>,
}

#[derive(Serialize, Deserialize)]
struct Version {
    number: u64,
    edited: UnixMillis,
    title: String,
    current: bool,
    pending: bool,
}

impl Show for Versions {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["version", "edited", "title", ""]);
        for version in &self.versions {
            let note = match (version.current, version.pending) {
                (true, true) => "current, not sent yet",
                (true, false) => "current",
                (false, true) => "not sent yet",
                _ => "",
            };
            table.row([&version.number.to_string(), &time_text(version.edited.0), &version.title, note]);
        }
        page.table(&table)?;
        if self.past.is_empty() {
            return Ok(());
        }
        page.line("")?;
        let mut table = Table::new(&["until", "field", "why", "earlier value"]);
        for past in &self.past {
            let why = match past.why {
                PastWhy::Merged => "edited on two devices",
                PastWhy::Edited => "edited",
                PastWhy::Imported => "imported",
            };
            table.row([
                &time_text(past.until.0),
                past.field.trim_start_matches('/'),
                why,
                past.value.as_ref().map_or("••••••••", Secret::expose),
            ]);
        }
        page.table(&table)
    }
}

impl History {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let versions: Versions = context.ask(Ask::History { item: self.which.name(), reveal: self.reveal })?;
        context.out.answer(&versions)
    }
}
