//! `truebell sync`: with the server, now.

use super::context::{Context, read_answer, require_account};
use super::lock::end_agent;
use crate::agent::{Ask, Stay, Streams, failure_of};
use crate::exit::{Answered, Code, Failure};
use crate::output::{Done, Page, Show, SyncBar};
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
        let synced: Synced = ask_sync(context)?;
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

/// Asks for a sync, with a bar where it takes long and somebody watches.
fn ask_sync(context: &mut Context) -> Answered<Synced> {
    let bar = SyncBar::new(!context.out.is_quiet() && !context.out.is_json());
    let progress = |far| bar.at(far);
    let (mut input, mut output) = (io::empty(), io::sink());
    let answer = context.door()?.ask(Ask::Sync, &mut Streams { input: &mut input, output: &mut output, progress: &progress })?;
    drop(bar);
    read_answer(&answer)
}

fn run_rebuild(context: &mut Context) -> Answered {
    let profile = context.profile()?;
    require_account(&profile)?;
    let password = context.account_password()?;
    let had_agent = end_agent(context)?;
    let (client, kept) = World::of(&profile).and_then(|world| rebuild(&profile, &password, world)).map_err(|error| failure_of(&error))?;
    drop(client);
    if had_agent {
        context.start_agent(password, None, Stay::default())?;
    }
    let sentence = format!("The local copy is fetched anew. Edits kept that were not sent yet: {kept}.");
    context.out.answer(&Done::with(sentence, serde_json::json!({ "rebuilt": true, "edits_kept": kept })))
}
