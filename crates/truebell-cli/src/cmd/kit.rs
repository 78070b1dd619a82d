//! `truebell kit`: the Emergency Kit as a file, and the proof that it still opens the account.

use super::ca_file::CaFile;
use super::context::Context;
use super::files::{Draft, read_whole};
use crate::agent::kit::KitLine;
use crate::agent::{Ask, failure_of};
use crate::exit::{Answered, Code, Failure};
use crate::kit;
use crate::output::{Done, Page, Show};
use crate::prompt::CodeArgs;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_client::{KitData, test_kit};
use truebell_core::kit::Kit as CoreKit;
use truebell_core::sign::Fingerprint;
use zeroize::Zeroizing;

const KIT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where a kit is written.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub(super) struct KitOut {
    /// Write the Emergency Kit here, as a PDF to print
    #[arg(long, value_name = "FILE")]
    kit: Option<PathBuf>,
    /// Write the Emergency Kit here, as plain text
    #[arg(long, value_name = "FILE")]
    kit_text: Option<PathBuf>,
    /// Write over files that exist
    #[arg(long)]
    force: bool,
}

/// The places of a kit, taken before the kit exists.
pub(super) struct KitDrafts {
    pdf: Option<Draft>,
    text: Option<Draft>,
}

impl KitOut {
    /// Takes the places. A kit that is written nowhere is refused: without it, a lost device is a lost account.
    pub(super) fn reserve(&self) -> Answered<KitDrafts> {
        if self.kit.is_none() && self.kit_text.is_none() {
            return Err(Failure::usage("Say where the Emergency Kit is to be written: --kit kit.pdf, or --kit-text kit.txt."));
        }
        let reserve = |path: &Option<PathBuf>| path.as_deref().map(|path| Draft::reserve(path, self.force)).transpose();
        Ok(KitDrafts { pdf: reserve(&self.kit)?, text: reserve(&self.kit_text)? })
    }
}

impl KitDrafts {
    /// Writes the kit; returns where.
    pub(super) fn write(self, kit: &CoreKit) -> Answered<Vec<PathBuf>> {
        let mut paths = Vec::new();
        if let Some(draft) = self.pdf {
            let pdf = kit::pdf::write(kit).map_err(|error| Failure::plain(error.to_string()))?;
            paths.push(draft.path().to_owned());
            draft.keep(&pdf)?;
        }
        if let Some(draft) = self.text {
            paths.push(draft.path().to_owned());
            draft.keep(&kit::text::write(kit))?;
        }
        Ok(paths)
    }
}

/// Where a kit is read from.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub(super) struct KitIn {
    /// Read the Emergency Kit from this PDF
    #[arg(long, value_name = "FILE")]
    kit: Option<PathBuf>,
    /// Read the Emergency Kit from this text
    #[arg(long, value_name = "FILE", conflicts_with = "kit")]
    kit_text: Option<PathBuf>,
}

impl KitIn {
    /// The kit, if a file was named.
    pub(super) fn read(&self) -> Answered<Option<CoreKit>> {
        let Some(path) = self.kit.as_deref().or(self.kit_text.as_deref()) else { return Ok(None) };
        let bytes = read_whole(path, KIT_BYTES_MAX)?;
        let kit = kit::read_any(&bytes).map_err(|error| Failure::new(Code::BadFile, format!("{}: {error}.", path.display())))?;
        Ok(Some(kit))
    }
}

/// Commands about Emergency Kits
#[derive(Debug, Subcommand)]
pub enum Kit {
    /// Write a kit for the account as it is now
    Write(Write),
    /// Show the kit's text here (it holds the Secret Key)
    Show,
    /// Prove that a kit, with the account password, still opens the account
    ///
    /// Signs in for real and enrols nothing: nothing is stored, here or at the server.
    Test(Test),
}

/// Write a kit
#[derive(Debug, Args)]
pub struct Write {
    #[command(flatten)]
    out: KitOut,
}

/// Test a kit
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    kit: KitIn,
    #[command(flatten)]
    ca: CaFile,
    #[command(flatten)]
    code: CodeArgs,
}

#[derive(Serialize)]
struct Shown {
    server: String,
    fingerprint: String,
    email: String,
    account: String,
    secret_key: truebell_core::secret::Secret,
    epoch: u64,
    #[serde(skip)]
    text: Zeroizing<Vec<u8>>,
}

impl Show for Shown {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(String::from_utf8_lossy(&self.text).trim_end())
    }
}

impl Kit {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Write(write) => {
                let drafts = write.out.reserve()?;
                let kit = ask_kit(context, Ask::Kit)?;
                let paths = drafts.write(&kit)?;
                context.out.answer(&written(&paths))
            }
            Self::Show => {
                let kit = ask_kit(context, Ask::Kit)?;
                let text = kit::text::write(&kit);
                context.out.answer(&Shown {
                    server: kit.server,
                    fingerprint: kit.fingerprint,
                    email: kit.email,
                    account: kit.account.to_string(),
                    secret_key: kit.secret_key.to_text(),
                    epoch: kit.epoch,
                    text,
                })
            }
            Self::Test(test) => test.run(context),
        }
    }
}

/// What was written, as an answer.
pub(super) fn written(paths: &[PathBuf]) -> Done {
    let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let sentence = format!(
        "The Emergency Kit is in {}. Print it, write the account password on it, and keep it in a safe place.",
        names.join(" and ")
    );
    Done::with(sentence, serde_json::json!({ "kit": names }))
}

/// A question that is answered with a kit.
pub(super) fn ask_kit(context: &mut Context, ask: Ask) -> Answered<CoreKit> {
    let line: KitLine = context.ask(ask)?;
    CoreKit::parse_uri(line.uri.expose()).map_err(|error| Failure::plain(error.to_string()))
}

impl Test {
    fn run(self, context: &mut Context) -> Answered {
        let kit = self.kit.read()?.ok_or_else(|| Failure::usage("Say which kit to test: --kit kit.pdf, or --kit-text kit.txt."))?;
        let password = context.account_password()?;
        let data = KitData {
            server: kit.server,
            fingerprint: Fingerprint(kit.fingerprint),
            email: kit.email,
            account: kit.account,
            secret_key: kit.secret_key,
            epoch: kit.epoch,
            made: kit.created,
        };
        let tested = test_kit(&data, &password, &mut self.ca.world(context)?, &mut || super::second_factor::ask_code(&self.code))
            .map_err(|error| failure_of(&error))?;
        let mut sentence = format!("This kit opens the account of {}.", tested.email);
        if tested.email_moved {
            sentence.push_str(" The kit still has an older address: sign in with the new one, or write a new kit.");
        }
        let members = serde_json::json!({
            "opens": true, "email": tested.email, "email_moved": tested.email_moved, "epoch": tested.epoch, "kit_epoch": tested.kit_epoch,
        });
        context.out.answer(&Done::with(sentence, members))
    }
}
