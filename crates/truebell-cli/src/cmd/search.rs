//! `truebell search`: items by any of their words.

use super::context::Context;
use super::item::{ScopeArgs, show_listing};
use crate::agent::Ask;
use crate::exit::Answered;
use clap::Args;

/// Find items
///
/// Looks for items that have every word in title, username, sites or tags, the best match first. Fields that are sealed with the
/// item's details (passwords, notes) are not searched.
#[derive(Debug, Args)]
pub struct Search {
    /// Words to look for
    #[arg(value_name = "WORD", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    scope: ScopeArgs,
}

impl Search {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let (text, scope) = (self.words.join(" "), self.scope.scope()?);
        show_listing(context, |form| Ask::Search { text, scope, form })
    }
}
