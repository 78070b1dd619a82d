//! `truebell item history`: the versions of an item.

use super::super::context::Context;
use super::Which;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::{Page, Show, Table, time_text};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::io;
use truebell_core::time::UnixMillis;

/// List an item's versions, newest first
///
/// `item get --version N` shows one, `item restore --version N` makes it the current one again.
#[derive(Debug, Args)]
pub struct History {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize, Deserialize)]
struct Versions {
    versions: Vec<Version>,
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
        page.table(&table)
    }
}

impl History {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let versions: Versions = context.ask(Ask::History { item: self.which.name() })?;
        context.out.answer(&versions)
    }
}
