//! `truebell address`: the account's mail address.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::Answered;
use crate::output::Done;
use clap::Subcommand;

/// Commands about the mail address
#[derive(Debug, Subcommand)]
pub enum Address {
    /// Change the mail address of the account
    ///
    /// Both addresses get a mail, and your other devices a notice. The Secret Key and the password stay.
    Change {
        /// The new address
        #[arg(value_name = "ADDRESS")]
        email: String,
    },
}

impl Address {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Self::Change { email } = self;
        context.tell(Ask::ChangeAddress { email: email.clone() })?;
        let sentence = format!(
            "The account's mail address is {email} now. The Emergency Kit still names the old one: write a new one with `truebell kit write`."
        );
        context.out.answer(&Done::with(sentence, serde_json::json!({ "email": email })))
    }
}
