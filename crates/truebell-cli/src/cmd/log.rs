//! `truebell log`: the server's public log, followed by this device. Nothing shown here is an alarm.

use super::context::Context;
use crate::agent::{Ask, LogView};
use crate::exit::{Answered, Failure, describe_io};
use crate::output::{Page, Show, clean};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::PathBuf;

/// Longest checkpoint read, in bytes.
const CHECKPOINT_BYTES_MAX: u64 = 64 * 1024;

/// The server's public log of events, and what is proven of it
///
/// Every security event is an entry of a public log that can only grow. This device asks for the proof that each event of the account is
/// in it, and that the log continues what it was. Whether it is or not says something about the server and nothing about the account.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Log {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the checkpoint this device remembers, signed by the server
    Checkpoint,
    /// Compare with the checkpoint of another device of the account
    Compare {
        /// File with what `truebell log checkpoint` printed there; - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print two checkpoints that the server signed and that do not go together
    Evidence,
    /// Say whose signatures beside the server's count, or show it
    ///
    /// A witness signs that the log only grew. Its key comes from the witness itself, never from the server.
    Witnesses {
        /// Verifier keys of the witnesses to believe, in place of those before
        #[arg(value_name = "KEY")]
        keys: Vec<String>,
        /// How many of them must have signed
        #[arg(long, value_name = "N", default_value_t = 1, requires = "keys")]
        needed: usize,
        /// Believe none
        #[arg(long, conflicts_with = "keys")]
        none: bool,
    },
}

/// Whose signatures count.
#[derive(Serialize, Deserialize)]
struct Believed {
    witnesses: Vec<String>,
    needed: usize,
}

impl Show for Believed {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.witnesses.is_empty() {
            return page.line("No witness is believed: the log counts by the server's signature alone.");
        }
        page.line(format_args!("{} of these must have signed:", self.needed))?;
        self.witnesses.iter().try_for_each(|witness| page.line(format_args!("  {}", clean(witness))))
    }
}

/// One part of the view, for the subcommands.
#[derive(Serialize)]
struct Part {
    checkpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
    sentence: String,
}

impl Show for Part {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let notes: Vec<&str> = self.checkpoint.iter().chain(&self.other).map(String::as_str).collect();
        if notes.is_empty() {
            return page.line(&self.sentence);
        }
        for line in notes.join("\n").lines() {
            page.line(clean(line))?;
        }
        Ok(())
    }
}

impl Show for LogView {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if let Some(compared) = &self.compared {
            page.line(compared)?;
        }
        page.line(&self.sentence)?;
        for event in &self.events {
            page.line(format_args!("  {}  {}", page.paint.dim(&event.code), clean(&event.sentence)))?;
        }
        Ok(())
    }
}

fn read_checkpoint(file: &PathBuf) -> Answered<String> {
    let failed = |error: io::Error| Failure::plain(format!("{} cannot be read: {}.", file.display(), describe_io(&error)));
    let mut text = String::new();
    let input: Box<dyn Read> =
        if file.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(std::fs::File::open(file).map_err(failed)?) };
    input.take(CHECKPOINT_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn witnesses(context: &mut Context, keys: &[String], needed: usize, none: bool) -> Answered {
    let set = if none { Some((Vec::new(), 0)) } else { (!keys.is_empty()).then(|| (keys.to_vec(), needed)) };
    let believed: Believed = context.ask(Ask::LogWitnesses { set })?;
    context.out.answer(&believed)
}

impl Log {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let compare = match &self.what {
            Some(What::Compare { file }) => Some(read_checkpoint(file)?),
            Some(What::Witnesses { keys, needed, none }) => return witnesses(context, keys, *needed, *none),
            _ => None,
        };
        let view: LogView = context.ask(Ask::Log { compare })?;
        match self.what {
            None | Some(What::Compare { .. } | What::Witnesses { .. }) => context.out.answer(&view),
            Some(What::Checkpoint) => context.out.answer(&Part { checkpoint: view.checkpoint, other: None, sentence: view.sentence }),
            Some(What::Evidence) => {
                let sentence =
                    if view.evidence.is_some() { view.sentence } else { "There is none: what this device has seen goes together.".into() };
                let (checkpoint, other) = view.evidence.map(|evidence| (evidence.remembered, evidence.shown)).unzip();
                context.out.answer(&Part { checkpoint, other, sentence })
            }
        }
    }
}
