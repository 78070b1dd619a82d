//! `truebell site`: whose accounts are protected, where they are, and what they are made of. Never here: how a table is read
//! (`truebell-sites`), or a password that was given.

mod add;
mod describe;
mod list;
mod look;
mod remove;
mod room;

pub(super) use room::{Kept, Room, plain, source_failure, upper};

use super::context::Context;
use crate::exit::Answered;
use clap::Subcommand;

/// Sites whose accounts are protected when lists of passwords get about
#[derive(Debug, Subcommand)]
pub enum Site {
    /// Name a site: where its accounts are, how they are read, and whom its mail comes from
    Add(Box<add::Add>),
    /// List the sites
    List(list::List),
    /// Look at a site's accounts: ten of them with masks, and the formats of all passwords
    Look(look::Look),
    /// Forget a site, with everything that was found of it
    Remove(remove::Remove),
}

impl Site {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Add(command) => command.run(context),
            Self::List(command) => command.run(context),
            Self::Look(command) => command.run(context),
            Self::Remove(command) => command.run(context),
        }
    }
}
