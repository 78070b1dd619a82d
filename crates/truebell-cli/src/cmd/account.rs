//! `truebell account`: its end, and the way back.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::{Done, time_text};
use crate::prompt::confirm;
use clap::Subcommand;
use serde::Deserialize;
use truebell_core::time::UnixMillis;

/// Commands about the account as a whole
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Delete the account, after some days in which it can still be kept
    Delete,
    /// Keep the account after all
    Keep,
}

#[derive(Deserialize)]
struct Due {
    due: UnixMillis,
}

impl Account {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Delete => {
                confirm("Delete the account with everything in it?", context.globals.yes)?;
                let Due { due } = context.ask(Ask::DeleteAccount)?;
                let sentence =
                    format!("The account will be deleted on {}. Until then, `truebell account keep` keeps it.", time_text(due.0));
                context.out.answer(&Done::with(sentence, serde_json::json!({ "due": due })))
            }
            Self::Keep => {
                context.tell(Ask::KeepAccount)?;
                context.out.answer(&Done::new("The account stays."))
            }
        }
    }
}
