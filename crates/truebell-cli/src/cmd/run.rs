//! `truebell run`: a program with secrets in its environment, and nowhere else.

use super::child::{Child, run_child};
use super::context::Context;
use super::files::read_whole;
use super::read::resolve;
use super::refer::env_file::{Value, parse};
use super::refer::{Reference, is_reference};
use crate::exit::{Answered, Code, Ending, Failure};
use clap::Args;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use truebell_core::secret::Secret;

const ENV_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Run a program with secrets in its environment
///
/// Values of the form tb://vault/item/field, in env files and in the environment of this command, are replaced by what they stand for.
/// The secrets are in the program's environment only; in its output they are masked. Its exit status becomes ours.
#[derive(Debug, Args)]
pub struct Run {
    /// Lines of NAME=value; later files win
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// Do not mask secrets in the program's output, and leave it the terminal
    #[arg(long)]
    no_masking: bool,
    /// The program and its arguments
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    program: Vec<OsString>,
}

impl Run {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        let mut environment = BTreeMap::new();
        for (name, value) in std::env::vars() {
            if is_reference(&value) {
                environment.insert(name, Value::Field(Reference::parse(&value)?));
            }
        }
        for path in &self.env_file {
            let bytes = read_whole(path, ENV_FILE_BYTES_MAX)?;
            let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(Code::BadFile, "The env file is not UTF-8 text."))?;
            environment.extend(parse(text)?);
        }
        let mut secrets = Vec::new();
        let mut variables = Vec::new();
        for (name, value) in environment {
            let value = match value {
                Value::Text(text) => Secret::new(text),
                Value::Field(reference) => {
                    let value = resolve(context, &reference)?;
                    secrets.push(value.clone());
                    value
                }
            };
            if value.expose().contains('\0') {
                return Err(Failure::plain(format!("The value for {name} holds a zero byte, which no environment can carry.")));
            }
            variables.push((name, value));
        }
        // What is to be said is said before the program has the terminal.
        context.show_notices();
        let (program, arguments) = self.program.split_first().ok_or_else(|| Failure::usage("Name the program to run."))?;
        run_child(Child { program, arguments, variables, masked: if self.no_masking { None } else { Some(secrets) } }).map(Ending::Child)
    }
}
