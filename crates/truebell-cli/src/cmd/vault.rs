//! `truebell vault`: vaults and their names.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::{Done, Page, Show, Table};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::io;

/// Commands about vaults
#[derive(Debug, Subcommand)]
pub enum Vault {
    /// List vaults
    List,
    /// Create a vault
    Create {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give a vault another name
    Rename {
        /// Its name or id
        #[arg(value_name = "VAULT")]
        vault: String,
        /// The new name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Vaults {
    vaults: Vec<One>,
}

#[derive(Serialize, Deserialize)]
struct One {
    vault: String,
    name: String,
    items: usize,
    pending: usize,
    seq: u64,
}

impl Show for Vaults {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["id", "name", "items"]);
        for one in &self.vaults {
            table.row([&one.vault, &one.name, &one.items.to_string()]);
        }
        page.table(&table)
    }
}

impl Vault {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::List => {
                let vaults: Vaults = context.ask(Ask::Vaults)?;
                context.out.answer(&vaults)
            }
            Self::Create { name } => {
                let made: serde_json::Value = context.ask(Ask::CreateVault { name: name.clone() })?;
                context.out.answer(&Done::with(format!("The vault “{name}” is created."), made))
            }
            Self::Rename { vault, name } => {
                let renamed: serde_json::Value = context.ask(Ask::RenameVault { vault, name: name.clone() })?;
                context.out.answer(&Done::with(format!("The vault is called “{name}” now."), renamed))
            }
        }
    }
}
