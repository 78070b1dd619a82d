//! `truebell sessions`: which sessions are open.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::{Answered, Failure};
use crate::output::{Done, Page, Show, Table, time_text};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use truebell_core::ids::SessionId;
use truebell_core::wire::device::SessionInfo;

/// List sessions, or end one
#[derive(Debug, Args)]
pub struct Sessions {
    #[command(subcommand)]
    command: Option<Command>,
}

/// Commands about sessions
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List sessions
    List,
    /// End a session; its device can open the next (`devices revoke` is for good)
    Revoke {
        /// Its id
        #[arg(value_name = "SESSION")]
        session: String,
    },
}

#[derive(Serialize, Deserialize)]
struct List {
    sessions: Vec<SessionInfo>,
    device_names: BTreeMap<String, String>,
}

impl Show for List {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["id", "device", "opened", "expires", ""]);
        for session in &self.sessions {
            let device = session.device.to_string();
            let name = self.device_names.get(&device).unwrap_or(&device);
            let note = if session.current { "this session" } else { "" };
            table.row([&session.session.to_string(), name, &time_text(session.opened.0), &time_text(session.expires.0), note]);
        }
        page.table(&table)
    }
}

impl Sessions {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self.command.unwrap_or(Command::List) {
            Command::List => {
                let list: List = context.ask(Ask::Sessions)?;
                context.out.answer(&list)
            }
            Command::Revoke { session } => {
                let session: SessionId = session.parse().map_err(|error| Failure::usage(format!("“{session}” is {error}.")))?;
                context.tell(Ask::RevokeSession { session })?;
                context.out.answer(&Done::with("The session is ended.", serde_json::json!({ "revoked": session })))
            }
        }
    }
}
