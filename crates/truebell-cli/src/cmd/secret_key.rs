//! `truebell secret-key`: a new Secret Key in place of the old one.

use super::context::Context;
use super::kit::{KitOut, ask_kit, written};
use crate::agent::Ask;
use crate::exit::{Answered, Failure};
use crate::prompt::confirm;
use clap::{Args, Subcommand};

/// Commands about the Secret Key
#[derive(Debug, Subcommand)]
pub enum SecretKey {
    /// Replace the Secret Key, and write a new Emergency Kit
    ///
    /// For when a kit was lost or seen by somebody. Older kits no longer open the account. Your other devices show a notice; each asks
    /// once for the new Secret Key.
    Rotate(Rotate),
}

/// Replace the Secret Key
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    out: KitOut,
}

impl SecretKey {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Self::Rotate(rotate) = self;
        let drafts = rotate.out.reserve()?;
        confirm("Replace the Secret Key? Older Emergency Kits will no longer open the account.", context.globals.yes)?;
        let password = context.account_password()?;
        let kit = ask_kit(context, Ask::RotateSecretKey { password })?;
        let paths = drafts.write(&kit).map_err(|failure| {
            Failure::plain(format!(
                "{} The Secret Key is replaced all the same: write its kit now with `truebell kit write`.",
                failure.message
            ))
        })?;
        context.out.remark("The Secret Key is replaced. Destroy older kits.");
        context.out.answer(&written(&paths))
    }
}
