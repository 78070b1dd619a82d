//! `truebell corpus pair`: addresses with passwords: built, looked at, asked and served. Never here: the file's format (`truebell-corpus`) and what is blind about it (`truebell-core`).

mod ask;
mod build;
mod entries;
mod info;
mod serve;
mod source;

pub(in crate::cmd) use ask::{Service, checked, parse_key};

use super::super::context::Context;
use crate::exit::{Answered, Code, Ending, Failure};
use clap::Subcommand;
use std::path::Path;
use truebell_corpus::pairs::{Pairs, PairsDamaged};
use truebell_server::pairs::{FileBytes, open_pairs};

/// Addresses with the passwords they were seen with: build, ask and serve them blindly
#[derive(Debug, Subcommand)]
pub enum Pair {
    /// Build a file of pairs from lists of address:password
    Build(build::Build),
    /// What is in a file of pairs
    Info(info::Info),
    /// Look at every byte of a file of pairs
    Verify(info::Verify),
    /// Serve pairs over HTTP
    Serve(serve::Serve),
    /// Ask a pair service whether an address was seen with a password
    Ask(ask::Ask),
}

impl Pair {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        match self {
            Self::Build(command) => command.run(context),
            Self::Info(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Serve(command) => command.run(context),
            Self::Ask(command) => return command.run(context),
        }
        .map(|()| Ending::Ok)
    }
}

fn open(path: &Path) -> Answered<Pairs<FileBytes>> {
    open_pairs(path).map_err(|error| failure_of(path, &error))
}

fn failure_of(path: &Path, error: &PairsDamaged) -> Failure {
    Failure::new(Code::BadFile, format!("{}: {error}.", path.display()))
}

/// The names of kinds of lists.
fn kinds_of(flags: u8) -> Vec<&'static str> {
    truebell_corpus::Flags::of_bits(flags).into_iter().flat_map(truebell_corpus::Flags::iter).map(truebell_corpus::Flag::name).collect()
}
