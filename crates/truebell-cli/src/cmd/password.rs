//! `truebell password`: the account password, and how a new one is chosen.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::{Answered, Failure};
use crate::output::Done;
use crate::prompt::{NewPasswordArgs, ask_secret, can_ask, confirm};
use clap::{Args, Subcommand};
use truebell_core::secret::Secret;
use truebell_core::strength::derive_strength;

/// Commands about the account password
#[derive(Debug, Subcommand)]
pub enum Password {
    /// Change the account password
    ///
    /// Your other devices stay signed in and each shows one notice. The Emergency Kit stays as it is: the Secret Key does not change.
    Change(Change),
}

/// Change the account password
#[derive(Debug, Args)]
pub struct Change {
    #[command(flatten)]
    new: NewPasswordArgs,
}

/// Which password is being chosen, and so which options may give it.
pub(super) enum Chosen<'a> {
    /// The first one: `--password-…`.
    AtSignUp,
    /// A new one: `--new-password-…`.
    Instead(&'a NewPasswordArgs),
}

impl Password {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Self::Change(change) = self;
        let current = context.account_password()?;
        let new = choose_password(context, Chosen::Instead(&change.new), &[])?;
        if new == current {
            return Err(Failure::usage("The new account password is the current one: nothing was changed."));
        }
        context.tell(Ask::ChangePassword { current, new })?;
        context
            .out
            .answer(&Done::new("The account password is changed. Your other devices show a notice of it; unlock them with the new one."))
    }
}

/// Reads a new account password, typed twice, and says how strong it is. `known` are words a guesser would try.
pub(super) fn choose_password(context: &mut Context, chosen: Chosen<'_>, known: &[&str]) -> Answered<Secret> {
    let (given, question) = match chosen {
        Chosen::AtSignUp => (context.given_password()?, "Choose an account password"),
        Chosen::Instead(args) => (args.source().read("The new account password")?, "New account password"),
    };
    let is_given = given.is_some();
    let password = match given {
        Some(password) => password,
        None if can_ask() => ask_twice(question)?,
        None => {
            let option = if matches!(chosen, Chosen::AtSignUp) { "password" } else { "new-password" };
            return Err(Failure::new(
                crate::exit::Code::Locked,
                format!(
                    "An account password is needed, and nobody can be asked here: give it with --{option}-stdin, --{option}-file or --{option}-fd."
                ),
            ));
        }
    };
    if password.is_empty() {
        return Err(Failure::usage("An account password cannot be empty."));
    }
    judge(context, &password, known, is_given)?;
    Ok(password)
}

fn ask_twice(question: &str) -> Answered<Secret> {
    let first = ask_secret(question)?;
    let second = ask_secret("The same once more")?;
    if first == second { Ok(first) } else { Err(Failure::usage("The two are not the same: nothing was changed.")) }
}

/// Weak passwords are advised against; the choice is the person's.
fn judge(context: &Context, password: &Secret, known: &[&str], is_given: bool) -> Answered {
    const GOOD: u8 = 3;
    let strength = derive_strength(password.expose(), known);
    if strength.score >= GOOD {
        return Ok(());
    }
    let advice = strength.suggestions.first().map_or(String::new(), |suggestion| format!(" {suggestion}"));
    context.out.warn(format_args!("This password can be guessed. {}{advice}", strength.reason));
    if is_given { Ok(()) } else { confirm("Take it all the same?", context.globals.yes) }
}
