//! `truebell inject`: a template with its secrets filled in.

use super::context::Context;
use super::files::{Draft, read_whole};
use super::read::resolve;
use super::refer::template::{Piece, parse};
use crate::exit::{Answered, Code, Failure};
use clap::Args;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const TEMPLATE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Fill secrets into a template
///
/// Each {{ tb://vault/item/field }} is replaced by the field's value; all else stays to the byte. If one cannot be resolved, nothing
/// is written.
#[derive(Debug, Args)]
pub struct Inject {
    /// The template [default: standard input]
    #[arg(long = "in", short = 'i', value_name = "FILE", default_value = "-", hide_default_value = true)]
    input: PathBuf,
    /// The result, for its owner only [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over the file if it exists
    #[arg(long, requires = "out")]
    force: bool,
}

impl Inject {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        if self.input == Path::new("-") && context.globals.password.source().stdin {
            return Err(Failure::usage("Standard input cannot be both the password and the template: give one of them in another way."));
        }
        let draft = self.out.as_deref().map(|path| Draft::reserve(path, self.force)).transpose()?;
        let bytes = read_whole(&self.input, TEMPLATE_BYTES_MAX)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(Code::BadFile, "The template is not UTF-8 text."))?;
        let mut filled = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
        for piece in parse(text)? {
            match piece {
                Piece::Text(text) => filled.extend_from_slice(text.as_bytes()),
                Piece::Field(reference) => filled.extend_from_slice(resolve(context, &reference)?.expose().as_bytes()),
            }
        }
        match draft {
            Some(draft) => draft.keep(&filled),
            None => context.out.raw(&filled),
        }
    }
}
