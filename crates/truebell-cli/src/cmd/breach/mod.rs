//! `truebell breach`: lists of exposed addresses and passwords, looked at and matched. Never here: how one is read or tested (`truebell_corpus::list`).

mod look;
mod matching;
mod open;

use super::context::Context;
use crate::exit::{Answered, Ending};
use clap::Subcommand;

/// Breach lists: look at one, and find whom of a site it exposes
#[derive(Debug, Subcommand)]
pub enum Breach {
    /// What a list is, and whether it may be believed
    Look(look::Look),
    /// Find the accounts of a site whose present password is in a list
    Match(Box<matching::Match>),
}

impl Breach {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        match self {
            Self::Look(command) => command.run(context),
            Self::Match(command) => command.run(context),
        }
    }
}
