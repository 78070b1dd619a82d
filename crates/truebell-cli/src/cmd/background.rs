//! The two background processes, which this program starts itself. They are no commands for people.

use crate::exit::{Answered, Failure};
use clap::Args;

/// The background process that holds the unlocked account
#[derive(Debug, Args)]
pub struct Agent {
    /// Set by the program that starts it
    #[arg(long)]
    internal: bool,
}

/// The background process that clears the clipboard
#[derive(Debug, Args)]
pub struct Clipboard {
    /// Set by the program that starts it
    #[arg(long)]
    internal: bool,
}

fn require(internal: bool, instead: &str) -> Answered {
    if internal { Ok(()) } else { Err(Failure::usage(format!("This process is started by {instead}, not by hand."))) }
}

impl Agent {
    /// Runs it.
    pub fn run(self) -> Answered {
        require(self.internal, "`truebell unlock`")?;
        crate::agent::run_agent()
    }
}

impl Clipboard {
    /// Runs it.
    pub fn run(self) -> Answered {
        require(self.internal, "--copy")?;
        crate::clipboard::run_keeper()
    }
}
