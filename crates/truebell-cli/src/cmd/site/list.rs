//! `truebell site list`.

use super::room::{Room, plain};
use crate::cmd::config::ConfigArgs;
use crate::cmd::context::Context;
use crate::cmd::invite::runtime;
use crate::exit::Answered;
use crate::output::{Page, Show, Table};
use clap::Args;
use serde::Serialize;
use std::io;
use truebell_core::ids::SiteId;
use truebell_core::time::UnixMillis;
use truebell_server::response::site::Definition;

/// List the sites
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Serialize)]
struct Answer {
    sites: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    site: String,
    id: SiteId,
    made: UnixMillis,
    source: String,
    preset: Option<String>,
    mail: Option<String>,
    from: Option<String>,
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.sites.is_empty() {
            return page.line("No site is named. `truebell site add` adds one.");
        }
        let mut table = Table::new(&["Site", "Accounts", "Preset", "Mail from"]);
        for site in &self.sites {
            let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            table.row([&site.site, &site.source, &word(&site.preset), &word(&site.from)]);
        }
        page.table(&table)
    }
}

impl List {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let rows = runtime()?.block_on(async { Room::open(&config).await?.sites().await })?;
        let mut sites = Vec::new();
        for row in rows {
            let Definition { source, preset, mail, from, .. } = Definition::read(&row.definition).map_err(plain)?;
            sites.push(Shown { site: row.name, id: row.site, made: row.made, source, preset, mail, from });
        }
        context.out.answer(&Answer { sites })
    }
}
