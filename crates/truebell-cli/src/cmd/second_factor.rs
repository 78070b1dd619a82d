//! `truebell second-factor`: codes from an authenticator, asked for when a device is added.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::{Answered, Failure};
use crate::output::Done;
use crate::prompt::{CodeArgs, ask_line, can_ask};
use clap::{Args, Subcommand};
use serde::Deserialize;
use truebell_core::secret::Secret;

/// Commands about the second factor
#[derive(Debug, Subcommand)]
pub enum SecondFactor {
    /// Add an authenticator: shows its QR code and address, then asks for a code it shows
    Add(Code),
    /// Remove the authenticator
    Remove(Code),
}

/// A code
#[derive(Debug, Args)]
pub struct Code {
    #[command(flatten)]
    code: CodeArgs,
}

#[derive(Deserialize)]
struct Uri {
    uri: Secret,
}

/// A code of the authenticator; `None` where there is nobody to give one.
pub(super) fn ask_code(args: &CodeArgs) -> Option<String> {
    match args.source().read("The code") {
        Ok(Some(code)) => Some(code.expose().trim().to_owned()),
        Ok(None) if can_ask() => ask_line("Code from your authenticator").ok().filter(|code| !code.is_empty()),
        _ => None,
    }
}

fn need_code(args: &CodeArgs) -> Answered<String> {
    ask_code(args)
        .ok_or_else(|| Failure::usage("A code from the authenticator is needed: give it with --code-stdin, --code-file or --code-fd."))
}

impl SecondFactor {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Add(args) => {
                let Uri { uri } = context.ask(Ask::MakeSecondFactor)?;
                if context.out.is_json() {
                    context.out.json_bytes(serde_json::json!({ "uri": uri }).to_string().as_bytes())?;
                } else {
                    context.out.raw(format!("{}\n{}\n", picture(&uri), uri.expose()).as_bytes())?;
                }
                let code = need_code(&args.code)?;
                context.tell(Ask::AddSecondFactor { uri, code })?;
                context.out.answer(&Done::new("The second factor is added: a new device is asked for its code from now on."))
            }
            Self::Remove(args) => {
                let code = need_code(&args.code)?;
                context.tell(Ask::RemoveSecondFactor { code })?;
                context.out.answer(&Done::new("The second factor is removed."))
            }
        }
    }
}

/// A QR code of half blocks; nothing where the text does not fit into one.
fn picture(uri: &Secret) -> String {
    use qrcode::render::unicode::Dense1x2;
    qrcode::QrCode::new(uri.expose()).map_or_else(|_| String::new(), |code| code.render::<Dense1x2>().build())
}
