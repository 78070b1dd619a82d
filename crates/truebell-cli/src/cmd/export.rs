//! `truebell export`: items into a file, with a report of what the format cannot carry.

use super::context::Context;
use super::files::Draft;
use super::import::show_losses;
use crate::agent::{Ask, ItemName, Opened, Scope, State, Streams, unheard};
use crate::exit::{Answered, Failure};
use crate::output::{Page, Progress, Show, count_text};
use crate::prompt::{ExportPasswordArgs, ask_secret, can_ask, confirm};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::item::Item;
use truebell_core::secret::Secret;
use truebell_transfer::export::{Format, Outgoing, write};
use truebell_transfer::import::ImportedFile;
use truebell_transfer::report::LossReport;

/// Items fetched at once.
const BATCH: usize = 500;

/// Write items to a file
///
/// `archive` is Truebell's own format and keeps everything; `kdbx` opens in KeePass and KeePassXC. Both are sealed with a password of
/// their own. `bitwarden` (JSON) and `csv` are plain text that anybody can read.
#[derive(Debug, Args)]
pub struct Export {
    /// The format: archive, kdbx, bitwarden or csv
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    /// The file, for its owner only, or - for standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only of this vault
    #[arg(long, value_name = "VAULT")]
    vault: Option<String>,
    /// Also what is in the trash
    #[arg(long)]
    with_trash: bool,
    /// Write over the file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    password: ExportPasswordArgs,
}

#[derive(Serialize)]
struct Report {
    format: &'static str,
    file: String,
    exported: usize,
    report: serde_json::Value,
    #[serde(skip)]
    losses: LossReport,
}

impl Show for Report {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{} with {} written to {}.",
            count_text(self.exported, "item"),
            count_text(self.losses.files, "file"),
            self.file
        ))?;
        show_losses(page, &self.losses, "exported")
    }
}

struct Whole {
    item: Item,
    files: Vec<ImportedFile>,
}

impl Export {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let is_stdout = self.file == Path::new("-");
        let draft = if is_stdout { None } else { Some(Draft::reserve(&self.file, self.force)?) };
        if !self.format.is_sealed() {
            confirm("This format is plain text: anybody who gets the file can read every password. Write it?", context.globals.yes)?;
        }
        let password = if self.format.is_sealed() { Some(self.read_password()?) } else { None };
        let items = self.collect(context)?;
        let outgoing: Vec<Outgoing<'_>> = items.iter().map(|whole| Outgoing { item: &whole.item, files: &whole.files }).collect();
        let exported = write(self.format, &outgoing, password.as_ref(), SystemClock.now(), &mut SystemChance)
            .map_err(|error| Failure::plain(format!("{error}.")))?;
        let Some(draft) = draft else { return context.out.raw(&exported.bytes) };
        draft.keep(&exported.bytes)?;
        context.out.answer(&Report {
            format: self.format.id(),
            file: self.file.display().to_string(),
            exported: items.len(),
            report: exported.report.to_json(),
            losses: exported.report,
        })
    }

    fn read_password(&self) -> Answered<Secret> {
        if let Some(password) = self.password.source().read("The file's password")? {
            return Ok(password);
        }
        if !can_ask() {
            return self.password.source().read_or_ask("A password for the file", "export-password");
        }
        let first = ask_secret("Choose a password for the file")?;
        if first.is_empty() || ask_secret("The same once more")? != first {
            return Err(Failure::usage("The two are not the same, or empty: nothing was written."));
        }
        Ok(first)
    }

    fn collect(&self, context: &mut Context) -> Answered<Vec<Whole>> {
        let scope = Scope { vault: self.vault.clone(), state: State::All, ..Scope::default() };
        let mut all = Vec::new();
        let mut from = 0;
        let bar = Progress::new("Exporting", 0, !context.out.is_quiet());
        loop {
            let opened: Opened = context.ask(Ask::Open { scope: scope.clone(), from, count: BATCH })?;
            if opened.items.is_empty() {
                return Ok(all);
            }
            from += opened.items.len();
            for (id, item) in opened.items {
                let is_trashed = matches!(item.overview.state, truebell_core::item::State::Trashed { .. });
                if self.with_trash || !is_trashed {
                    let files = read_files(context, &id.to_string(), &item)?;
                    all.push(Whole { item, files });
                }
            }
            bar.at(from as u64, opened.total as u64);
        }
    }
}

fn read_files(context: &mut Context, id: &str, item: &Item) -> Answered<Vec<ImportedFile>> {
    let mut files = Vec::new();
    for attachment in &item.detail.attachments {
        let ask = Ask::AttachmentById { item: ItemName { name: id.to_owned(), vault: None }, attachment: attachment.id };
        let mut bytes = Vec::with_capacity(usize::try_from(attachment.size_bytes).unwrap_or_default());
        context.door()?.ask(ask, &mut Streams { input: &mut io::empty(), output: &mut bytes, progress: &unheard })?;
        files.push(ImportedFile { name: attachment.name.clone(), bytes });
    }
    Ok(files)
}
