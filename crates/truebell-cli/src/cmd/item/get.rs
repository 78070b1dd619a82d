//! `truebell item get`: an item, or one field of it.

use super::super::context::Context;
use super::Which;
use crate::agent::{Ask, FieldView, ItemView};
use crate::exit::Answered;
use crate::output::{Page, Paint, Show, category_word, clean, size_text, time_text};
use clap::Args;
use serde::Deserialize;
use std::io;
use truebell_core::item::State;
use truebell_core::secret::Secret;

/// Show an item, or one field of it
///
/// Concealed fields and the note stay hidden unless you say --reveal; --field prints one value and nothing else, also a concealed one.
#[derive(Debug, Args)]
pub struct Get {
    #[command(flatten)]
    which: Which,
    /// Only this field's value (id, label, or section/field; also title, note, url, totp-code)
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Show concealed fields and the note
    #[arg(long, conflicts_with_all = ["field", "copy"])]
    reveal: bool,
    /// To the clipboard instead of the terminal (the password unless --field says otherwise); it clears itself
    #[arg(long)]
    copy: bool,
    /// An older version (see `item history`)
    #[arg(long, value_name = "N", conflicts_with_all = ["field", "copy"])]
    version: Option<u64>,
}

#[derive(Deserialize)]
struct Value {
    value: Secret,
}

impl Get {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let item = self.which.name();
        if let Some(field) = self.field.or_else(|| self.copy.then(|| "password".to_owned())) {
            let Value { value } = context.ask(Ask::Field { item, field: field.clone() })?;
            if self.copy {
                return crate::clipboard::copy(context, &value, &format!("The field “{field}”"));
            }
            if context.out.is_json() {
                return context.out.json_bytes(serde_json::json!({ "value": value }).to_string().as_bytes());
            }
            return context.out.raw(zeroize::Zeroizing::new(format!("{}\n", value.expose())).as_bytes());
        }
        let view: ItemView = context.ask(Ask::Item { item, reveal: self.reveal, version: self.version })?;
        context.out.answer(&view)
    }
}

const HIDDEN: &str = "••••••••";

impl Show for ItemView {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint = page.paint;
        let row = &self.row;
        page.line(paint.bold(&clean(&row.title)))?;
        line(page, paint, "id", &row.id.to_string())?;
        line(page, paint, "category", category_word(row.category))?;
        line(page, paint, "vault", &row.vault_name)?;
        match row.state {
            State::Active => {}
            State::Archived => line(page, paint, "state", "archived")?,
            State::Trashed { since } => line(page, paint, "state", &format!("in the trash since {}", time_text(since.0)))?,
        }
        row.urls.iter().try_for_each(|url| line(page, paint, "url", url))?;
        if !row.tags.is_empty() {
            line(page, paint, "tags", &row.tags.join(", "))?;
        }
        for section in &self.sections {
            if !section.title.is_empty() {
                page.line(paint.bold(&clean(&section.title)))?;
            }
            section.fields.iter().try_for_each(|field| show_field(page, paint, field))?;
        }
        match &self.note {
            None => line(page, paint, "note", HIDDEN)?,
            Some(note) if note.is_empty() => {}
            Some(note) => page.line(format_args!("{}\n{}", paint.dim("note"), lines(note)))?,
        }
        for card in &self.attachments {
            line(page, paint, "attachment", &format!("{} ({})", card.name, size_text(card.size_bytes)))?;
        }
        line(page, paint, "edited", &time_text(row.edited.0))
    }
}

fn show_field(page: &mut Page<'_>, paint: Paint, field: &FieldView) -> io::Result<()> {
    let label = if field.label.is_empty() { &field.id } else { &field.label };
    match &field.value {
        None => line(page, paint, label, HIDDEN),
        Some(value) if value.expose().contains('\n') => page.line(format_args!("{}\n{}", paint.dim(&clean(label)), lines(value))),
        Some(value) => line(page, paint, label, value.expose()),
    }
}

fn line(page: &mut Page<'_>, paint: Paint, label: &str, value: &str) -> io::Result<()> {
    page.line(format_args!("{} {}", paint.dim(&format!("{:<20}", clean(label))), clean(value)))
}

/// Several lines, each made harmless.
fn lines(value: &Secret) -> String {
    value.expose().lines().map(|line| format!("  {}", clean(line))).collect::<Vec<_>>().join("\n")
}
