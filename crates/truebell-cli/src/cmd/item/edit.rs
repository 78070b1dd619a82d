//! `truebell item edit`.

use super::super::context::Context;
use super::Which;
use super::create::Saved;
use super::draft::Content;
use crate::agent::{Ask, Changes, Made};
use crate::exit::{Answered, Failure};
use clap::Args;

/// Change an item; old values stay in its history
#[derive(Debug, Args)]
pub struct Edit {
    #[command(flatten)]
    which: Which,
    /// A new title
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// Mark it as favourite
    #[arg(long, conflicts_with = "no_favourite")]
    favourite: bool,
    /// No longer a favourite
    #[arg(long)]
    no_favourite: bool,
    /// Take a site off; may be given more than once
    #[arg(long, value_name = "URL")]
    remove_url: Vec<String>,
    /// Take a tag off; may be given more than once
    #[arg(long, value_name = "TAG")]
    remove_tag: Vec<String>,
    /// Take a field off; may be given more than once
    #[arg(long, value_name = "FIELD")]
    remove_field: Vec<String>,
    #[command(flatten)]
    content: Content,
}

impl Edit {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let changes = Changes {
            title: self.title,
            favourite: match (self.favourite, self.no_favourite) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            remove_sites: self.remove_url,
            remove_tags: self.remove_tag,
            remove_fields: self.remove_field,
            ..self.content.read(None)?
        };
        if changes == Changes::default() {
            return Err(Failure::usage("Say what to change: `truebell item edit --help` lists how."));
        }
        let made: Made = context.ask(Ask::Edit { item: self.which.name(), changes: Box::new(changes) })?;
        context.out.answer(&Saved { verb: "changed", made: &made })?;
        context.remark_sync(&made.sync);
        Ok(())
    }
}
