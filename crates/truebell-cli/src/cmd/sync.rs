//! `truebell sync`: with the server, now.

use super::context::{Context, require_account};
use super::lock::end_agent;
use crate::agent::{Ask, Stay, failure_of};
use crate::exit::{Answered, Code, Failure};
use crate::output::{Done, Page, Show};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::io;
use truebell_client::{World, rebuild};

/// Sync with the server now
///
/// The agent syncs by itself; this is for when you do not want to wait, or want to know. What cannot be sent stays on this device and
/// goes with the next sync.
#[derive(Debug, Args)]
pub struct Sync {
    /// Put a damaged local copy aside and fetch everything again; edits not sent yet are kept where they can be read
    #[arg(long)]
    rebuild: bool,
}

#[derive(Serialize, Deserialize)]
struct Synced {
    view: serde_json::Value,
    sentence: String,
    pulled: usize,
    pushed: usize,
    merged: usize,
    restored: Option<String>,
}

impl Show for Synced {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if let Some(restored) = &self.restored {
            page.line(restored)?;
        }
        let merged = if self.merged > 0 { format!(", {} merged", self.merged) } else { String::new() };
        page.line(format_args!("{} {} received, {} sent{merged}.", self.sentence, self.pulled, self.pushed))
    }
}

impl Sync {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        if self.rebuild {
            return run_rebuild(context);
        }
        let synced: Synced = context.ask(Ask::Sync)?;
        let word =
            |value: &serde_json::Value, member: &str| value.get(member).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        if word(&synced.view, "is") == "up-to-date" {
            return context.out.answer(&synced);
        }
        let why = synced.view.get("why").map(|why| word(why, "is")).unwrap_or_default();
        let code = if matches!(why.as_str(), "refused" | "outdated" | "clock-skew") { Code::Refused } else { Code::Offline };
        Err(Failure::new(code, synced.sentence))
    }
}

fn run_rebuild(context: &mut Context) -> Answered {
    let profile = context.profile()?;
    require_account(&profile)?;
    let password = context.account_password()?;
    let had_agent = end_agent(context)?;
    let (client, kept) = rebuild(&profile, &password, World::system()).map_err(|error| failure_of(&error))?;
    drop(client);
    if had_agent {
        context.start_agent(password, None, Stay::default())?;
    }
    let sentence = format!("The local copy is fetched anew. Edits kept that were not sent yet: {kept}.");
    context.out.answer(&Done::with(sentence, serde_json::json!({ "rebuilt": true, "edits_kept": kept })))
}
