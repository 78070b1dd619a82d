//! `truebell totp`: the one-time password of an item.

use super::context::Context;
use super::item::Which;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::{Page, Show};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::io;
use truebell_core::secret::Secret;

/// Show a one-time password
#[derive(Debug, Args)]
pub struct Totp {
    #[command(flatten)]
    which: Which,
    /// To the clipboard instead of the terminal; it clears itself
    #[arg(long)]
    copy: bool,
}

#[derive(Serialize, Deserialize)]
struct Code {
    code: Secret,
    seconds_left: u32,
    period: u32,
}

impl Show for Code {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(self.code.expose())
    }
}

impl Totp {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let code: Code = context.ask(Ask::Totp { item: self.which.name() })?;
        if self.copy {
            return crate::clipboard::copy(context, &code.code, "The one-time password");
        }
        if io::IsTerminal::is_terminal(&io::stdout()) {
            context.out.remark(format_args!("good for {} more seconds", code.seconds_left));
        }
        context.out.answer(&code)
    }
}
