//! `truebell corpus pair info` and `verify`: what a file of pairs says of itself, and whether all of it is as it was written.

use super::{failure_of, open};
use crate::cmd::context::Context;
use crate::exit::Answered;
use crate::output::{Page, Progress, Show, size_text, time_text};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_core::pair::FileId;

/// What is in a file of pairs
///
/// Says what anybody learns who has the file: how many pairs there are, and how they lie. Neither addresses nor passwords are in it.
#[derive(Debug, Args)]
pub struct Info {
    /// The file of pairs
    #[arg(value_name = "PAIRS")]
    pairs: PathBuf,
}

/// Look at every byte of a file of pairs
#[derive(Debug, Args)]
pub struct Verify {
    /// The file of pairs
    #[arg(value_name = "PAIRS")]
    pairs: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    pairs_file: PathBuf,
    version: String,
    public_key: String,
    pairs: u64,
    bytes: u64,
    bucket_bits: u8,
    bucket_entries: u32,
    near: bool,
    made_at: u64,
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("Pairs       {}", self.pairs))?;
        page.line(format_args!("Version     {}", self.version))?;
        page.line(format_args!("Public key  {}", self.public_key))?;
        page.line(format_args!("Buckets     {}, each of {} entries", 1_u32 << self.bucket_bits, self.bucket_entries))?;
        page.line(format_args!("Variants    {}", if self.near { "exact and near" } else { "exact only" }))?;
        page.line(format_args!("Size        {}", size_text(self.bytes)))?;
        page.line(format_args!("Made        {}", time_text(self.made_at)))
    }
}

#[derive(Serialize)]
struct Verified {
    pairs_file: PathBuf,
    version: String,
    pairs: u64,
    whole: bool,
}

impl Show for Verified {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("{} is whole: version {}, {} pairs.", self.pairs_file.display(), self.version, self.pairs))
    }
}

impl Info {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let pairs = open(&self.pairs)?;
        let header = pairs.header();
        context.out.answer(&Answer {
            version: FileId(header.id).to_string(),
            public_key: header.public_key.iter().map(|byte| format!("{byte:02x}")).collect(),
            pairs: header.pairs,
            bytes: header.bytes(),
            bucket_bits: header.bits,
            bucket_entries: header.entries,
            near: header.has_near,
            made_at: header.made_at_ms,
            pairs_file: self.pairs,
        })
    }
}

impl Verify {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let pairs = open(&self.pairs)?;
        let bar = Progress::new("Verifying", 0, !context.out.is_quiet());
        let verified = pairs.verify(&mut |done, total| bar.at(done, total));
        drop(bar);
        verified.map_err(|error| failure_of(&self.pairs, &error))?;
        let header = pairs.header();
        let (version, count) = (FileId(header.id).to_string(), header.pairs);
        context.out.answer(&Verified { pairs_file: self.pairs, version, pairs: count, whole: true })
    }
}
