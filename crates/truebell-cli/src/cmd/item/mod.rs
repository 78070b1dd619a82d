//! `truebell item`: items, one verb per file.

mod create;
mod draft;
mod edit;
mod get;
mod history;
mod list;
mod state;

pub(super) use list::{ScopeArgs, show_listing};

use super::context::Context;
use crate::agent::ItemName;
use crate::exit::{Answered, Failure};
use crate::output::CATEGORIES;
use clap::{Args, Subcommand};
use truebell_core::item::Category;

/// Commands about items
#[derive(Debug, Subcommand)]
pub enum Item {
    /// List items
    List(list::List),
    /// Show an item, or one field of it
    Get(get::Get),
    /// Create an item
    Create(create::Create),
    /// Change an item; old values stay in its history
    Edit(edit::Edit),
    /// Move an item to the trash
    Rm(state::Rm),
    /// Take an item out of the trash or the archive, or back to an older version
    Restore(state::Restore),
    /// Move an item to the archive
    Archive(state::Archive),
    /// Move an item to another vault
    Move(state::Move),
    /// List an item's versions
    History(history::History),
}

impl Item {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::List(command) => command.run(context),
            Self::Get(command) => command.run(context),
            Self::Create(command) => command.run(context),
            Self::Edit(command) => command.run(context),
            Self::Rm(command) => command.run(context),
            Self::Restore(command) => command.run(context),
            Self::Archive(command) => command.run(context),
            Self::Move(command) => command.run(context),
            Self::History(command) => command.run(context),
        }
    }
}

/// Which item.
#[derive(Debug, Clone, Args)]
pub(super) struct Which {
    /// Its title or id
    #[arg(value_name = "ITEM")]
    item: String,
    /// Look only in this vault
    #[arg(long, value_name = "VAULT")]
    vault: Option<String>,
}

impl Which {
    /// As the desk takes it.
    pub(super) fn name(&self) -> ItemName {
        ItemName { name: self.item.clone(), vault: self.vault.clone() }
    }
}

/// Reads a category's word.
pub(super) fn parse_category(word: &str) -> Answered<Category> {
    let found = CATEGORIES.iter().find(|(name, _)| *name == word || (word == "note" && *name == "secure-note"));
    found.map(|(_, category)| *category).ok_or_else(|| {
        let names = CATEGORIES.map(|(name, _)| name).join(", ");
        Failure::usage(format!("There is no category “{word}”. There are: {names}."))
    })
}

/// For help texts and completions.
pub(crate) fn category_parser() -> clap::builder::PossibleValuesParser {
    use clap::builder::PossibleValue;
    clap::builder::PossibleValuesParser::new(CATEGORIES.map(|(name, _)| {
        let value = PossibleValue::new(name);
        if name == "secure-note" { value.alias("note") } else { value }
    }))
}
