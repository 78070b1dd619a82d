//! `truebell attach`: files of items.

use super::context::{Context, read_answer};
use super::files::Draft;
use super::item::Which;
use crate::agent::{Ask, Card, ItemView, Made, Streams, unheard};
use crate::exit::{Answered, Code, Failure, describe_io};
use crate::output::{Done, Page, Progress, Show, Table, size_text};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Commands about files of items
#[derive(Debug, Subcommand)]
pub enum Attach {
    /// Attach a file, up to 100 MB
    Add(Add),
    /// Write an attachment to a file
    Get(Get),
    /// List an item's attachments
    List(List),
    /// Take an attachment off; older versions of the item keep it
    Rm(Rm),
}

/// Attach a file
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    which: Which,
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its name in the item [default: the file's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Write an attachment to a file
#[derive(Debug, Args)]
pub struct Get {
    #[command(flatten)]
    which: Which,
    /// The attachment's name or id
    #[arg(value_name = "ATTACHMENT")]
    attachment: String,
    /// Into this file, for its owner only, or - for standard output [default: its name, here]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over the file if it exists
    #[arg(long)]
    force: bool,
}

/// List an item's attachments
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    which: Which,
}

/// Take an attachment off
#[derive(Debug, Args)]
pub struct Rm {
    #[command(flatten)]
    which: Which,
    /// The attachment's name or id
    #[arg(value_name = "ATTACHMENT")]
    attachment: String,
}

#[derive(Serialize)]
struct Cards {
    attachments: Vec<Card>,
}

impl Show for Cards {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["id", "name", "size"]);
        for card in &self.attachments {
            table.row([&card.id.to_string(), &card.name, &size_text(card.size_bytes)]);
        }
        if self.attachments.is_empty() { Ok(()) } else { page.table(&table) }
    }
}

/// A reader that shows how far it is.
struct Watched<'a, R> {
    from: R,
    done: u64,
    total: u64,
    bar: &'a Progress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.from.read(buffer)?;
        self.done += len as u64;
        self.bar.at(self.done, self.total.max(self.done));
        Ok(len)
    }
}

impl Attach {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Add(add) => add.run(context),
            Self::Get(get) => get.run(context),
            Self::List(list) => {
                let view: ItemView = context.ask(Ask::Item { item: list.which.name(), reveal: false, version: None })?;
                context.out.answer(&Cards { attachments: view.attachments })
            }
            Self::Rm(rm) => {
                let made: Made = context.ask(Ask::Detach { item: rm.which.name(), attachment: rm.attachment.clone() })?;
                context.out.answer(&Done::with(
                    format!("“{}” is taken off “{}”.", rm.attachment, made.title),
                    serde_json::json!({ "id": made.id }),
                ))?;
                context.remark_sync(&made.sync);
                Ok(())
            }
        }
    }
}

impl Add {
    fn run(self, context: &mut Context) -> Answered {
        let name = self.name.or_else(|| self.file.file_name().map(|name| name.to_string_lossy().into_owned()).filter(|name| name != "-"));
        let name = name.ok_or_else(|| Failure::usage("Give the attachment a name: --name NAME."))?;
        let unreadable =
            |error: &io::Error| Failure::new(Code::BadFile, format!("{} could not be read: {}.", self.file.display(), describe_io(error)));
        let ask = Ask::Attach { item: self.which.name(), name: name.clone(), sync: true };
        let (from, total): (Box<dyn Read>, u64) = if self.file == Path::new("-") {
            (Box::new(io::stdin().lock()), 0)
        } else {
            let file = File::open(&self.file).map_err(|error| unreadable(&error))?;
            let data = file.metadata().map_err(|error| unreadable(&error))?;
            if data.is_dir() {
                return Err(unreadable(&io::ErrorKind::IsADirectory.into()));
            }
            let total = data.len();
            (Box::new(file), total)
        };
        let bar = Progress::new("Attaching", total, !context.out.is_quiet());
        let mut from = Watched { from, done: 0, total, bar: &bar };
        let answer = context.door()?.ask(ask, &mut Streams { input: &mut from, output: &mut io::sink(), progress: &unheard })?;
        drop(bar);
        let made: Made = read_answer(&answer)?;
        context.out.answer(&Done::with(
            format!("“{name}” is attached to “{}”.", made.title),
            serde_json::json!({ "id": made.id, "name": name }),
        ))?;
        context.remark_sync(&made.sync);
        Ok(())
    }
}

impl Get {
    fn run(self, context: &mut Context) -> Answered {
        let ask = Ask::Attachment { item: self.which.name(), attachment: self.attachment.clone() };
        let out = self.out.unwrap_or_else(|| PathBuf::from(Path::new(&self.attachment).file_name().unwrap_or_default()));
        if out == Path::new("-") {
            // Held back until it is whole and proven: half a file must not flow into a pipe as if it were one.
            let mut bytes = zeroize::Zeroizing::new(Vec::new());
            context.door()?.ask(ask, &mut Streams { input: &mut io::empty(), output: &mut *bytes, progress: &unheard })?;
            return context.out.raw(&bytes);
        }
        let mut draft = Draft::reserve(&out, self.force)?;
        let mut buffered = io::BufWriter::with_capacity(1 << 20, &mut draft);
        let answer = context.door()?.ask(ask, &mut Streams { input: &mut io::empty(), output: &mut buffered, progress: &unheard })?;
        buffered.flush().map_err(|error| Failure::io(format!("{} could not be written", out.display()), &error))?;
        drop(buffered);
        draft.keep_written()?;
        let card: Card = read_answer(&answer)?;
        let sentence = format!("“{}” is in {} ({}).", card.name, out.display(), size_text(card.size_bytes));
        context.out.answer(&Done::with(
            sentence,
            serde_json::json!({ "file": out, "name": card.name, "size_bytes": card.size_bytes, "sha256": card.sha256 }),
        ))
    }
}
