//! `truebell completions`: for the shell.

use super::context::Context;
use crate::exit::Answered;
use clap::Args;
use clap_complete::Shell;

/// Completions for your shell
///
/// For bash: truebell completions bash > ~/.local/share/bash-completion/completions/truebell
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::tree(), "truebell", &mut script);
        context.out.raw(&script)
    }
}
