//! `truebell import`: another password manager's file, read whole or not at all, with a report of what is not carried.

use super::context::{Context, read_answer};
use super::files::read_whole;
use crate::agent::{Ask, ItemName, Streams, unheard};
use crate::exit::{Answered, Code, Failure};
use crate::output::{Page, Progress, Show, Table, count_text};
use crate::prompt::{ImportPasswordArgs, can_ask, confirm};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use truebell_client::{Clock, SystemClock};
use truebell_core::ids::ItemId;
use truebell_core::item::Item;
use truebell_transfer::import::{ImportError, Imported, ImportedItem, Source, Unlock, detect, needs_password, read};
use truebell_transfer::report::LossReport;

const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Items handed over at once: one transaction each, and a step of the progress bar.
const BATCH: usize = 500;

/// Read the file of another password manager
///
/// Reads Bitwarden (JSON, CSV), 1Password (1PUX), KeePass (KDBX), Proton Pass, and the CSV files of Chrome, Edge, Firefox, Safari,
/// LastPass, Dashlane, NordPass and KeePassXC, and Truebell's own archive. What cannot be carried is listed, record by record, before
/// anything is written. A damaged file imports nothing.
#[derive(Debug, Args)]
pub struct Import {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Whose file it is, where it cannot be told from its content
    #[arg(long, value_name = "FORMAT")]
    format: Option<Source>,
    /// Only show what would be imported
    #[arg(long)]
    dry_run: bool,
    /// Into this vault [default: the oldest]
    #[arg(long, value_name = "VAULT")]
    vault: Option<String>,
    /// A KeePass key file
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    password: ImportPasswordArgs,
}

#[derive(Serialize)]
struct Report {
    source: &'static str,
    dry_run: bool,
    imported: usize,
    categories: BTreeMap<&'static str, usize>,
    report: serde_json::Value,
    #[serde(skip)]
    losses: LossReport,
    #[serde(skip)]
    name: &'static str,
    #[serde(skip)]
    ending: &'static str,
}

impl Show for Report {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let kinds = self.categories.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ");
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({kinds})") };
        page.line(format_args!(
            "{}: {}, {}{kinds}, {}.",
            self.name,
            count_text(self.losses.records, "record"),
            count_text(self.losses.items, "item"),
            count_text(self.losses.files, "file")
        ))?;
        show_losses(page, &self.losses, "imported")?;
        if self.dry_run { page.line(self.ending) } else { page.line(format_args!("Imported: {}.", count_text(self.imported, "item"))) }
    }
}

/// What is not carried, line by line.
pub(super) fn show_losses(page: &mut Page<'_>, report: &LossReport, verb: &str) -> io::Result<()> {
    if report.losses.is_empty() {
        return page.line(format_args!("Everything is {verb} as it is."));
    }
    let lost = report.lost();
    page.line(format_args!("Not {verb}: {lost}. In another shape: {}.", report.losses.len() - lost))?;
    let mut table = Table::new(&LossReport::COLUMNS);
    report.rows().for_each(|row| table.row(row));
    page.table(&table)
}

impl Import {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let bytes = read_whole(&self.file, FILE_BYTES_MAX)?;
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let source = self.format.or_else(|| detect(&name, &bytes)).ok_or_else(|| bad_file(&ImportError::Unknown))?;
        let password = if needs_password(source, &bytes) {
            let what = format!("The password of {name}");
            Some(self.password.source().read_or_ask(&what, "import-password")?)
        } else {
            None
        };
        let key_file = self.key_file.as_deref().map(|path| read_whole(path, 1024 * 1024)).transpose()?;
        let unlock = Unlock { password: password.as_ref(), key_file: key_file.as_ref().map(|bytes| bytes.as_slice()) };
        let imported = read(source, &bytes, unlock, SystemClock.now()).map_err(|error| bad_file(&error))?;
        drop(bytes);
        let mut report = describe(source, &imported);
        if self.dry_run {
            return context.out.answer(&report);
        }
        if !context.globals.yes && can_ask() && !context.out.is_json() {
            context.out.answer(&Report { ending: "Nothing is imported yet.", ..describe(source, &imported) })?;
        }
        confirm(&format!("Import {}?", count_text(imported.items.len(), "item")), context.globals.yes)?;
        report.imported = store(context, self.vault.as_deref(), imported.items)?;
        report.dry_run = false;
        context.out.answer(&report)?;
        let synced: serde_json::Value = context.ask(Ask::Sync)?;
        let is_up_to_date = synced.pointer("/view/is").and_then(serde_json::Value::as_str) == Some("up-to-date");
        if !is_up_to_date {
            let why = synced.get("sentence").and_then(serde_json::Value::as_str).unwrap_or_default();
            context.out.remark(format_args!("Saved on this device; it goes to the server with the next sync. {why}"));
        }
        Ok(())
    }
}

fn bad_file(error: &ImportError) -> Failure {
    let code = if matches!(error, ImportError::WrongPassword(_)) { Code::WrongDetails } else { Code::BadFile };
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    Failure::new(code, format!("{first}{}.", letters.as_str()))
}

fn describe(source: Source, imported: &Imported) -> Report {
    let mut categories = BTreeMap::new();
    for item in &imported.items {
        *categories.entry(crate::output::category_word(item.item.overview.category)).or_default() += 1;
    }
    Report {
        source: source.id(),
        dry_run: true,
        imported: 0,
        categories,
        report: imported.report.to_json(),
        losses: imported.report.clone(),
        name: source.name(),
        ending: "Nothing was imported: this was a dry run.",
    }
}

#[derive(Deserialize)]
struct Stored {
    ids: Vec<ItemId>,
}

/// Hands the items over, some at a time, each lot with its files.
fn store(context: &mut Context, vault: Option<&str>, items: Vec<ImportedItem>) -> Answered<usize> {
    let total = items.len() as u64;
    let bar = Progress::new("Importing", total, !context.out.is_quiet());
    let mut done = 0;
    let mut items = items.into_iter();
    loop {
        let mut lot: Vec<ImportedItem> = items.by_ref().take(BATCH).collect();
        if lot.is_empty() {
            return Ok(done);
        }
        let plain: Vec<Item> = lot.iter_mut().map(|item| std::mem::take(&mut item.item)).collect();
        let stored: Stored = context.ask(Ask::Import { vault: vault.map(str::to_owned), items: plain })?;
        for (id, item) in stored.ids.iter().zip(&lot) {
            for file in &item.files {
                let ask = Ask::Attach { item: ItemName { name: id.to_string(), vault: None }, name: file.name.clone(), sync: false };
                let answer = context
                    .door()?
                    .ask(ask, &mut Streams { input: &mut file.bytes.as_slice(), output: &mut io::sink(), progress: &unheard })?;
                read_answer::<serde_json::Value>(&answer)?;
            }
        }
        done += lot.len();
        bar.at(done as u64, total);
    }
}
