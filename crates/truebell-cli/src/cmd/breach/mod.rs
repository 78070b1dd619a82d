//! `truebell breach`: lists of exposed addresses and passwords, looked at. Never here: how one is read or tested (`truebell_corpus::list`).

mod look;
mod open;

use super::context::Context;
use crate::exit::{Answered, Ending};
use clap::Subcommand;

/// Breach lists: look at one before it is used
#[derive(Debug, Subcommand)]
pub enum Breach {
    /// What a list is, and whether it may be believed
    Look(look::Look),
}

impl Breach {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        match self {
            Self::Look(command) => command.run(context),
        }
    }
}
