//! `truebell site remove`.

use super::room::{Room, plain};
use crate::cmd::config::ConfigArgs;
use crate::cmd::context::Context;
use crate::cmd::invite::runtime;
use crate::exit::Answered;
use crate::output::Done;
use crate::prompt::confirm;
use clap::Args;
use serde_json::json;
use truebell_server::response::site::parse_name;
use truebell_store::response::Ask;

/// Forget a site, with everything that was found of it
///
/// The site itself is not touched. What was matched against it is destroyed with its keys.
#[derive(Debug, Args)]
pub struct Remove {
    /// The site
    #[arg(value_name = "SITE", value_parser = parse_name)]
    name: String,
    #[command(flatten)]
    config: ConfigArgs,
}

impl Remove {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let question = format!("Forget the site `{}`, with everything that was found of it?", self.name);
        runtime()?.block_on(async {
            let room = Room::open(&config).await?;
            let site = room.site(&self.name).await?.row.site;
            confirm(&question, context.globals.yes)?;
            room.desk.is_done(&Ask::RemoveSite(site)).await.map_err(plain).map(drop)
        })?;
        let told = format!("{} is forgotten, with everything that was found of it.", self.name);
        context.out.answer(&Done::with(told, json!({ "site": self.name, "removed": true })))
    }
}
