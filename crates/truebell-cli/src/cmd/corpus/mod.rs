//! `truebell corpus`: digests of exposed passwords: built, looked at, asked and served. Never here: the file's format (`truebell-corpus`).

mod build;
mod building;
mod check;
mod filter;
mod info;
mod merge;
mod pair;
mod ranges;
mod sample;
mod serve;
mod verify;

pub(super) use pair::{Service as PairService, checked as checked_pair_service, parse_key as parse_pair_key};
pub(super) use ranges::ask_ranges;

use super::context::Context;
use crate::exit::{Answered, Code, Ending, Failure};
use clap::Subcommand;
use std::io;
use std::path::Path;
use truebell_corpus::{Damaged, Kind};
use truebell_server::ranges::{FilePages, open_corpus};

/// Digests of exposed passwords: build, check and serve them
#[derive(Debug, Subcommand)]
pub enum Corpus {
    /// Build a corpus from lists of hashes or passwords
    Build(build::Build),
    /// Put several corpora together
    Merge(merge::Merge),
    /// Look at every byte of a corpus
    Verify(verify::Verify),
    /// What is in a corpus
    Info(info::Info),
    /// Whether a password is in a corpus
    Check(check::Check),
    /// Make a filter for phones and browsers
    Filter(filter::Filter),
    /// Serve ranges of a corpus over HTTP
    Serve(serve::Serve),
    /// Show some entries, chosen by chance
    Sample(sample::Sample),
    /// Addresses with passwords: build, ask and serve them blindly
    #[command(subcommand)]
    Pair(pair::Pair),
}

impl Corpus {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        match self {
            Self::Build(command) => command.run(context),
            Self::Merge(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Info(command) => command.run(context),
            Self::Check(command) => return command.run(context),
            Self::Pair(command) => return command.run(context),
            Self::Filter(command) => command.run(context),
            Self::Serve(command) => command.run(context),
            Self::Sample(command) => command.run(context),
        }
        .map(|()| Ending::Ok)
    }
}

/// Which digest, as an option has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Hash {
    /// SHA-1
    Sha1,
    /// NTLM, as Windows has it
    Ntlm,
}

impl From<Hash> for Kind {
    fn from(hash: Hash) -> Self {
        match hash {
            Hash::Sha1 => Self::Sha1,
            Hash::Ntlm => Self::Ntlm,
        }
    }
}

pub(super) fn open(path: &Path) -> Answered<truebell_corpus::Corpus<FilePages>> {
    open_corpus(path).map_err(|error| failure_of(path, &error))
}

/// One of ours may be replaced by another of its kind; anything else is not ours to replace.
fn replace_only(out: &Path, magic: &[u8; 8], what: &str) -> Answered {
    let begins = match std::fs::File::open(out) {
        Ok(mut file) => {
            let mut begin = [0; 8];
            io::Read::read_exact(&mut file, &mut begin).map(|()| begin)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
    };
    if begins.is_ok_and(|begins| begins == *magic) {
        return Ok(());
    }
    Err(Failure::plain(format!("{} exists and is not a {what}: choose another name, or remove it.", out.display())))
}

pub(super) fn failure_of(path: &Path, error: &Damaged) -> Failure {
    Failure::new(Code::BadFile, format!("{}: {error}.", path.display()))
}
