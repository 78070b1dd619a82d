//! `truebell backup`: the server in one sealed file, made while it serves and checked by restoring it.

use super::config::ConfigArgs;
use super::context::Context;
use crate::exit::{Answered, Code, Failure};
use crate::output::{Page, Progress, Show, size_text};
use crate::prompt::{FilePasswordArgs, ask_secret, can_ask};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::secret::Secret;
use truebell_server::backup::{BackupError, RunError, back_up};

/// Back up a server into one sealed file
///
/// The server may go on serving. The file holds everything, its key included, sealed with a passphrase of its own: without the
/// passphrase nobody can use it, you neither. It is restored into a scratch database and compared before it gets its name.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to make
    #[arg(value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    passphrase: FilePasswordArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Serialize)]
struct BackedUp {
    file: PathBuf,
    bytes: u64,
    accounts: u64,
    rows: u64,
}

impl Show for BackedUp {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{} holds {} accounts ({} rows, {}). It was restored once to check it.",
            self.file.display(),
            self.accounts,
            self.rows,
            size_text(self.bytes)
        ))?;
        page.line("Keep its passphrase somewhere else than the file.")
    }
}

/// A passphrase from its options, or asked for; twice where it is a new one.
pub(super) fn read_passphrase(args: &FilePasswordArgs, is_new: bool) -> Answered<Secret> {
    let what = "The backup's passphrase";
    if !is_new || !can_ask() {
        return args.source().read_or_ask(what, "file-password");
    }
    if let Some(passphrase) = args.source().read(what)? {
        return Ok(passphrase);
    }
    let passphrase = ask_secret("Passphrase for the backup")?;
    if passphrase.is_empty() {
        return Err(Failure::usage("The passphrase is empty."));
    }
    if ask_secret("The same again")? == passphrase { Ok(passphrase) } else { Err(Failure::usage("The two passphrases differ.")) }
}

/// A failure in this program's words.
pub(super) fn failure_of(error: &RunError) -> Failure {
    let code = match error {
        RunError::Backup(BackupError::WrongPassphrase(_)) => Code::WrongDetails,
        RunError::Backup(BackupError::Foreign(_) | BackupError::Newer(_) | BackupError::CutShort { .. } | BackupError::Damaged { .. }) => {
            Code::BadFile
        }
        _ => Code::Failed,
    };
    Failure::new(code, format!("{error}."))
}

impl Backup {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let passphrase = read_passphrase(&self.passphrase, true)?;
        let bar = Progress::new("Backing up", 0, !context.out.is_quiet());
        let mut rows = 0;
        let mut progress = || {
            rows += 1;
            bar.at(rows, rows);
        };
        let runtime = super::invite::runtime()?;
        let made = runtime.block_on(back_up(&config, &self.out, &passphrase, SystemClock.now(), &mut SystemChance, &mut progress));
        drop(bar);
        let made = made.map_err(|error| failure_of(&error))?;
        let accounts = made.totals.rows_of("accounts");
        context.out.answer(&BackedUp { file: made.path, bytes: made.bytes, accounts, rows: made.totals.rows() })
    }
}
