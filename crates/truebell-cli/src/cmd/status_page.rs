//! `truebell status-page`: the status page as files, for a host that stays up when the server does not.

use super::config::ConfigArgs;
use super::context::Context;
use super::journal::Journal;
use crate::exit::{Answered, Failure};
use crate::output::Done;
use clap::Subcommand;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use truebell_server::status::{FILES, Titles, files, host_of};

/// The server's status page
#[derive(Debug, Subcommand)]
pub enum StatusPage {
    /// Write the page, its signed and its readable document and its feed into a folder
    ///
    /// Serve the folder from another host than the server's, and name its address in the setting `status_url`: devices that sign in
    /// remember it. Write it anew when something was said, and once a day, so that its date shows that somebody looks after it.
    Write {
        /// The folder; made if it is not there
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

impl StatusPage {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Self::Write { out, config } = self;
        let journal = Journal::open(&config)?;
        let (document, status) = journal.document()?;
        let public_url = journal.config.public_url_at(journal.config.listen);
        let url = match journal.config.status_url.as_str() {
            "" => format!("{public_url}/status"),
            url => url.to_owned(),
        };
        let titles = Titles { name: host_of(&public_url), url, fingerprint: journal.fingerprint(), base: "" };
        let failed = |error: std::io::Error| Failure::io(format_args!("{} cannot be written", out.display()), &error);
        fs::create_dir_all(&out).map_err(failed)?;
        for ((name, _), text) in FILES.iter().zip(files(&status, &document, &titles)) {
            put(&out.join(name), &text).map_err(failed)?;
        }
        let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        let sentence = format!("{} holds the status page: {}.", out.display(), names.join(", "));
        context.out.answer(&Done::with(sentence, json!({ "folder": out, "files": names, "state": status.state, "serial": status.serial })))
    }
}

/// Whole or not at all: a web server may be reading it.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(new, path)
}
