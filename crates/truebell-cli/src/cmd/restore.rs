//! `truebell restore`: a server from its backup, whole or not at all.

use super::backup::{failure_of, read_passphrase};
use super::config::ConfigArgs;
use super::context::Context;
use crate::exit::Answered;
use crate::output::{Page, Progress, Show};
use crate::prompt::FilePasswordArgs;
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_server::backup::{Wish, bring_back};

/// Bring a server back from its backup
///
/// Into an empty database, SQLite or PostgreSQL. The restore epoch rises by one, so every client learns that the server went back.
/// A damaged, cut or foreign file changes nothing.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "BACKUP")]
    file: PathBuf,
    /// Move an old SQLite database and another server's key aside first
    #[arg(long, conflicts_with = "key_only")]
    force: bool,
    /// Bring back only the server's key, beside a database that is still there
    #[arg(long)]
    key_only: bool,
    #[command(flatten)]
    passphrase: FilePasswordArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Serialize)]
struct Restored {
    server: String,
    fingerprint: String,
    restore_epoch: u64,
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_aside: Option<PathBuf>,
    #[serde(skip)]
    key_only: bool,
}

impl Show for Restored {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.key_only {
            page.line("The server's key is back. Start it with `truebell serve`.")?;
        } else {
            page.line(format_args!(
                "The server is back ({} rows), at restore epoch {}. Start it with `truebell serve`.",
                self.rows, self.restore_epoch
            ))?;
        }
        page.line(format_args!("Fingerprint   {}", self.fingerprint))?;
        match &self.moved_aside {
            Some(path) => page.line(format_args!("The old database is at {}; remove it when you do not need it any more.", path.display())),
            None => Ok(()),
        }
    }
}

impl Restore {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let passphrase = read_passphrase(&self.passphrase, false)?;
        let bar = Progress::new("Restoring", 0, !context.out.is_quiet());
        let wish = Wish { path: &self.file, passphrase: &passphrase, force: self.force, key_only: self.key_only };
        let done = super::invite::runtime()?.block_on(bring_back(&config, wish, &mut |at, of| bar.at(at, of)));
        drop(bar);
        let done = done.map_err(|error| failure_of(&error))?;
        let identity = done.restored.identity;
        context.out.answer(&Restored {
            server: identity.server.to_string(),
            fingerprint: identity.key.fingerprint().to_string(),
            restore_epoch: identity.restore_epoch,
            rows: done.rows,
            moved_aside: done.aside,
            key_only: self.key_only,
        })
    }
}
