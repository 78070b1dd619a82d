//! `truebell lock`: the end of the agent, and of everything it knew.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::Done;
use clap::Args;

/// Forget the unlocked account
#[derive(Debug, Args)]
pub struct Lock {}

impl Lock {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let was_unlocked = end_agent(context)?;
        let sentence = if was_unlocked { "The account is locked." } else { "The account was locked already." };
        context.out.answer(&Done::with(sentence, serde_json::json!({ "locked": true, "was_unlocked": was_unlocked })))
    }
}

/// Ends the agent, if one runs, whatever its version.
pub(super) fn end_agent(context: &mut Context) -> Answered<bool> {
    let Some(stream) = context.place()?.connect() else { return Ok(false) };
    let mut door = crate::agent::Door::to_agent(stream);
    let mut streams = (std::io::empty(), std::io::sink());
    door.ask(Ask::Lock, &mut crate::agent::Streams::none(&mut streams.0, &mut streams.1))?;
    Ok(true)
}
