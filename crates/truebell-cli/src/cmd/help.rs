//! `truebell help`: the page of a command, or one of the topics that belong to no command.

use super::context::Context;
use crate::exit::{Answered, CODES, Failure};
use clap::Args;
use std::fmt::Write;

/// Help on a command, or on exit-codes, references, secrets
#[derive(Debug, Args)]
pub struct Help {
    /// A command, such as `item create`, or a topic
    #[arg(value_name = "COMMAND")]
    topic: Vec<String>,
}

const REFERENCES: &str = "\
A reference names one field of one item:

  tb://VAULT/ITEM/FIELD            tb://Personal/My bank/password
  tb://VAULT/ITEM/SECTION/FIELD    tb://Work/Router/Admin/PIN

Vault and item are names or ids, the field is an id or a label. A slash inside a name is written %2F, a percent sign %25, a closing
brace %7D. The fields title, note, url and totp-code (the current one-time password) are there on every item that has them.

  truebell read tb://Personal/Mail/password
  truebell run --env-file app.env -- ./app        lines such as DB_PASSWORD=tb://Work/Database/password
  truebell inject -i app.conf.tpl -o app.conf     {{ tb://Work/Database/password }}
";

const SECRETS: &str = "\
Secrets are asked for on the terminal. Scripts give each in one of three ways, never as an argument and never in the environment:

  --password-stdin         the next line of standard input
  --password-file FILE     the first line of a file
  --password-fd N          the first line of an open file descriptor

  account password         --password-…
  new account password     --new-password-…       (password change)
  Secret Key               --secret-key-…         (signin, unlock)
  second factor's code     --code-…               (signin, kit test, second-factor)
  password of a file       --import-password-…    (import)
                           --export-password-…    (export)
                           --file-password-…      (backup, restore)
  a field of an item       --set-stdin FIELD, --set-file FIELD=FILE, --ask FIELD

Where several come from standard input, each takes one line, in the order of this list, needed or not. --yes answers questions with yes.
TRUEBELL_HOME is the folder of all profiles, TRUEBELL_PROFILE the profile; TRUEBELL_NO_PROMPT set to anything never asks.
";

impl Help {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let page = match self.topic.join(" ").as_str() {
            "exit-codes" => exit_codes(),
            "references" => REFERENCES.to_owned(),
            "secrets" => SECRETS.to_owned(),
            _ => command_page(&self.topic)?,
        };
        context.out.raw(page.as_bytes())
    }
}

fn exit_codes() -> String {
    let mut page = "The exit status tells programs how a command ended; --json gives the word as well.\n\n".to_owned();
    let row = |page: &mut String, number: u8, word: &str, meaning: &str| {
        // Writing to a string cannot fail.
        writeln!(page, "{number:>4}  {word:<14} {meaning}").unwrap_or_default();
    };
    row(&mut page, 0, "", "Done.");
    for (_, number, word, meaning) in CODES {
        row(&mut page, *number, word, meaning);
    }
    page.push_str("\n`truebell run` ends with the status of its program: 127 if there is none, 126 if it cannot be run, 128 + n if signal n ended it.\n");
    page
}

fn command_page(path: &[String]) -> Answered<String> {
    let mut tree = super::tree();
    tree.build();
    let mut at = &mut tree;
    for word in path {
        at = at
            .find_subcommand_mut(word)
            .ok_or_else(|| Failure::usage(format!("There is no help on “{}”: `truebell help` lists the commands.", path.join(" "))))?;
    }
    Ok(at.render_long_help().to_string())
}
