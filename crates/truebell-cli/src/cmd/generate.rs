//! `truebell generate`: passwords and passphrases made by chance.

use super::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show};
use clap::Args;
use serde::Serialize;
use std::io;
use truebell_client::SystemChance;
use truebell_core::generate::{DEFAULT_SYMBOLS, Generated, PassphraseRecipe, PasswordRecipe, make_passphrase, make_password};
use truebell_core::secret::Secret;

/// What to make.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to generate")]
pub(super) struct Recipe {
    /// So many characters
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "words")]
    length: usize,
    /// No small letters
    #[arg(long, conflicts_with = "words")]
    no_lower: bool,
    /// No capital letters
    #[arg(long, conflicts_with = "words")]
    no_upper: bool,
    /// No digits
    #[arg(long, conflicts_with = "words")]
    no_digits: bool,
    /// No symbols
    #[arg(long, conflicts_with = "words")]
    no_symbols: bool,
    /// Only these symbols
    #[arg(long, value_name = "SYMBOLS", default_value = DEFAULT_SYMBOLS, hide_default_value = true, conflicts_with_all = ["words", "no_symbols"])]
    symbols: String,
    /// Nothing that looks like something else (0 and O, 1 and l)
    #[arg(long, conflicts_with = "words")]
    no_lookalikes: bool,
    /// A passphrase of so many words instead (six if you name no number)
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "6")]
    words: Option<u8>,
    /// What stands between words
    #[arg(long, value_name = "TEXT", default_value = "-", requires = "words")]
    separator: String,
    /// Words begin with capital letters
    #[arg(long, requires = "words")]
    capitalise: bool,
    /// A digit after one of the words
    #[arg(long, requires = "words")]
    digit: bool,
}

/// Make a password or passphrase
#[derive(Debug, Args)]
pub struct Generate {
    #[command(flatten)]
    recipe: Recipe,
    /// So many of them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// To the clipboard instead of the terminal; it clears itself
    #[arg(long, conflicts_with = "count")]
    copy: bool,
}

impl Recipe {
    /// Makes one.
    pub(super) fn make(&self) -> Answered<Generated> {
        let mut chance = SystemChance;
        if let Some(words) = self.words {
            let recipe = PassphraseRecipe { words, separator: self.separator.clone(), capitalise: self.capitalise, add_digit: self.digit };
            return make_passphrase(&recipe, &mut chance).map_err(|error| Failure::usage(capital(&error.to_string())));
        }
        let recipe = PasswordRecipe {
            length: self.length,
            lower: !self.no_lower,
            upper: !self.no_upper,
            digits: !self.no_digits,
            symbols: !self.no_symbols,
            symbol_set: self.symbols.clone(),
            no_lookalikes: self.no_lookalikes,
        };
        make_password(&recipe, &mut chance).map_err(|error| Failure::usage(capital(&error.to_string())))
    }
}

fn capital(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

#[derive(Serialize)]
struct One {
    password: Secret,
    entropy_bits: u64,
}

#[derive(Serialize)]
struct Made {
    generated: Vec<One>,
}

impl Show for Made {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.generated.iter().try_for_each(|one| page.line(one.password.expose()))
    }
}

impl Generate {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let made = (0..self.count).map(|_| self.recipe.make()).collect::<Answered<Vec<_>>>()?;
        let bits = made.first().map_or(0.0, |one| one.entropy_bits);
        if self.copy {
            let one = made.into_iter().next().map(|one| one.text).unwrap_or_default();
            return crate::clipboard::copy(context, &one, "The password");
        }
        if self.count == 1 {
            // On standard error and only for people: `PASSWORD=$(truebell generate)` gets the password and nothing else.
            if io::IsTerminal::is_terminal(&io::stdout()) {
                context.out.remark(format_args!("{bits:.0} bits of chance"));
            }
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to some thousands")]
        let whole = |bits: f64| bits as u64;
        context.out.answer(&Made {
            generated: made.into_iter().map(|one| One { entropy_bits: whole(one.entropy_bits), password: one.text }).collect(),
        })
    }
}
