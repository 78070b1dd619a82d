//! `truebell item rm`, `restore`, `archive` and `move`: where an item is, and its end.

use super::super::context::Context;
use super::Which;
use super::create::Saved;
use crate::agent::{Ask, Made};
use crate::exit::Answered;
use crate::prompt::confirm;
use clap::Args;

/// Move an item to the trash
#[derive(Debug, Args)]
pub struct Rm {
    #[command(flatten)]
    which: Which,
    /// Delete it for good, with its history and attachments, here and on every device
    #[arg(long)]
    purge: bool,
}

/// Take an item out of the trash or the archive, or back to an older version
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    which: Which,
    /// Back to this version (see `item history`)
    #[arg(long, value_name = "N")]
    version: Option<u64>,
}

/// Move an item to the archive
#[derive(Debug, Args)]
pub struct Archive {
    #[command(flatten)]
    which: Which,
}

/// Move an item to another vault
///
/// With its files and every value it had. It gets a new id there; what it was stays in the trash of its old vault, with its versions, until
/// you delete it for good.
#[derive(Debug, Args)]
pub struct Move {
    #[command(flatten)]
    which: Which,
    /// The vault, by name or id
    #[arg(long, value_name = "VAULT")]
    to: String,
}

impl Rm {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let item = self.which.name();
        if self.purge {
            confirm(&format!("Delete “{}” for good, with its history and attachments?", item.name), context.globals.yes)?;
        }
        let verb = if self.purge { "deleted for good" } else { "in the trash" };
        save(context, Ask::Remove { item, purge: self.purge }, verb)
    }
}

impl Restore {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        save(context, Ask::Restore { item: self.which.name(), version: self.version }, "restored")
    }
}

impl Move {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        save(context, Ask::Move { item: self.which.name(), to: self.to }, "moved")
    }
}

impl Archive {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        save(context, Ask::Archive { item: self.which.name() }, "in the archive")
    }
}

fn save(context: &mut Context, ask: Ask, verb: &'static str) -> Answered {
    let made: Made = context.ask(ask)?;
    context.out.answer(&Saved { verb, made: &made })?;
    context.remark_sync(&made.sync);
    Ok(())
}
