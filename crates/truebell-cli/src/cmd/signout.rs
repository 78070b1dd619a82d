//! `truebell signout`: the account off this device.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::Done;
use crate::prompt::confirm;
use clap::Args;

/// Remove the account from this device
///
/// The account itself stays, with everything in it; sign in again with the Emergency Kit.
#[derive(Debug, Args)]
pub struct Signout {
    /// Give up edits that have not reached the server
    #[arg(long)]
    discard: bool,
}

impl Signout {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        confirm("Remove the account from this device? To come back you need the Emergency Kit and the password.", context.globals.yes)?;
        context.tell(Ask::SignOut { discard: self.discard })?;
        context.out.answer(&Done::new("The account is removed from this device."))
    }
}
